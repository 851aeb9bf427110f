"""Who a Confluence request is from, and which event it reports."""

import hmac
import json
from typing import Any

import pytest
from pydantic import ValidationError

from posthouse import Event, Inbound, NotGenuine, Site
from posthouse.webhooks.confluence.handler import ConfluenceServer, ConfluenceWebhookHandler, ConfluenceWebhookSettings

SECRET = "opensesame"
TOKEN = "opensesame too"
BODY = b'{"timestamp":1795492800000,"event":"page_created","userKey":"ff80","page":{"id":65601}}'
TEST = b'{"test": true}'
CLOUD = {"timestamp": 1795492800000, "userAccountId": "557058:1"}


def handler(**settings: Any) -> ConfluenceWebhookHandler:
    made = ConfluenceWebhookSettings(webhook_id="demo", type="CONFLUENCE", **settings)
    return ConfluenceWebhookHandler(made, Site())


def signed(body: bytes = BODY, *, secret: str = SECRET, **query: str) -> Inbound:
    signature = f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"
    return Inbound({"x-hub-signature": signature}, query, body)


def parse(payload: Any, header: str | None = None, **query: str) -> Event:
    headers = {} if header is None else {"x-event-key": header}
    return handler().parse(Inbound(headers, query, json.dumps(payload).encode()))


def test_the_right_signature_is_genuine() -> None:
    assert handler(secret=SECRET).verify(signed()) == "the signature is right"


def test_the_signature_is_that_of_the_raw_body() -> None:
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature is wrong"):
        handler(secret=SECRET).verify(Inbound(signed().headers, {}, BODY + b" "))


def test_the_right_token_in_the_address_is_genuine() -> None:
    assert handler(token=TOKEN).verify(Inbound({}, {"token": TOKEN}, BODY)) == "the token in the address is right"


def test_where_both_are_configured_both_are_required() -> None:
    both = handler(secret=SECRET, token=TOKEN)
    assert both.verify(signed(token=TOKEN)) == "the signature and the token in the address are right"
    with pytest.raises(NotGenuine, match="the query value token is missing"):
        both.verify(signed())
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature is missing"):
        both.verify(Inbound({}, {"token": TOKEN}, BODY))


def test_without_any_secret_the_answer_says_that_nothing_was_checked() -> None:
    assert handler().verify(Inbound({}, {}, BODY)).startswith("not checked")


@pytest.mark.parametrize("body", [TEST, b'{"test":true}', b' {\n"test" : true } '])
def test_the_connection_test_may_be_unsigned(body: bytes) -> None:
    said = handler(secret=SECRET).verify(Inbound({}, {}, body))
    assert said == "not checked: Confluence does not sign its connection test"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"test": false}',
        b'{"test": 1}',
        b'{"test": "true"}',
        b'{"test": true, "event": "page_created"}',
        b'{"test": true, "page": {"id": 1}}',
        b'[{"test": true}]',
        b'{"test": true',
        b'{"test": true}' + b" " * 100,
        BODY,
    ],
)
def test_nothing_else_may_be_unsigned(body: bytes) -> None:
    with pytest.raises(NotGenuine, match="the header X-Hub-Signature is missing"):
        handler(secret=SECRET).verify(Inbound({}, {}, body))


def test_a_connection_test_with_a_signature_must_have_the_right_one() -> None:
    assert handler(secret=SECRET).verify(signed(TEST)) == "the signature is right"
    with pytest.raises(NotGenuine):
        handler(secret=SECRET).verify(signed(TEST, secret="another"))


def test_a_connection_test_needs_the_token_that_is_in_the_address() -> None:
    assert handler(token=TOKEN, secret=SECRET).verify(Inbound({}, {"token": TOKEN}, TEST)).startswith("not checked")
    with pytest.raises(NotGenuine):
        handler(token=TOKEN, secret=SECRET).verify(Inbound({}, {}, TEST))


def test_the_body_names_the_event_first() -> None:
    named = {**CLOUD, "event": "page_created", "page": {"id": 1}}
    assert parse(named, header="page_moved", event="page_updated").name == "page_created"


def test_the_address_names_it_where_the_body_does_not() -> None:
    assert parse({**CLOUD, "page": {"id": 1}}, header="page_moved", event=" Page_Updated ").name == "page_updated"
    assert handler().kept_query == {"event"}


