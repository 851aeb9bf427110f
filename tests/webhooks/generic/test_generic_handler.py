"""Who a request of an unknown sender is from, and what its configuration may say."""

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from posthouse import Inbound, NotGenuine, Site
from posthouse.config import load
from posthouse.core.errors import ConfigError
from posthouse.webhooks.generic.handler import GenericWebhookHandler, GenericWebhookSettings

SECRET, BODY = "opensesame", '{"标题": "Hello"}'.encode()
DIGEST = hmac.digest(SECRET.encode(), BODY, "sha256")
SIGNATURES = {
    "sha256=hex": f"sha256={DIGEST.hex()}",
    "hex": DIGEST.hex(),
    "base64": base64.b64encode(DIGEST).decode(),
}


def handler(**settings: Any) -> GenericWebhookHandler:
    values = {"webhook_id": "demo", "type": "GENERIC", "title": "{{ title }}"} | settings
    return GenericWebhookHandler(GenericWebhookSettings.model_validate(values), Site())


def verified(headers: dict[str, str], query: dict[str, str] | None = None, **settings: Any) -> str:
    return handler(**settings).verify(Inbound(headers, query or {}, BODY))


# Signatures


@pytest.mark.parametrize("form", SIGNATURES)
def test_a_signature_is_read_in_its_format(form: str) -> None:
    sent = {"x-signature": SIGNATURES[form]}
    assert verified(sent, secret=SECRET, signature_header="X-Signature", signature_format=form)


@pytest.mark.parametrize("form", SIGNATURES)
def test_a_signature_in_another_format_or_of_another_body_is_wrong(form: str) -> None:
    other = {name: signature for name, signature in SIGNATURES.items() if name != form}
    settings = {"secret": SECRET, "signature_format": form}
    for wrong in (*other.values(), "", "\ud83d", SIGNATURES[form][:-1]):
        with pytest.raises(NotGenuine):
            verified({"x-hub-signature-256": wrong}, **settings)
    with pytest.raises(NotGenuine):
        handler(**settings).verify(Inbound({"x-hub-signature-256": SIGNATURES[form]}, {}, BODY + b" "))


def test_hexadecimal_digits_may_be_large_and_base64_may_not() -> None:
    assert verified({"x-hub-signature-256": DIGEST.hex().upper()}, secret=SECRET, signature_format="hex")
    sent = {"x-hub-signature-256": SIGNATURES["base64"].swapcase()}
    with pytest.raises(NotGenuine):
        verified(sent, secret=SECRET, signature_format="base64")


# Tokens


def test_a_token_may_stand_in_the_address_or_be_a_bearers() -> None:
    assert verified({}, {"token": SECRET}, token=SECRET) == "the token is right"
    assert verified({"authorization": f"Bearer {SECRET}"}, token=SECRET) == "the token is right"


def test_a_header_of_its_own_is_the_only_place_for_the_token() -> None:
    settings = {"token": SECRET, "token_header": "X-Token"}
    assert verified({"x-token": SECRET}, **settings) == "the token is right"
    for headers, query in (({"authorization": f"Bearer {SECRET}"}, {}), ({}, {"token": SECRET})):
        with pytest.raises(NotGenuine, match="the header X-Token is missing"):
            verified(headers, query, **settings)


def test_the_header_of_the_token_may_be_authorization_itself() -> None:
    assert verified({"authorization": SECRET}, token=SECRET, token_header="Authorization")


def test_where_both_are_configured_both_are_needed() -> None:
    settings = {"secret": SECRET, "token": "another"}
    signed = {"x-hub-signature-256": SIGNATURES["sha256=hex"]}
    assert verified(signed, {"token": "another"}, **settings) == "the signature is right, the token is right"
    with pytest.raises(NotGenuine, match="the token in the address is missing"):
        verified(signed, **settings)
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature-256 is missing"):
        verified({}, {"token": "another"}, **settings)


# Keys


def test_the_key_tells_repeats_from_news() -> None:
    found = handler(key="{{ name }}:{{ build.number }}")

    def key(payload: dict[str, Any]) -> str | None:
        return found.parse(Inbound({}, {}, json.dumps(payload).encode())).key

    assert key({"name": "ledger", "build": {"number": 18}}) == "ledger:18"
    assert key({"name": "ledger", "build": {"number": 19}}) == "ledger:19"
    long, longer = key({"name": "x" * 300}), key({"name": "x" * 301})
    assert long
    assert longer
    assert len(long) == 64
    assert long != longer


@pytest.mark.parametrize("template", [None, "", "  ", "{{ missing }}", "{{ number ** 2 }}"])
def test_without_a_key_nothing_is_a_repeat(template: str | None) -> None:
    assert handler(key=template).parse(Inbound({}, {}, b'{"number": 2}')).key is None


# Mistakes in the configuration


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("title: '{{ name'", "title: is no template: unexpected end of template"),
        ("title: '{{ name | shout }}'", "title: is no template: No filter named 'shout'"),
        ("text: '{% for job in jobs %}'", "text: is no template: Unexpected end of template"),
        ("fields: {Host: '{{ }}'}", "fields.Host: is no template: Expected an expression"),
        ("facts: {host: '{% if %}'}", "facts.host: is no template: Expected an expression"),
        ('when: "status == \'ok"', "when: is no expression: "),
        ("when: \"{{ status == 'ok' }}\"", "it stands without {{ }}"),
        ("level: loud", "level: must be info, success, warning or failure"),
        ("key: '{{ id', token: x", "key: is no template: "),
        ("signature_format: sha1", "signature_format: "),
        ("token_header: 'X Token'", "token_header: "),
    ],
)
def test_a_mistake_names_its_key(tmp_path: Path, line: str, mistake: str) -> None:
    title = "" if line.startswith("title") else "title: '{{ title }}', "
    file = tmp_path / "posthouse.yml"
    file.write_text(f"config:\n  webhooks:\n    - {{webhook_id: scripts, type: GENERIC, {title}{line}}}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert mistake in str(caught.value)
    assert str(caught.value).startswith(f"{file}:3: config.webhooks")


def test_a_mistake_in_many_lines_names_the_line() -> None:
    with pytest.raises(ValueError, match="in line 3"):
        handler(text="one\ntwo\n{{ three\n")
