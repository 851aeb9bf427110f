"""What every webhook type must stand, found by discovery: requests that are forged, broken or sent twice.

A new type adds one line to `SAMPLES`, and is then tested here like the others.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from making import webhook_settings
from posthouse import BadPayload, Event, Inbound, NotGenuine, Site, WebhookHandler
from posthouse.discovery import discover

TYPES = discover().webhooks


@dataclass(frozen=True)
class Sample:
    """Settings that ask for a proof, and the headers of a genuine request with the body ``{}`` and of forged ones.

    ``keyed`` are the headers that name one event; none for a sender that names none. ``tokens`` are values of the
    query's ``token``: the right one first, then wrong ones; none for a type that takes no token there.
    """

    settings: Mapping[str, Any]
    genuine: Mapping[str, str]
    forged: tuple[Mapping[str, str], ...]
    keyed: Mapping[str, str] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
    token_settings: Mapping[str, Any] = field(default_factory=dict)
    #: The bodies of `BROKEN` that this sender sends on purpose.
    sound: frozenset[str] = frozenset()


SAMPLES = {
    "ALERTMANAGER": Sample(
        settings={"token": "opensesame"},
        genuine={"authorization": "Bearer opensesame"},
        forged=(
            {"authorization": ""},
            {"authorization": "Bearer"},
            {"authorization": "Bearer opensesam"},
            {"authorization": "Bearer opensesame "},
            {"authorization": "Bearer OPENSESAME"},
            {"authorization": "Bearer 芝麻开门"},
            {"authorization": "Bearer \ud83d"},
            {"authorization": "Basic b3BlbnNlc2FtZTo="},
            {"authorization": "opensesame"},
            {"authorization": "Bearer " + "x" * 100_000},
        ),
        tokens=("opensesame", "opensesam", "opensesame ", "OPENSESAME", "芝麻开门"),
        token_settings={"token": "opensesame"},
    ),
    "CONFLUENCE": Sample(
        settings={"secret": "opensesame"},
        genuine={"x-hub-signature": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}"},
        forged=(
            {"x-hub-signature": ""},
            {"x-hub-signature": f"sha256={hmac.digest(b'opensesam', b'{}', 'sha256').hex()}"},
            {"x-hub-signature": f"sha256={hmac.digest(b'opensesame', b'{ }', 'sha256').hex()}"},
            {"x-hub-signature": hmac.digest(b"opensesame", b"{}", "sha256").hex()},
            {"x-hub-signature": f"sha1={hmac.digest(b'opensesame', b'{}', 'sha1').hex()}"},
            {"x-hub-signature": "sha256=芝麻开门"},
            {"x-hub-signature": "sha256=\ud83d"},
            {"x-hub-signature": "sha256=" + "0" * 100_000},
        ),
        tokens=("opensesame", "opensesam", "opensesame ", "OPENSESAME", "芝麻开门"),
        token_settings={"token": "opensesame"},
    ),
    "GITHUB": Sample(
        settings={"secret": "opensesame"},
        genuine={
            "x-hub-signature-256": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}",
            "x-github-event": "push",
        },
        forged=(
            {"x-hub-signature-256": ""},
            {"x-hub-signature-256": "sha256="},
            {"x-hub-signature-256": f"sha256={hmac.digest(b'opensesam', b'{}', 'sha256').hex()}"},
            {"x-hub-signature-256": hmac.digest(b"opensesame", b"{}", "sha256").hex()},
            {"x-hub-signature-256": f"sha1={hmac.digest(b'opensesame', b'{}', 'sha1').hex()}"},
            {"x-hub-signature": f"sha1={hmac.digest(b'opensesame', b'{}', 'sha1').hex()}"},
            {"x-hub-signature": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}"},
            {"x-hub-signature-256": "sha256=芝麻开门"},
            {"x-hub-signature-256": "sha256=\ud83d"},
            {"x-hub-signature-256": "sha256=" + "0" * 100_000},
        ),
        keyed={"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"},
        sound=frozenset({"form"}),
    ),
    "GENERIC": Sample(
        settings={"secret": "opensesame", "token": "opensesame too"},
        genuine={
            "x-hub-signature-256": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}",
            "authorization": "Bearer opensesame too",
        },
        forged=(
            {"authorization": "Bearer opensesame too"},
            {"x-hub-signature-256": "", "authorization": "Bearer opensesame too"},
            {"x-hub-signature-256": "sha256=\ud83d", "authorization": "Bearer opensesame too"},
            {"x-hub-signature-256": "sha256=" + "0" * 100_000, "authorization": "Bearer opensesame too"},
            {"x-hub-signature-256": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}"},
            {
                "x-hub-signature-256": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}",
                "authorization": "Bearer opensesame",
            },
            {
                "x-hub-signature-256": f"sha256={hmac.digest(b'opensesame', b'{ }', 'sha256').hex()}",
                "authorization": "Bearer opensesame too",
            },
        ),
        tokens=("opensesame", "opensesam", "opensesame ", "OPENSESAME", "芝麻开门"),
        token_settings={"token": "opensesame"},
    ),
    "GITLAB": Sample(
        settings={"secret_token": "opensesame"},
        genuine={"x-gitlab-token": "opensesame", "x-gitlab-event": "Push Hook"},
        forged=(
            {"x-gitlab-token": ""},
            {"x-gitlab-token": "opensesam"},
            {"x-gitlab-token": "opensesame "},
            {"x-gitlab-token": "OPENSESAME"},
            {"x-gitlab-token": "芝麻开门"},
            {"x-gitlab-token": "\ud83d"},
            {"x-gitlab-token": "x" * 100_000},
            {"webhook-signature": "v1,AAAA", "webhook-timestamp": "1", "webhook-id": "1"},
        ),
        keyed={"webhook-id": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"},
    ),
    "JIRA": Sample(
        settings={"secret": "opensesame"},
        genuine={"x-hub-signature": f"sha256={hmac.digest(b'opensesame', b'{}', 'sha256').hex()}"},
        forged=(
            {"x-hub-signature": ""},
            {"x-hub-signature": f"sha256={hmac.digest(b'opensesam', b'{}', 'sha256').hex()}"},
            {"x-hub-signature": f"sha256={hmac.digest(b'opensesame', b'{ }', 'sha256').hex()}"},
            {"x-hub-signature": hmac.digest(b"opensesame", b"{}", "sha256").hex()},
            {"x-hub-signature": f"sha1={hmac.digest(b'opensesame', b'{}', 'sha1').hex()}"},
            {"x-hub-signature": "sha256=芝麻开门"},
            {"x-hub-signature": "sha256=\ud83d"},
            {"x-hub-signature": "sha256=" + "0" * 100_000},
        ),
        keyed={"x-atlassian-webhook-identifier": "1f0b8a52-6f0f-4c7b-9d53-6a3e0c6a9c11"},
        tokens=("opensesame", "opensesam", "opensesame ", "OPENSESAME", "芝麻开门"),
        token_settings={"token": "opensesame"},
        # "Exclude body" in Jira.
        sound=frozenset({"empty", "blank"}),
    ),
}
BROKEN = {
    "empty": b"",
    "blank": b" \n",
    "garbage": b"\x00\xff\xfe",
    "half": b'{"object_kind": "push"',
    "array": b"[]",
    "string": b'"push"',
    "null": b"null",
    "number": b"1",
    "not a number": b'{"x": NaN}',
    "form": b"payload=%7B%7D",
    "half a character": b'{"object_kind": "\\ud83d"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"x":' * 100_000,
    "closed deep objects": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "huge and cut off": b'{"x": "' + b"x" * 5_000_000,
}
ODD = {
    "nothing": {},
    "null kind": {"object_kind": None},
    "long kind": {"object_kind": "x_" * 100_000},
    "kind of another type": {"object_kind": ["push"], "event_name": {"a": 1}, "event_type": 5},
    "lists for objects": {"object_attributes": [], "issue": "x", "user": 0},
    "huge": {"object_kind": "push", "commits": [{"id": "x" * 1000}] * 5000},
    "many keys": {f"key {number}": number for number in range(50_000)},
    "large number": {"object_kind": "push", "project_id": 10**300},
}


@pytest.fixture(params=sorted(TYPES))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def handler(name: str, **settings: Any) -> WebhookHandler:
    found = TYPES[name]
    return found(webhook_settings(found, **settings), Site())


def secured(name: str) -> WebhookHandler:
    return handler(name, **SAMPLES[name].settings)


def test_a_type_has_a_sample(name: str) -> None:
    assert name in SAMPLES, f"tests/test_every_webhook.py has no sample for {name}"


def test_a_genuine_request_says_how_it_proved_itself(name: str) -> None:
    assert secured(name).verify(Inbound(SAMPLES[name].genuine, {}, b"{}")).strip()


def test_an_unsigned_request_is_not_genuine(name: str) -> None:
    with pytest.raises(NotGenuine):
        secured(name).verify(Inbound({}, {}, b"{}"))


def test_a_forged_request_is_not_genuine(name: str) -> None:
    for headers in SAMPLES[name].forged:
        with pytest.raises(NotGenuine):
            secured(name).verify(Inbound(headers, {}, b"{}"))


def test_a_token_in_the_address_proves_as_much(name: str) -> None:
    sample = SAMPLES[name]
    if not sample.tokens:
        pytest.skip(f"{name} takes no token in the address")
    right, *wrong = sample.tokens
    found = handler(name, **sample.token_settings)
    assert found.verify(Inbound({}, {"token": right}, b"{}")).strip()
    assert "token" not in found.kept_query
    for query in ({}, {"token": ""}, {"token": "\ud83d"}, *({"token": token} for token in wrong)):
        with pytest.raises(NotGenuine) as caught:
            found.verify(Inbound({}, query, b"{}"))
        assert right not in str(caught.value)


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_body_is_a_bad_payload(name: str, body: bytes) -> None:
    case = next(key for key, value in BROKEN.items() if value is body)
    if case in SAMPLES[name].sound:
        assert secured(name).parse(Inbound(SAMPLES[name].genuine, {}, body)).name
        return
    with pytest.raises(BadPayload) as caught:
        secured(name).parse(Inbound(SAMPLES[name].genuine, {}, body))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("payload", ODD.values(), ids=ODD)
def test_an_odd_payload_is_an_event_with_a_name(name: str, payload: dict[str, Any]) -> None:
    for headers in ({}, SAMPLES[name].genuine):
        event = secured(name).parse(Inbound(headers, {}, json.dumps(payload).encode()))
        assert 0 < len(event.name) < 200
        assert event.payload == payload


def test_a_repeat_has_the_same_key(name: str) -> None:
    sample = SAMPLES[name]
    if not sample.keyed:
        pytest.skip(f"{name} names no event")
    events = [secured(name).parse(Inbound({**sample.genuine, **sample.keyed}, {}, b"{}")) for _ in range(2)]
    assert events[0].key
    assert events[0].key == events[1].key


def test_an_event_is_parsed_alike_from_what_is_kept_of_its_request(name: str) -> None:
    found, sample = secured(name), SAMPLES[name]
    headers = {**sample.genuine, **sample.keyed}
    kept = {key: value for key, value in headers.items() if key in found.kept_headers}
    assert parsed(found, kept) == parsed(found, headers)


def test_no_secret_is_kept_shown_or_told(name: str) -> None:
    found, sample = secured(name), SAMPLES[name]
    inbound = Inbound(sample.genuine, {}, b'{"password": "opensesame"}')
    secrets = set(sample.settings.values())
    assert not secrets & {value for key, value in sample.genuine.items() if key in found.kept_headers}
    for text in (repr(inbound), repr(found.parse(inbound)), repr(found.settings), str(found.settings)):
        assert not any(secret in text for secret in secrets)
    with pytest.raises(NotGenuine) as caught:
        found.verify(Inbound(sample.forged[1], {}, b"{}"))
    assert not any(secret in str(caught.value) for secret in secrets)


def test_a_webhook_without_a_secret_warns_of_it(name: str) -> None:
    assert handler(name).warnings()
    assert not secured(name).warnings()


def parsed(found: WebhookHandler, headers: Mapping[str, str]) -> Event:
    return found.parse(Inbound(headers, {}, b'{"object_kind": "push"}'))
