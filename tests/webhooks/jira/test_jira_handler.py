"""Who a Jira request is from, which event it reports, and who may hear of it."""

import hmac
import json
from typing import Any

import pytest
from pydantic import ValidationError

from posthouse import Event, Inbound, NotGenuine, Site
from posthouse.webhooks.jira.handler import JiraWebhookHandler, JiraWebhookSettings

#: Atlassian's own vector, from the page "Webhooks" of Jira Cloud.
SECRET = "It's a Secret to Everybody"
BODY = b"Hello World!"
SIGNATURE = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
TOKEN = "opensesame"


def handler(**settings: Any) -> JiraWebhookHandler:
    return JiraWebhookHandler(JiraWebhookSettings(webhook_id="demo", type="JIRA", **settings), Site())


def signed(signature: str = SIGNATURE, *, body: bytes = BODY, **query: str) -> Inbound:
    return Inbound({"x-hub-signature": signature}, query, body)


def parse(payload: Any, query: dict[str, str] | None = None, **settings: Any) -> Event:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return handler(**settings).parse(Inbound({}, query or {}, body))


def test_the_signature_of_atlassians_example_is_right() -> None:
    assert handler(secret=SECRET).verify(signed()) == "the signature is right"


def test_a_signature_of_another_body_is_wrong() -> None:
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature is wrong"):
        handler(secret=SECRET).verify(signed(body=BODY + b" "))


def test_a_weaker_digest_is_refused_even_if_it_is_right() -> None:
    weaker = f"sha1={hmac.digest(SECRET.encode(), BODY, 'sha1').hex()}"
    with pytest.raises(NotGenuine, match="does not begin with sha256="):
        handler(secret=SECRET).verify(signed(weaker))


def test_a_request_without_a_signature_is_not_genuine_where_a_secret_is_configured() -> None:
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature is missing"):
        handler(secret=SECRET).verify(Inbound({}, {"token": TOKEN}, BODY))


def test_a_token_in_the_address_is_enough_for_a_jira_that_cannot_sign() -> None:
    found = handler(token=TOKEN).verify(Inbound({}, {"token": TOKEN, "user_id": "lilei", "user_key": "lilei"}, BODY))
    assert found == "the token in the address is right"


def test_with_a_secret_and_a_token_both_are_required() -> None:
    found = handler(secret=SECRET, token=TOKEN)
    assert found.verify(signed(token=TOKEN)) == "the signature and the token in the address are right"


@pytest.mark.parametrize(
    "inbound",
    [
        signed(),
        signed(token="opensesam"),
        signed("sha256=00", token=TOKEN),
        Inbound({}, {"token": TOKEN}, BODY),
    ],
    ids=["no token", "a wrong token", "a wrong signature", "no signature"],
)
def test_neither_proof_stands_in_for_the_other(inbound: Inbound) -> None:
    with pytest.raises(NotGenuine):
        handler(secret=SECRET, token=TOKEN).verify(inbound)


def test_without_a_proof_a_request_says_that_it_was_not_checked() -> None:
    assert handler().verify(Inbound({}, {}, BODY)) == "not checked: neither secret nor token is configured"


def test_no_secret_is_kept_with_the_event() -> None:
    assert not JiraWebhookHandler.kept_query & {"token", "user_id", "user_key"}
    assert "x-hub-signature" not in JiraWebhookHandler.kept_headers


def test_an_event_is_called_what_its_body_calls_it() -> None:
    assert parse({"webhookEvent": "sprint_started"}, {"event": "comment_created"}).name == "sprint_started"


def test_attempts_of_one_event_have_one_key() -> None:
    sent = {"x-atlassian-webhook-identifier": "1f0b8a52"}
    first = handler().parse(Inbound(sent, {}, b"{}"))
    second = handler().parse(Inbound(sent | {"x-atlassian-webhook-retry": "1"}, {}, b"{}"))
    assert first.key == second.key == "1f0b8a52"