def test_the_header_names_it_where_the_address_does_not_either() -> None:
    assert parse({"userKey": "ff80", "page": {"id": 1}}, header="page_moved").name == "page_moved"


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ({"comment": {"id": 1, "version": 1}, "page": {"id": 2, "version": 7}}, "comment_created"),
        ({"comment": {"id": 1, "version": 2}}, "comment_changed"),
        ({"attachment": {"id": 1, "version": 1}}, "attachment_created"),
        ({"blog": {"id": 1, "version": 1}}, "blog_created"),
        ({"blogpost": {"id": 1, "version": 4}}, "blog_changed"),
        ({"label": {"id": 1}, "page": {"id": 2, "version": 1}}, "label_changed"),
        ({"page": {"id": 1, "version": 1}}, "page_created"),
        ({"page": {"id": 1, "version": 2}}, "page_changed"),
        ({"page": {"id": 1}}, "page_changed"),
        ({"page": {"id": 1, "version": True}}, "page_changed"),
        ({"space": {"id": 1}}, "space_changed"),
        ({"page": None, "space": []}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_it_is_about_names_it_where_nothing_else_does(payload: dict[str, Any], name: str) -> None:
    assert parse({**CLOUD, **payload}).name == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("avi:confluence:updated:page", "page_updated"),
        ("avi:confluence:deleted:page", "page_removed"),
        ("avi:confluence:trashed:blogpost", "blog_trashed"),
        ("avi:confluence:children_reordered:page", "page_children_reordered"),
        ("avi:confluence:permissions_updated:page", "content_permissions_updated"),
        ("avi:confluence:updated:space:V2", "space_updated"),
        ("avi:confluence:created:comment", "comment_created"),
        ("avi:jira:created:issue", "page_created"),
        ("avi:confluence:", "page_created"),
    ],
)
def test_forges_words_become_those_of_webhooks(kind: str, name: str) -> None:
    assert parse({"eventType": kind}, event="page_created").name == name


def test_the_connection_test_has_a_name_of_its_own() -> None:
    assert parse({"test": True}).name == "connection_test"
    assert parse({"test": True}, event="page_created").name == "connection_test"
    assert parse({"test": 1}).name == "unknown"


def test_an_event_has_no_key() -> None:
    assert handler().parse(Inbound({"x-request-id": "1"}, {}, BODY)).key is None


def test_a_secret_for_cloud_is_warned_of() -> None:
    cloud = {"confluence": {"host": "https://example.atlassian.net"}}
    assert "Cloud does not sign" in handler(secret=SECRET, conf=cloud).warnings()[0]
    assert not handler(token=TOKEN, conf=cloud).warnings()
    assert not handler(secret=SECRET, conf={"confluence": {"host": "https://confluence.example.com"}}).warnings()


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://confluence.example.com/", "https://confluence.example.com"),
        ("http://192.168.10.1:8090/confluence/", "http://192.168.10.1:8090/confluence"),
        ("https://example.atlassian.net", "https://example.atlassian.net/wiki"),
        ("https://example.atlassian.net/", "https://example.atlassian.net/wiki"),
        ("https://example.atlassian.net/wiki/", "https://example.atlassian.net/wiki"),
        ("https://atlassian.net.example.com", "https://atlassian.net.example.com"),
    ],
)
def test_an_address_is_brought_into_one_form(given: str, host: str) -> None:
    assert ConfluenceServer(host=given).host == host


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "confluence.example.com"},
        {"host": "ftp://confluence.example.com"},
        {"host": "https://lilei:geheim@confluence.example.com"},
        {"host": "https://confluence.example.com/?os_username=lilei"},
        {"host": "https://confluence.example.com/#"},
        {"host": "https://confluence.example.com/知识库"},
        {"host": "http://[::1/"},
        {"host": ""},
        {"private_token": "geheim"},
        {"host": "https://confluence.example.com", "private_token": "two words"},
        {"host": "https://confluence.example.com", "private_token": "geheim\n"},
        {"host": "https://confluence.example.com", "private_token": "芝麻开门"},
        {"host": "https://example.atlassian.net", "user": "lilei@example.com"},
        {"host": "https://example.atlassian.net", "api_token": "geheim"},
        {"host": "https://example.atlassian.net", "private_token": "a", "user": "lilei@example.com", "api_token": "b"},
    ],
)
def test_what_cannot_work_is_refused_at_the_start_without_being_repeated(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        ConfluenceServer.model_validate(settings)
    assert "geheim" not in str(caught.value)
