"""What every notifier must stand, found by discovery: a new one is tested here as soon as it has a row in ROBOTS."""

import copy
import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from notifiers.messages import HOSTILE, MESSAGES, SERVER
from notifiers.vendor_rules import seen
from posthouse import (
    AppriseRequest,
    Buttons,
    Fields,
    HttpReply,
    HttpRequest,
    Items,
    Link,
    Mention,
    Message,
    Notifier,
    People,
    Person,
    Quote,
    Rejected,
    Site,
    Text,
)
from posthouse.core.errors import DeliveryError
from posthouse.discovery import discover
from posthouse.fakes import FakeDingTalk, FakeFeishu, FakeFeishuRobot, FakeRobot, FakeVendor, FakeWeCom, FakeWeComRobot
from posthouse.notifiers.answers import Meaning

NOTIFIERS = discover().notifiers
#: Long enough to be looked for in everything that leaves.
TOKEN = "token-0123456789abcdef"
SECRET = "SECdemo0123456789abcdef"


KEYWORD = "告警"
#: For each notifier: settings with every credential it knows. What its clients show as what is in `vendor_rules`.
ROBOTS: dict[str, dict[str, Any]] = {
    "apprise": {"url": f"json://lilei:{SECRET}@127.0.0.1:9/{TOKEN}"},
    "ding_talk": {"access_token": TOKEN, "sign_key": SECRET, "keyword": KEYWORD},
    "fei_shu": {"token": TOKEN, "sign_key": SECRET, "keyword": KEYWORD},
    "wechat": {"key": TOKEN, "keyword": KEYWORD},
}
#: Whom each kind of robot can notify: a person by the vendor's id or by the mobile number, or everybody.
NOTIFIES: dict[str, set[str]] = {
    "apprise": set(),
    "ding_talk": {"id", "mobile", "everybody"},
    "fei_shu": {"id", "everybody"},
    "wechat": {"id", "mobile", "everybody"},
}
NOW = 1_700_000_000.0
#: The vendors' robots as others have written them down: each knows one robot, with the credentials from above.
FAKES: dict[str, Callable[[], FakeVendor[Any]]] = {
    "ding_talk": lambda: FakeDingTalk(
        {TOKEN: FakeRobot(secret=SECRET, keyword=KEYWORD, per_minute=0)}, clock=lambda: NOW
    ),
    "fei_shu": lambda: FakeFeishu(
        {TOKEN: FakeFeishuRobot(secret=SECRET, keyword=KEYWORD, per_minute=0, per_second=0)}, clock=lambda: NOW
    ),
    "wechat": lambda: FakeWeCom({TOKEN: FakeWeComRobot(per_minute=0)}, clock=lambda: NOW),
}
PEOPLE = People(
    (
        Person("Li Lei", frozenset({"gitlab:lilei"}), mobile="13800000000", ids=dict.fromkeys(NOTIFIERS, "lilei")),
        Person("Han Meimei", frozenset({"gitlab:hanmeimei"}), mobile="13900000000"),
    )
)
LILEI = Mention("lilei", ("gitlab:lilei",))
HANMEIMEI = Mention("hanmeimei", ("gitlab:hanmeimei",))
LUCY = Mention("Lucy King", ("gitlab:lucy",))
every = pytest.mark.parametrize("kind", sorted(NOTIFIERS.keys() & ROBOTS.keys()))
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
    return found(found.settings_model(**ROBOTS[kind]), site)