def test_data_center_names_no_event() -> None:
    assert handler().parse(Inbound({}, {}, b"{}")).key is None


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_a_body_that_was_excluded_leaves_what_the_address_says(body: bytes) -> None:
    event = parse(body, {"issue": "FIN-12", "project": "FIN", "user_id": "lilei"})
    assert event.name == "jira:issue_updated"
    assert event.payload == {"project": {"key": "FIN"}, "issue": {"key": "FIN-12"}}


def test_the_address_may_name_the_event_of_an_excluded_body() -> None:
    assert parse(b"", {"event": "jira:issue_deleted", "issue": "FIN-12"}).name == "jira:issue_deleted"
    assert parse(b"", {"event": "sprint_closed"}).name == "sprint_closed"


@pytest.mark.parametrize("odd", ["${issue.key}", "{issue.key}", "", "FIN", "FIN-12 ok", "-1", "FIN-" + "1" * 400])
def test_what_jira_left_unfilled_in_the_address_is_no_issue(odd: str) -> None:
    event = parse(b"", {"issue": odd, "project": "${project.key}", "event": "${event}"})
    assert (event.name, event.payload) == ("empty body", {})


def test_a_workflow_that_sends_an_issue_has_updated_it() -> None:
    assert parse({"issue": {"key": "FIN-12"}, "transition": {"to_status": "Done"}}).name == "jira:issue_updated"


def test_an_issue_on_its_own_stands_where_every_other_body_has_it() -> None:
    issue = {"key": "FIN-12", "fields": {"summary": "Round half up"}}
    event = parse(issue)
    assert (event.name, event.payload) == ("jira:issue_updated", {"issue": issue})


def test_what_says_nothing_about_itself_is_unknown() -> None:
    assert parse({"comment": {"id": "1"}}).name == "unknown"


def test_a_name_is_bounded_and_one_line() -> None:
    assert parse({"webhookEvent": "x" * 500}).name == "x" * 60 + "…"
    assert parse({"webhookEvent": "sprint_started\nsilent: told"}).name == "sprint_started"


@pytest.mark.parametrize(
    ("level", "confidential"), [({"id": "1", "name": "Staff"}, True), ("Staff", True), (None, False)]
)
def test_an_issue_with_a_security_level_is_confidential(level: Any, confidential: bool) -> None:
    payload = {"webhookEvent": "jira:issue_updated", "issue": {"fields": {"security": level}}}
    assert parse(payload).confidential is confidential


@pytest.mark.parametrize("thing", ["comment", "worklog"])
@pytest.mark.parametrize("sign", [{"visibility": {"type": "role", "value": "Developers"}}, {"jsdPublic": False}])
def test_a_restricted_text_makes_an_event_confidential_only_where_it_is_told(thing: str, sign: dict[str, Any]) -> None:
    payload = {"webhookEvent": f"{thing}_created", thing: {"id": "1", **sign}}
    assert parse(payload, restricted_comments="full").confidential
    assert not parse(payload, restricted_comments="redact").confidential


@pytest.mark.parametrize("sign", [{"visibility": None}, {"visibility": {}}, {"jsdPublic": True}, {"jsdPublic": None}])
def test_a_comment_that_everybody_may_read_is_not_confidential(sign: dict[str, Any]) -> None:
    assert not parse({"webhookEvent": "comment_created", "comment": sign}, restricted_comments="full").confidential


@pytest.mark.parametrize("url", ["jira.example.com", "ftp://jira.example.com", "https://", "https://a b", "https://[x"])
def test_a_base_url_must_be_an_address(url: str) -> None:
    with pytest.raises(ValidationError):
        handler(base_url=url)


def test_a_base_url_needs_no_slash_at_its_end() -> None:
    assert handler(base_url="https://jira.example.com/jira/").settings.base_url == "https://jira.example.com/jira"
