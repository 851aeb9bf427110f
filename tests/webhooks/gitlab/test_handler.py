"""Who a GitLab request is from, and which event it reports."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import ValidationError

from posthouse import BadPayload, Event, Inbound, NotGenuine, Site
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler, GitlabWebhookSettings

TOKEN = "opensesame"
#: A vector of its own: the key is the bytes 0 to 31.
SIGNING_TOKEN = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
ID = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"
TIME = 1744578123
BODY = b'{"object_kind":"push"}'
SIGNATURE = "v1,qO0mK/QkPuCSH4sV+46Sbe0IHEagbnzF57rrlq+/SX8="
#: Made with the signing token's text as the key, a mistake that is easily made.
UNDECODED = "v1,fMmTx5fCrxNlhdH/UFfTYvUimnmN4rFJOND2hr6Ri/Y="


def handler(**settings: Any) -> GitlabWebhookHandler:
    return GitlabWebhookHandler(GitlabWebhookSettings(webhook_id="demo", type="GITLAB", **settings), Site())


def signed(signature: str = SIGNATURE, *, body: bytes = BODY, at: float = TIME, **headers: str) -> Inbound:
    sent = {"webhook-id": ID, "webhook-timestamp": str(TIME), "webhook-signature": signature}
    return Inbound(sent | {name.replace("_", "-"): value for name, value in headers.items()}, {}, body, at)


def parse(payload: Any, header: str | None = None, **headers: str) -> Event:
    named = {} if header is None else {"x-gitlab-event": header}
    sent = named | {name.replace("_", "-"): value for name, value in headers.items()}
    return handler().parse(Inbound(sent, {}, json.dumps(payload).encode()))


def test_the_right_token_is_genuine() -> None:
    assert (
        handler(secret_token=TOKEN).verify(Inbound({"x-gitlab-token": TOKEN}, {}, BODY)) == "the secret token is right"
    )


def test_a_token_beyond_ascii_is_compared_too() -> None:
    assert handler(secret_token="芝麻开门").verify(Inbound({"x-gitlab-token": "芝麻开门"}, {}, BODY))


def test_a_wrong_token_is_not_genuine() -> None:
    with pytest.raises(NotGenuine, match="the header X-Gitlab-Token is wrong"):
        handler(secret_token=TOKEN).verify(Inbound({"x-gitlab-token": TOKEN + "!"}, {}, BODY))


def test_a_missing_token_is_not_genuine() -> None:
    with pytest.raises(NotGenuine, match="the header X-Gitlab-Token is missing"):
        handler(secret_token=TOKEN).verify(Inbound({}, {}, BODY))


def test_an_empty_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError):
        handler(secret_token="")


def test_without_any_secret_the_answer_says_that_nothing_was_checked() -> None:
    assert handler().verify(Inbound({}, {}, BODY)).startswith("not checked")


def test_the_right_signature_is_genuine() -> None:
    assert handler(signing_token=SIGNING_TOKEN).verify(signed()) == "the signature is right"


def test_a_signature_made_with_the_undecoded_token_is_wrong() -> None:
    key = SIGNING_TOKEN.encode()
    made = hmac.digest(key, f"{ID}.{TIME}.".encode() + BODY, hashlib.sha256)
    assert base64.b64encode(made).decode() == UNDECODED.removeprefix("v1,")
    with pytest.raises(NotGenuine, match="the header webhook-signature is wrong"):
        handler(signing_token=SIGNING_TOKEN).verify(signed(UNDECODED))


@pytest.mark.parametrize(
    "signatures",
    [f"{UNDECODED} {SIGNATURE}", f"{SIGNATURE} {UNDECODED}", f"v2,xyz v1a,abc {SIGNATURE}", f"  {SIGNATURE}  "],
)
def test_one_right_signature_among_several_is_enough(signatures: str) -> None:
    assert handler(signing_token=SIGNING_TOKEN).verify(signed(signatures))


@pytest.mark.parametrize(
    "signature",
    [
        "",
        " ",
        "v1",
        "v1,",
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.replace("v1", "v2"),
        SIGNATURE[:-1],
        "v1,签名",
        "v1,\ud83d",
    ],
)
def test_a_broken_signature_is_not_genuine(signature: str) -> None:
    with pytest.raises(NotGenuine):
        handler(signing_token=SIGNING_TOKEN).verify(signed(signature))


@pytest.mark.parametrize(
    "inbound",
    [
        signed(body=BODY + b" "),
        signed(webhook_id="another"),
        signed(webhook_timestamp=str(TIME + 1)),
    ],
    ids=["body", "id", "timestamp"],
)
def test_a_signature_covers_body_id_and_timestamp(inbound: Inbound) -> None:
    with pytest.raises(NotGenuine, match="the header webhook-signature is wrong"):
        handler(signing_token=SIGNING_TOKEN).verify(inbound)


@pytest.mark.parametrize("drift", [-301, 301, 86400])
def test_a_stale_timestamp_is_not_genuine(drift: int) -> None:
    with pytest.raises(NotGenuine, match=f"differs from the clock here by {abs(drift)} seconds"):
        handler(signing_token=SIGNING_TOKEN).verify(signed(at=TIME + drift))


@pytest.mark.parametrize("drift", [-300, 0, 300])
def test_a_timestamp_within_the_tolerance_is_genuine(drift: int) -> None:
    assert handler(signing_token=SIGNING_TOKEN).verify(signed(at=TIME + drift))


def test_the_tolerance_can_be_set() -> None:
    found = handler(signing_token=SIGNING_TOKEN, signature_tolerance=10)
    with pytest.raises(NotGenuine):
        found.verify(signed(at=TIME + 11))


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1.5", "１２", "9" * 5000])
def test_a_broken_timestamp_is_not_genuine(stamp: str) -> None:
    with pytest.raises(NotGenuine, match="missing or no number"):
        handler(signing_token=SIGNING_TOKEN).verify(signed(webhook_timestamp=stamp))


def test_a_wrong_signature_never_falls_back_to_the_token() -> None:
    both = handler(signing_token=SIGNING_TOKEN, secret_token=TOKEN)
    with pytest.raises(NotGenuine, match="the header webhook-signature is wrong"):
        both.verify(signed(UNDECODED, x_gitlab_token=TOKEN))


def test_the_token_counts_where_there_is_no_signature() -> None:
    both = handler(signing_token=SIGNING_TOKEN, secret_token=TOKEN)
    assert both.verify(Inbound({"x-gitlab-token": TOKEN}, {}, BODY)) == "the secret token is right"


def test_a_missing_signature_is_not_genuine_where_there_is_no_token() -> None:
    with pytest.raises(NotGenuine, match="the header webhook-signature is missing"):
        handler(signing_token=SIGNING_TOKEN).verify(Inbound({"x-gitlab-token": TOKEN}, {}, BODY))


@pytest.mark.parametrize("token", ["AAECAw==", "whsec_", "whsec_!!!", "whsec_AAE"])
def test_a_signing_token_that_is_none_is_refused_at_the_start(token: str) -> None:
    with pytest.raises(ValidationError, match="must"):
        handler(signing_token=token)


KINDS = {
    "push": "Push Hook",
    "tag_push": "Tag Push Hook",
    "issue": "Issue Hook",
    "work_item": "Issue Hook",
    "note": "Note Hook",
    "merge_request": "Merge Request Hook",
    "wiki_page": "Wiki Page Hook",
    "pipeline": "Pipeline Hook",
    "build": "Job Hook",
    "deployment": "Deployment Hook",
    "feature_flag": "Feature Flag Hook",
    "release": "Release Hook",
    "milestone": "Milestone Hook",
    "emoji": "Emoji Hook",
    "access_token": "Resource Access Token Hook",
    "deploy_token": "Resource Deploy Token Hook",
    "vulnerability": "Vulnerability Hook",
}


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
@pytest.mark.parametrize("header", ["its own", "System Hook", None])
def test_a_kind_has_the_name_that_gitlab_gives_it(kind: str, name: str, header: str | None) -> None:
    assert parse({"object_kind": kind}, name if header == "its own" else header).name == name


@pytest.mark.parametrize(
    ("event_name", "header"),
    [("user_add_to_group", "Member Hook"), ("project_create", "Project Hook"), ("subgroup_create", "Subgroup Hook")],
)
def test_a_body_without_kind_is_named_after_the_header(event_name: str, header: str) -> None:
    assert parse({"event_name": event_name}, header).name == header


def test_a_system_hook_without_kind_is_named_after_its_event() -> None:
    assert parse({"event_name": "user_failed_login"}, "System Hook").name == "User Failed Login Hook"


@pytest.mark.parametrize("header", [None, "System Hook", "Push Hook", "Confidential Issue Hook"])
@pytest.mark.parametrize("payload", [{}, {"text": "Li Lei pushed"}, {"object_kind": "", "event_name": None}])
def test_a_body_that_does_not_say_what_it_is_was_made_by_a_custom_template(
    payload: dict[str, Any], header: str | None
) -> None:
    assert parse(payload, header).name == "Custom Template Hook"


def test_what_a_custom_template_makes_of_a_confidential_issue_is_confidential() -> None:
    assert parse({"text": "closed"}, "Confidential Issue Hook").confidential
    assert not parse({"text": "closed"}, "Issue Hook").confidential


def test_the_body_is_trusted_more_than_the_header() -> None:
    # The test button of older GitLabs sends a push as a tag.
    assert parse({"object_kind": "push"}, "Tag Push Hook").name == "Push Hook"


@pytest.mark.parametrize(
    ("payload", "header"),
    [
        ({"object_kind": "issue"}, "Confidential Issue Hook"),
        ({"object_kind": "issue", "event_type": "confidential_issue"}, "Issue Hook"),
        ({"object_kind": "work_item", "event_type": "confidential_work_item"}, "Issue Hook"),
        ({"object_kind": "issue", "object_attributes": {"confidential": True}}, "Issue Hook"),
        ({"object_kind": "issue", "object_attributes": {"confidential": False}}, "Confidential Issue Hook"),
    ],
)
def test_each_sign_makes_an_issue_confidential(payload: dict[str, Any], header: str) -> None:
    event = parse(payload, header)
    assert (event.name, event.confidential) == ("Confidential Issue Hook", True)


@pytest.mark.parametrize(
    ("payload", "header"),
    [
        ({"object_kind": "note"}, "Confidential Note Hook"),
        ({"object_kind": "note", "event_type": "confidential_note"}, "Note Hook"),
        ({"object_kind": "note", "object_attributes": {"internal": True}}, "Note Hook"),
        ({"object_kind": "note", "issue": {"confidential": True}}, "Note Hook"),
    ],
)
def test_each_sign_makes_a_comment_confidential(payload: dict[str, Any], header: str) -> None:
    event = parse(payload, header)
    assert (event.name, event.confidential) == ("Confidential Note Hook", True)


@pytest.mark.parametrize(
    "embedded",
    [
        {"issue": {"confidential": True}},
        {"work_item": {"confidential": True}},
        {"epic": {"confidential": True}},
        {"note": {"internal": True}, "merge_request": {}},
        {"note": {"internal": False}, "issue": {"confidential": True}},
        {"note": {"confidential": True}, "issue": {}},
    ],
)
def test_an_emoji_on_what_is_confidential_is_confidential_under_its_own_name(embedded: dict[str, Any]) -> None:
    event = parse({"object_kind": "emoji", "object_attributes": {"action": "award"}, **embedded}, "Emoji Hook")
    assert (event.name, event.confidential) == ("Emoji Hook", True)


@pytest.mark.parametrize(
    "payload",
    [
        {"object_kind": "emoji", "note": {"internal": False}, "issue": {"confidential": False}},
        {"object_kind": "emoji", "note": {"internal": "true"}, "issue": {"confidential": 1}, "merge_request": True},
        {"object_kind": "issue", "changes": {"confidential": {"previous": True, "current": False}}},
    ],
)
def test_what_is_public_is_not_confidential(payload: dict[str, Any]) -> None:
    assert not parse(payload).confidential


def test_an_ordinary_issue_is_not_confidential() -> None:
    payload = {"object_kind": "issue", "event_type": "issue", "object_attributes": {"confidential": False}}
    assert not parse(payload, "Issue Hook").confidential


def test_the_key_is_the_webhook_id_before_the_idempotency_key() -> None:
    push = {"object_kind": "push"}
    assert parse(push, webhook_id="a", idempotency_key="b").key == "a"
    assert parse(push, webhook_id="", idempotency_key="b").key == "b"
    assert parse(push, idempotency_key="b").key == "b"


def test_ids_that_are_no_keys_are_not_taken_for_one() -> None:
    headers = {"x_gitlab_event_uuid": "a", "x_gitlab_webhook_uuid": "b"}
    assert parse({"object_kind": "push"}, **headers).key is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_a_body_that_is_no_json_object_is_a_bad_payload(body: bytes) -> None:
    with pytest.raises(BadPayload):
        handler().parse(Inbound({"x-gitlab-event": "Push Hook"}, {}, body))


@pytest.mark.parametrize(
    "host", ["gitlab.example.com", "javascript:alert(1)//", "https://gitlab.example.com/ x", "", "https://"]
)
def test_a_host_that_no_link_can_lead_to_is_an_error(host: str) -> None:
    with pytest.raises(ValidationError, match="must be an address that starts with http:// or https://"):
        GitlabWebhookSettings.model_validate(
            {"webhook_id": "demo", "type": "GITLAB", "conf": {"gitlab": {"host": host}}}
        )