def credentials(kind: str) -> set[str]:
    """Return those of the two that the vendor's robots have."""
    return {one for one in (TOKEN, SECRET) if any(one in value for value in ROBOTS[kind].values())}


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
def test_what_users_type_is_neither_markup_nor_a_mention(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    for form in range(notifier.forms):
        payload = notifier.render(MESSAGES["hostile_everywhere"], form=form)
        shown = seen(kind, payload)
        assert not shown.mentions
        assert not shown.markup
        assert all(link.startswith(SERVER) for link in shown.links)
        for text in strings(payload):
            assert "@所有人" not in text
            assert "@all" not in text.lower()


def mentioned(kind: str, *mentions: Mention, everybody: bool = False, form: int = 0) -> tuple[set[str], str]:
    """Return whom a message with these mentions notifies, and all its words."""
    blocks = (Text(("内容",)), Buttons((Link("打开", f"{SERVER}/1"),)))
    message = Message("标题", blocks, mentions=mentions, everybody=everybody)
    notifier = robot(kind, Site(people=PEOPLE))
    shown = seen(kind, notifier.render(message, form=form))
    assert len(shown.mentions) == len(set(shown.mentions))
    return set(shown.mentions), shown.text


@every
def test_whoever_the_robot_can_notify_is_notified_and_the_others_are_named(kind: str) -> None:
    guess = Mention("maybe", ("gitlab:maybe",), guess=True)
    notified, text = mentioned(kind, LILEI, HANMEIMEI, LUCY, guess)
    assert notified == {
        *(["lilei"] if "id" in NOTIFIES[kind] else []),
        *(["13900000000"] if "mobile" in NOTIFIES[kind] else []),
    }
    assert ("Li Lei" in text) is ("id" not in NOTIFIES[kind])
    assert ("Han Meimei" in text) is ("mobile" not in NOTIFIES[kind])
    assert "Lucy King" in text
    assert "maybe" not in text


@every
def test_who_is_only_known_by_a_number_from_the_configuration_is_notified_where_numbers_count(kind: str) -> None:
    notified, text = mentioned(kind, Mention("13700000000", ("mobile:13700000000",)))
    assert notified == ({"13700000000"} if "mobile" in NOTIFIES[kind] else set())
    assert "13700000000" in text or notified


@every
def test_everybody_is_notified_where_the_robot_can(kind: str) -> None:
    notified, _ = mentioned(kind, LUCY, everybody=True)
    assert notified == ({"all"} if "everybody" in NOTIFIES[kind] else set())


@every
def test_no_form_notifies_anybody_else(kind: str) -> None:
    notifier = robot(kind, Site(people=PEOPLE))
    for form in range(notifier.forms):
        for everybody in (False, True):
            notified, _ = mentioned(kind, LILEI, HANMEIMEI, LUCY, everybody=everybody, form=form)
            assert notified <= {"lilei", "13900000000", *(["all"] if everybody else [])}
        for name, message in MESSAGES.items():
            if not message.mentions and not message.everybody:
                assert not seen(kind, notifier.render(message, form=form)).mentions, name


def growing(count: int) -> Iterator[Message]:
    """Return messages of different kinds with so many parts, of which each can be told from all others."""
    button = Buttons((Link("打开", f"{SERVER}/1"),))
    parts = [f"part{number}end" for number in range(count)]
    yield Message("t", (Items(tuple((part,) for part in parts)), button))
    yield Message("t", (*(Text((Link(part, f"{SERVER}/{part}"),)) for part in parts), button))
    yield Message("t", (Fields(tuple((part, ("v",)) for part in parts)), button))
    yield Message("t", (Quote("\n".join(parts)), button))
    yield Message("t", (Text((" ".join(parts),)), button))
    yield Message(" ".join(parts), (button,))
    yield Message("t", (Text(("text",)), Buttons(tuple(Link(part, f"{SERVER}/{part}") for part in parts))))
    yield Message("t", (button,), mentions=tuple(Mention(part) for part in parts))


@every
@pytest.mark.parametrize("count", [1, 3, 5, 6, 20, 60, 300, 3000])
def test_a_message_is_whole_if_all_of_it_is_shown(kind: str, count: int, site: Site) -> None:
    notifier = robot(kind, site)
    for number, message in enumerate(growing(count)):
        text = seen(kind, notifier.render(message)).text
        missing = [part for part in range(count) if f"part{part}end" not in text]
        assert notifier.is_whole(message) is not bool(missing), f"message {number}: {missing[:3]} …, {text[-200:]}"
        if not missing:
            assert not any(word in text for word in ("…", "省略", "还有", "more", "left out"))


@pytest.mark.parametrize("kind", sorted(FAKES))
def test_the_vendor_takes_every_form_of_every_message(kind: str, site: Site) -> None:
    notifier, fake = robot(kind, Site(language=site.language, people=PEOPLE)), FAKES[kind]()
    many = [message for count in (1, 3000) for message in growing(count)]
    called = Message("t", mentions=(LILEI, HANMEIMEI, LUCY), everybody=True)
    for number, message in enumerate([*MESSAGES.values(), *many, called]):
        for form in range(notifier.forms):
            payload = notifier.render(message, form=form)
            reply = post(fake, notifier.request(payload, now=NOW, idempotency_key=f"{number}-{form}"))
            notifier.judge(reply)
            assert set(fake.mentions(TOKEN)[-1]) == set(seen(kind, payload).mentions)
    assert len(fake.shown(TOKEN)) == len([*MESSAGES, *many, called]) * notifier.forms


def post(fake: FakeVendor[Any], request: HttpRequest | AppriseRequest) -> HttpReply:
    assert isinstance(request, HttpRequest)
    parts = urlsplit(request.url)
    answer = fake.answer("POST", parts.path, parts.query, request.headers, request.body)
    return HttpReply(answer.status, dict(answer.headers), answer.body)


@every
def test_every_form_fits_the_vendor_s_bytes(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    entries = tuple((Link(f"{number}", f"{SERVER}/{number}"), "修复 👍🏽 " * 20) for number in range(3000))
    button = Buttons((Link("打开", f"{SERVER}/1"),))
    for blocks in (
        (Items(entries), button),
        (Quote(f"{HOSTILE}\n" * 1000), button),
        (Text(("字" * 100_000,)), button),
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
        notifier.settings_model(**{**ROBOTS[kind], "no_such_key": "x"})
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


def meanings(kind: str) -> Mapping[str, Meaning]:
    """Return what a vendor's answers can mean, by the names in its module ``verdicts``."""
    folder = NOTIFIERS[kind].__module__.rpartition(".")[0]
    module = importlib.import_module(f"{folder}.verdicts")
    return {name: value for name, value in vars(module).items() if isinstance(value, Meaning)}


@every
def test_every_meaning_of_an_answer_has_a_remedy_in_both_languages(kind: str) -> None:
    found = meanings(kind)
    assert found
    for name, meaning in found.items():
        assert meaning.zh.endswith("。"), name
        assert not meaning.zh.isascii(), name
        assert meaning.en.isascii(), name
        assert meaning.en.endswith("."), name
        assert min(len(meaning.zh), len(meaning.en) // 3) > 8, f"{name}: say what can be done"
    assert len({meaning.zh for meaning in found.values()}) == len({meaning.en for meaning in found.values()})
    assert len({meaning.zh for meaning in found.values()}) == len(found)


@every
def test_what_is_tried_again_can_pass_and_what_is_sent_more_plainly_has_a_plainer_form(kind: str) -> None:
    for name, meaning in meanings(kind).items():
        if meaning.kind == "message":
            assert not meaning.later, name
        elif meaning.kind == "config":
            # Once more, for what may have been a slip of a clock.
            assert not meaning.later or meaning.attempts == 2, name
        else:
            assert meaning.later, name
        assert meaning.form < NOTIFIERS[kind].forms, name
        assert meaning.simpler or not meaning.form, name


@every
def test_every_documented_code_is_told_with_its_remedy(kind: str, site: Site) -> None:
    notifier = robot(kind, site)
    folder = NOTIFIERS[kind].__module__.rpartition(".")[0]
    codes: Mapping[int, Meaning] = getattr(importlib.import_module(f"{folder}.verdicts"), "BY_CODE", {})
    for code, meaning in codes.items():
        for spelling in (code, str(code)):
            body = json.dumps({"errcode": spelling, "errmsg": "", "code": spelling, "msg": ""}).encode()
            error = refusal(notifier, body)
            assert error.remedy == notifier.choose(zh=meaning.zh, en=meaning.en), code
            assert error.verdict == meaning.kind, code
