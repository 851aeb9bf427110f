"""Who a GitHub request is from, and which event it reports."""

import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from pydantic import ValidationError

from making import payload_files
from posthouse import BadPayload, Event, Inbound, NotGenuine, Site
from posthouse.webhooks.github.handler import PIECE, GitHubWebhookHandler, GitHubWebhookSettings

#: The vector of GitHub's page on validating deliveries.
SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def handler(**settings: Any) -> GitHubWebhookHandler:
    return GitHubWebhookHandler(GitHubWebhookSettings(webhook_id="demo", type="GITHUB", **settings), Site())


def verify(body: bytes = BODY, **headers: str) -> str:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return handler(secret=SECRET).verify(Inbound(sent, {}, body))


def parse(body: bytes, **headers: str) -> Event:
    return handler().parse(Inbound({name.replace("_", "-"): value for name, value in headers.items()}, {}, body))


def test_the_signature_of_githubs_own_example_is_right() -> None:
    assert verify(x_hub_signature_256=SIGNATURE) == "the signature is right"


def test_a_signature_of_another_body_is_wrong() -> None:
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature-256 is wrong"):
        verify(BODY + b" ", x_hub_signature_256=SIGNATURE)


def test_the_old_signature_is_never_accepted() -> None:
    old = hmac.digest(SECRET.encode(), BODY, "sha1").hex()
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature-256 is missing"):
        verify(x_hub_signature=f"sha1={old}")
    with pytest.raises(NotGenuine, match="does not begin with sha256="):
        verify(x_hub_signature=f"sha1={old}", x_hub_signature_256=f"sha1={old}")


def test_the_old_signature_beside_the_right_one_does_no_harm() -> None:
    assert verify(x_hub_signature="sha1=0", x_hub_signature_256=SIGNATURE)


def test_a_form_is_signed_as_it_was_sent() -> None:
    body = urlencode({"payload": '{"zen": "a b"}'}).encode()
    assert verify(body, x_hub_signature_256=f"sha256={hmac.digest(SECRET.encode(), body, 'sha256').hex()}")


def test_a_secret_beyond_ascii_is_taken_as_utf_8() -> None:
    signature = hmac.digest("芝麻开门".encode(), BODY, "sha256").hex()
    inbound = Inbound({"x-hub-signature-256": f"sha256={signature}"}, {}, BODY)
    assert handler(secret="芝麻开门").verify(inbound)


def test_an_empty_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError):
        handler(secret="")


def test_without_a_secret_the_answer_says_that_nothing_was_checked() -> None:
    assert handler().verify(Inbound({}, {}, BODY)).startswith("not checked")


def test_the_header_names_the_event() -> None:
    assert parse(b'{"action": "opened"}', x_github_event="sponsorship").name == "sponsorship"


def test_the_delivery_is_the_key() -> None:
    assert parse(b"{}", x_github_delivery=DELIVERY).key == DELIVERY
    assert parse(b"{}").key is None


@pytest.mark.parametrize("path", payload_files("github"), ids=lambda path: path.stem)
def test_without_the_header_the_payload_names_the_event_that_it_is(path: Path) -> None:
    named = path.stem.partition("__")[0]
    assert parse(path.read_bytes()).name == ("unknown" if named == "watch" else named)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("pull_request_review_thread", {"action": "resolved", "thread": {}, "pull_request": {}}),
        ("discussion_comment", {"action": "created", "comment": {}, "discussion": {}}),
        ("deployment", {"action": "created", "deployment": {}, "workflow": None, "workflow_run": None}),
        ("deployment_review", {"action": "approved", "workflow_run": {}, "since": "2026-11-24T03:59:30Z"}),
        ("unknown", {"action": "created", "ref": "main", "inputs": {}, "workflow": "ci.yml"}),
        ("unknown", {}),
    ],
)
def test_what_only_looks_alike_gets_another_name(name: str, payload: dict[str, Any]) -> None:
    assert parse(json.dumps(payload).encode()).name == name


def test_a_form_holds_the_same_json() -> None:
    payload = {"zen": "a + b & c = 100 %", "hook": {"id": 1}, "名": "“引号”\n"}
    event = parse(urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode())
    assert (event.name, event.payload) == ("ping", payload)


def test_other_fields_of_a_form_do_not_count() -> None:
    assert parse(b"payload=%7B%22zen%22%3A1%7D&payload=%7B%7D").payload == {"zen": 1}


@pytest.mark.parametrize("shift", range(3))
def test_an_escape_across_two_pieces_of_a_form_is_whole(shift: int) -> None:
    payload = {"x": "y" * shift + "结" * PIECE}
    body = b"payload=" + quote_plus(json.dumps(payload, ensure_ascii=False)).encode()
    assert len(body) > 5 * PIECE
    assert parse(body).payload == payload


@pytest.mark.parametrize(
    "body", [b"payload=", b"payload=%", b"payload=%zz", b"payload=[]", b"payload=%5B%5D", b"x=%7B%7D"]
)
def test_a_form_without_an_object_is_a_bad_payload(body: bytes) -> None:
    with pytest.raises(BadPayload):
        parse(body)


def test_nothing_secret_is_kept() -> None:
    assert not {"x-hub-signature", "x-hub-signature-256", "authorization"} & GitHubWebhookHandler.kept_headers
    assert not GitHubWebhookHandler.kept_query
