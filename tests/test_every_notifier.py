"""What every notifier must stand, found by discovery: a new one is tested here as soon as it has a row in ROBOTS."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from notifiers.messages import HOSTILE, MESSAGES, SERVER
from posthouse import (
    AppriseRequest,
    Buttons,
    Fields,
    HttpReply,
    HttpRequest,
    Items,
    Link,
    Message,
    Notifier,
    Payload,
    Quote,
    Rejected,
    Site,
    Text,
)
from posthouse.core.errors import DeliveryError
from posthouse.discovery import discover

NOTIFIERS = discover().notifiers
#: Long enough to be looked for in everything that leaves.
TOKEN = "token-0123456789abcdef"
SECRET = "SECdemo0123456789abcdef"


def dingtalk_markup(payload: Payload) -> list[str]:
    part = payload[payload["msgtype"]]
    return [part["text"]] if "text" in part else []


def feishu_markup(payload: Payload) -> list[str]:
    """Cards, and texts, which have tags of their own; a card's line breaks are such a tag, and ours."""
    if payload["msg_type"] == "text":
        return [payload["content"]["text"]]
    card = payload.get("card", {})
    parts = (part.get("text", part) for part in card.get("body", card).get("elements", ()))
    return [part["content"].replace("<br>", "\n") for part in parts if part.get("tag") in {"markdown", "lark_md"}]


def wecom_markup(payload: Payload) -> list[str]:
    return [] if payload["msgtype"] == "text" else [payload[payload["msgtype"]]["content"]]


#: For each notifier: settings with every credential it knows, and the parts of a payload that are read as markup.
ROBOTS: dict[str, tuple[dict[str, Any], Callable[[Payload], list[str]]]] = {
    "ding_talk": ({"access_token": TOKEN, "sign_key": SECRET, "keyword": "告警"}, dingtalk_markup),
    "fei_shu": ({"token": TOKEN, "sign_key": SECRET, "keyword": "告警"}, feishu_markup),
    "wechat": ({"key": TOKEN, "keyword": "告警"}, wecom_markup),
    # What a service takes as text it may show as Markdown.
    "apprise": ({"url": f"json://lilei:{SECRET}@127.0.0.1:9/{TOKEN}"}, lambda payload: [payload["body"]]),
}
every = pytest.mark.parametrize("kind", sorted(NOTIFIERS.keys() & ROBOTS.keys()))
PARSER = MarkdownIt("commonmark", {"html": True})
#: A 200 that reports no success, whatever the vendor.
NO_SUCCESS = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"0",
    b'"ok"',
    b"ok",
    b"<html></html>",
    b"\xff",
    b'{"errmsg":"ok"}',
    b'{"msg":"success"}',
    b'{"errcode":-1,"code":-1,"StatusCode":-1}',
    b'{"errcode":300005,"errmsg":"ok","code":300005,"msg":"success","StatusCode":1}',
    b'{"errcode":"310000","code":"310000","StatusCode":"1"}',
    b'{"errcode":999999999,"code":999999999,"StatusCode":999999999}',
    b'{"errcode":null,"code":null,"StatusCode":null}',
    b'{"errcode":false,"code":false,"StatusCode":false}',
]


def robot(kind: str, site: Site) -> Notifier:
    found = NOTIFIERS[kind]
    return found(found.settings_model(**ROBOTS[kind][0]), site)


def credentials(kind: str) -> set[str]:
    """Return those of the two that the vendor's robots have."""
    return {one for one in (TOKEN, SECRET) if any(one in value for value in ROBOTS[kind][0].values())}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def sent(request: HttpRequest | AppriseRequest) -> bytes:
    """Return the body that leaves; the Apprise library makes its own of what it is given."""
    if isinstance(request, HttpRequest):
        return request.body
    return json.dumps([request.title, request.body], ensure_ascii=False).encode()


def refusal(notifier: Notifier, body: bytes, status: int = 200) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        notifier.judge(HttpReply(status, {}, body))
    return caught.value


def test_every_notifier_has_a_row_here() -> None:
    assert ROBOTS.keys() == NOTIFIERS.keys()


@every
def test_every_form_of_every_message_renders_and_says_something(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    for message in MESSAGES.values():
        for form in range(notifier.forms):
            payload = notifier.render(message, form=form)
            assert json.loads(json.dumps(payload)) == payload
            assert any(text.strip() for text in strings(payload))


@every
def test_a_form_beyond_the_plainest_is_the_plainest(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    message = MESSAGES["push_two_commits"]
    assert notifier.render(message, form=notifier.forms) == notifier.render(message, form=notifier.forms - 1)


@every
def test_what_users_type_is_no_markup(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    message = MESSAGES["hostile_everywhere"]
    for form in range(notifier.forms):
        for markup in ROBOTS[kind][1](notifier.render(message, form=form)):
            for sign in ("<at", "<font", "<script", "](javascript:", "![", "<http"):
                assert sign not in markup
            parsed = PARSER.parse(markup)
            tokens = [token for block in parsed for token in (block, *(block.children or ()))]
            assert not {token.type for token in tokens} & {"image", "html_inline", "html_block", "fence", "code_block"}
            links = {token.attrs["href"] for token in tokens if token.type == "link_open"}
            assert all(str(link).startswith(SERVER) for link in links)


@every
def test_nobody_types_a_mention_of_everybody(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    for form in range(notifier.forms):
        payload = notifier.render(MESSAGES["hostile_everywhere"], form=form)
        for text in strings(payload):
            assert "@所有人" not in text
            assert "@all" not in text.lower()
        assert "isAtAll" not in json.dumps(payload)


@every
def test_every_form_fits_the_vendor_s_bytes(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    entries = tuple((Link(f"{number}", f"{SERVER}/{number}"), "修复 👍🏽 " * 20) for number in range(3000))
    button = Buttons((Link("打开", f"{SERVER}/1"),))
    for blocks in (
        (Items(entries), button),
        (Quote(f"{HOSTILE}\n" * 5000), button),
        (Text(("字" * 300_000,)), button),
        (Fields(tuple((HOSTILE, (HOSTILE,)) for _ in range(500))), button),
        tuple(Text(('"\\' * 100,)) for _ in range(500)),
    ):
        message = Message("标题" * 5000, blocks)
        for form in range(notifier.forms):
            payload = notifier.render(message, form=form)
            body = sent(notifier.request(payload, now=1_700_000_000.0, idempotency_key="k" * 64))
            assert len(body) <= notifier.limits.body_bytes
            assert json.loads(body.decode("utf-8"))


@every
def test_no_credential_leaves_but_in_the_request(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    request = notifier.request(notifier.render(MESSAGES["title_only"]), now=1.0, idempotency_key="k")
    everything = [
        *(str(notifier.render(message, form=form)) for message in MESSAGES.values() for form in range(notifier.forms)),
        repr(notifier),
        repr(notifier.settings),
        str(notifier.settings),
        notifier.settings.model_dump_json(),
        repr(request),
        *notifier.warnings(),
    ]
    assert set(notifier.settings.secrets()) >= credentials(kind)
    for text in everything:
        for credential in credentials(kind):
            assert credential not in text


@every
def test_no_error_tells_a_credential(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    echo = f"denied: {' '.join(credentials(kind))}"
    answers = [
        json.dumps({"errcode": code, "code": code, "errmsg": echo, "msg": echo}).encode() for code in (1, 300005)
    ]
    for body in (*answers, echo.encode(), f"<html>{echo}".encode()):
        for status in (200, 302, 400, 500):
            error = refusal(notifier, body, status)
            for text in (str(error), error.answer, error.remedy, repr(error)):
                for credential in credentials(kind):
                    assert credential not in text
    with pytest.raises(ValidationError) as caught:
        notifier.settings_model(**{**ROBOTS[kind][0], "no_such_key": "x"})
    for credential in credentials(kind):
        assert credential not in str(caught.value)


@every
@pytest.mark.parametrize("body", NO_SUCCESS, ids=repr)
def test_a_200_without_the_vendor_s_word_is_no_success(kind: str, site: Site, body: bytes) -> None:
    error = refusal(robot(kind, site), body)
    assert error.answer
    assert error.remedy
    if isinstance(error, Rejected):
        assert error.verdict in {"config", "message"}


@every
@pytest.mark.parametrize("body", NO_SUCCESS, ids=repr)
def test_a_remedy_is_in_the_site_s_language(kind: str, body: bytes) -> None:
    chinese, english = (refusal(robot(kind, Site(language=language)), body).remedy for language in ("zh", "en"))
    assert chinese != english
    assert not chinese.isascii()
    assert english.isascii()


@every
def test_attempts_of_one_delivery_share_its_key_and_leave_the_payload_alone(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    payload = notifier.render(MESSAGES["push_two_commits"])
    before = copy.deepcopy(payload)
    attempts = [notifier.request(payload, now=now, idempotency_key="delivery-1") for now in (1e9, 1e9 + 600)]
    assert payload == before
    assert len({b"delivery-1" in sent(attempt) for attempt in attempts}) == 1
    assert attempts[0] == notifier.request(payload, now=1e9, idempotency_key="delivery-1")
    assert all(attempt.url.startswith(("https://", "http://", "json://")) for attempt in attempts)


@every
def test_a_robot_is_known_by_something(kind: str, site: Site) -> None:
    assert robot(kind, site).identity()
