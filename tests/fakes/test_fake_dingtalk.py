"""The fake robots refuse what DingTalk refuses, and let the real notifier's requests pass."""

import json
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from fakes.asking import JSON, NOW, Clock, ask
from notifiers.messages import MESSAGES
from posthouse import HttpReply, HttpRequest, Message
from posthouse.core.errors import DeliveryError
from posthouse.core.plugin import Site
from posthouse.fakes import BANNED_PAGE, FakeDingTalk, FakeReply, FakeRobot, Fault
from posthouse.notifiers.dingtalk import DingTalkNotifier, DingTalkSettings, sign

SECRET = "SECdemo0123456789abcdef"
TEXT = {"msgtype": "text", "text": {"content": "hello"}}


def post(fake: FakeDingTalk, payload: Any = TEXT, query: str = "access_token=token", **more: Any) -> FakeReply:
    return ask(fake, payload, "/robot/send", query, **more)


def code(reply: FakeReply) -> Any:
    return json.loads(reply.body)["errcode"]


def errmsg(reply: FakeReply) -> str:
    return str(json.loads(reply.body)["errmsg"])


def one(**settings: Any) -> FakeDingTalk:
    return FakeDingTalk({"token": FakeRobot(**settings)}, clock=lambda: NOW)


def deliver(fake: FakeDingTalk, request: HttpRequest) -> HttpReply:
    parts = urlsplit(request.url)
    reply = fake.answer("POST", parts.path, parts.query, request.headers, request.body)
    return HttpReply(reply.status, reply.headers, reply.body)


def test_a_message_is_shown_as_it_was_sent() -> None:
    fake = one()
    assert json.loads(post(fake).body) == {"errcode": 0, "errmsg": "ok"}
    assert fake.shown("token") == (TEXT,)
    (received,) = fake.requests("token")
    assert (received.at, received.payload, received.code, received.shown) == (NOW, TEXT, 0, True)
    assert received.query == "access_token=token"


def test_only_a_post_of_json_is_taken() -> None:
    fake = one()
    body = json.dumps(TEXT).encode()
    assert code(fake.answer("GET", "/robot/send", "access_token=token", JSON, b"")) == 43002
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert code(fake.answer("POST", "/robot/send", "access_token=token", form, body)) == 43004
    assert code(fake.answer("POST", "/robot/send", "access_token=token", {}, body)) == 43004
    assert fake.answer("POST", "/robots/send", "access_token=token", JSON, body).status == 404
    assert fake.shown("token") == ()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b"a=b", b"[" * 20_000])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    assert code(post(one(), body)) == 40035


@pytest.mark.parametrize("query", ["", "access_token=", "access_token=other", "token=token"])
def test_an_unknown_token_is_refused(query: str) -> None:
    fake = one()
    assert code(post(fake, query=query)) == 300005
    assert fake.requests("token") == ()


def test_any_token_becomes_a_robot_if_wanted() -> None:
    fake = FakeDingTalk(any_token=True, pattern=FakeRobot(keyword="x"))
    assert code(post(fake, query="access_token=new")) == 310000
    assert fake.tokens() == ("new",)
    assert code(post(fake, query="access_token=")) == 300005


def signed(timestamp: int = int(NOW * 1000), secret: str = SECRET, times: int = 1) -> str:
    signature = sign(secret, timestamp)
    for _ in range(times):
        signature = quote_plus(signature)
    return f"access_token=token&timestamp={timestamp}&sign={signature}"


@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_a_signature_passes_within_an_hour(skew: int) -> None:
    assert code(post(one(secret=SECRET), query=signed(int(NOW + skew) * 1000))) == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("access_token=token", "签名不匹配"),
        (signed(times=2), "签名不匹配"),
        (signed(1700000000002, times=0), "签名不匹配"),
        (signed(secret="SECother"), "签名不匹配"),
        (f"access_token=token&sign={quote(sign(SECRET, 1700000000000), safe='')}", "签名不匹配"),
        ("access_token=token&timestamp=1700000000000", "签名不匹配"),
        (signed(1700000000000).replace("timestamp=17", "timestamp=16"), "签名过期"),
        (signed(int(NOW)), "签名过期"),
        (signed(int(NOW + 3601) * 1000), "签名过期"),
        (signed(int(NOW - 3601) * 1000), "签名过期"),
        (signed().replace("1700000000000", "now"), "签名过期"),
    ],
)
def test_a_signature_that_is_not_exactly_right_is_refused(query: str, words: str) -> None:
    reply = post(one(secret=SECRET), query=query)
    assert code(reply) == 310000
    assert words in errmsg(reply).partition(";solution:")[0]


def test_the_keyword_must_be_in_the_text_itself() -> None:
    fake = one(keyword="alarm")
    assert code(post(fake)) == 310000
    assert code(post(fake, {"msgtype": "text", "text": {"content": "an alarm"}})) == 0
    assert code(post(fake, {"msgtype": "markdown", "markdown": {"title": "alarm", "text": "x"}})) == 310000
    assert code(post(fake, {"msgtype": "markdown", "markdown": {"title": "x", "text": "alarm"}})) == 0


def test_only_addresses_on_the_list_may_send() -> None:
    fake = one(ip_list=["10.0.0.0/8", "203.0.113.9"])
    assert code(post(fake, client="10.1.2.3")) == 0
    assert code(post(fake, client="203.0.113.9")) == 0
    reply = post(fake, client="203.0.113.10")
    assert (code(reply), "203.0.113.10" in errmsg(reply)) == (310000, True)


@pytest.mark.parametrize("wording", ["zh", "en"])
def test_the_notifier_understands_both_generations_of_wording(site: Site, wording: str) -> None:
    notifier = DingTalkNotifier(DingTalkSettings(access_token="token"), site)
    remedies = []
    for fake, query in (
        (one(wording=wording, keyword="alarm"), "access_token=token"),
        (one(wording=wording, secret=SECRET), "access_token=token"),
        (one(wording=wording, secret=SECRET), signed(1)),
        (one(wording=wording, ip_list=[]), "access_token=token"),
    ):
        reply = post(fake, query=query)
        with pytest.raises(DeliveryError) as caught:
            notifier.judge(HttpReply(reply.status, reply.headers, reply.body))
        assert caught.value.verdict == "config"
        remedies.append(caught.value.remedy)
    assert len(set(remedies)) == 4


ACTION_CARD = {"title": "t", "text": "x"}
BUTTON = {"title": "b", "actionURL": "https://h/"}


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("text", {"content": "x"}),
        ("markdown", {"title": "t", "text": "x"}),
        ("link", {"title": "t", "text": "x", "messageUrl": "https://h/"}),
        ("actionCard", {**ACTION_CARD, "singleTitle": "b", "singleURL": "https://h/", "hideAvatar": "1"}),
        ("actionCard", {**ACTION_CARD, "btnOrientation": "1", "btns": [BUTTON, BUTTON]}),
        ("feedCard", {"links": [{"title": "t", "messageURL": "https://h/", "picURL": "https://h/p"}]}),
    ],
)
def test_every_type_is_taken_as_documented(kind: str, part: dict[str, Any]) -> None:
    at = {"atMobiles": ["1"], "atUserIds": [], "isAtAll": False}
    assert code(post(one(), {"msgtype": kind, kind: part, "at": at, "msgUuid": "u"})) == 0


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, 400105),
        ({"msgtype": 1}, 400105),
        ({"msgtype": ["text"]}, 400105),
        ({"msgtype": "image", "image": {}}, 400105),
        ({"msgtype": "action_card", "action_card": ACTION_CARD}, 400105),
        ({"msgtype": "markdown"}, 400401),
        ({"msgtype": "markdown", "text": {"content": "x"}}, 400401),
        ({"msgtype": "markdown", "markdown": "x"}, 40035),
        ({"msgtype": "markdown", "markdown": {"title": "t"}}, 400403),
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 400403),
        ({"msgtype": "markdown", "markdown": {"title": " ", "text": "x"}}, 400403),
        ({"msgtype": "markdown", "markdown": {"title": "t", "text": 1}}, 400403),
        ({"msgtype": "text", "text": {"text": "x"}}, 400403),
        ({"msgtype": "link", "link": {"title": "t", "text": "x", "messageURL": "https://h/"}}, 400403),
        ({"msgtype": "feedCard", "feedCard": {"links": [{"title": "t", "messageUrl": "h", "picUrl": "p"}]}}, 400403),
        ({"msgtype": "feedCard", "feedCard": {"links": []}}, 400403),
        ({"msgtype": "feedCard", "feedCard": {"links": ["x"]}}, 400403),
        ({"msgtype": "actionCard", "actionCard": ACTION_CARD}, 400403),
        ({"msgtype": "actionCard", "actionCard": {**ACTION_CARD, "singleTitle": "b", "singleUrl": "h"}}, 400403),
        ({"msgtype": "actionCard", "actionCard": {**ACTION_CARD, "btns": [{"title": "b", "actionUrl": "h"}]}}, 400403),
        ({"msgtype": "actionCard", "actionCard": {**ACTION_CARD, "btns": [BUTTON], "btnOrientation": 1}}, 40035),
        ({**TEXT, "msgUuid": 1}, 40035),
        ({"msgtype": "actionCard", "actionCard": {**ACTION_CARD, "text": ""}}, 400403),
        ({**TEXT, "at": []}, 40035),
        ({**TEXT, "at": {"isAtAll": "true"}}, 40035),
        ({**TEXT, "at": {"atMobiles": [1]}}, 40035),
        ({**TEXT, "at": {"atUserIds": "lilei"}}, 40035),
        ({**TEXT, "at": {"atMobiles": ["1"] * 50, "atUserIds": ["lilei"]}}, 40035),
        ({"msgtype": "actionCard", "actionCard": {**ACTION_CARD, "btns": [BUTTON], "hideAvatar": []}}, 40035),
    ],
)
def test_a_message_that_lacks_what_its_type_needs_is_refused(payload: dict[str, Any], expected: int) -> None:
    fake = one()
    assert code(post(fake, payload)) == expected
    assert fake.shown("token") == ()


def test_fifty_people_may_be_mentioned() -> None:
    people = [str(number) for number in range(50)]
    content = " ".join(f"@{person}" for person in people)
    fake = one()
    assert code(post(fake, {"msgtype": "text", "text": {"content": content}, "at": {"atMobiles": people}})) == 0
    assert fake.mentions("token") == (tuple(people),)


AT = {"atMobiles": ["13800000000"], "atUserIds": ["lilei"]}


@pytest.mark.parametrize(
    ("kind", "part", "at", "mentioned"),
    [
        ("text", {"content": "@13800000000 @lilei"}, AT, ("13800000000", "lilei")),
        ("text", {"content": "@lilei,看@13800000000"}, AT, ("13800000000", "lilei")),
        ("text", {"content": "13800000000 lilei"}, AT, ()),
        ("text", {"content": "@lileilei @138000000001"}, AT, ()),
        ("text", {"content": "@lilei"}, {}, ()),
        ("text", {"content": "@所有人 @all"}, {}, ()),
        ("text", {"content": "x"}, {"isAtAll": True}, ("all",)),
        ("text", {"content": "x"}, {"isAtAll": False}, ()),
        ("markdown", {"title": "@lilei", "text": "看 @13800000000"}, AT, ("13800000000",)),
        ("markdown", {"title": "t", "text": "@lilei"}, {**AT, "isAtAll": True}, ("all", "lilei")),
        ("actionCard", {"title": "t", "text": "@13800000000 @lilei"}, {**AT, "isAtAll": True}, ("lilei",)),
        ("link", {"title": "t", "text": "@lilei", "messageUrl": "https://h/"}, {**AT, "isAtAll": True}, ()),
    ],
)
def test_who_is_in_the_list_and_in_the_text_is_mentioned(
    kind: str, part: dict[str, Any], at: dict[str, Any], mentioned: tuple[str, ...]
) -> None:
    fake = one()
    button = {"singleTitle": "b", "singleURL": "https://h/"} if kind == "actionCard" else {}
    assert code(post(fake, {"msgtype": kind, kind: {**part, **button}, "at": at})) == 0
    (message,) = fake.messages("token")
    assert message.mentions == mentioned


def test_a_month_has_so_many_calls_for_all_robots_together() -> None:
    clock = Clock()
    clock.now = 1_701_359_999.0  # the last second of November 2023 in China
    fake = FakeDingTalk({"a": FakeRobot(per_minute=2), "b": FakeRobot()}, quota=3, clock=clock)
    asked = [post(fake, query=f"access_token={token}") for token in ("a", "a", "a", "b", "b")]
    # The third one was too fast, which costs nothing.
    assert [code(reply) for reply in asked] == [0, 0, 660026, 0, 90030]
    clock.now += 1.0
    assert code(post(fake, query="access_token=b")) == 0


def test_a_banned_address_reaches_no_robot() -> None:
    clock = Clock()
    fake = FakeDingTalk({"token": FakeRobot()}, clock=clock)
    fake.ban("203.0.113.9")
    assert "errcode" not in json.loads(post(fake, client="203.0.113.9").body)
    assert code(post(fake, client="203.0.113.10")) == 0
    assert len(fake.requests("token")) == 1
    fake.ban("203.0.113.9", seconds=600.0, answer=BANNED_PAGE)
    assert post(fake, client="203.0.113.9").headers["content-type"].startswith("text/html")
    clock.now += 600.0
    assert code(post(fake, client="203.0.113.9")) == 0


def test_a_body_may_have_twenty_thousand_bytes() -> None:
    empty = len(json.dumps({"msgtype": "text", "text": {"content": ""}}))
    fake = one()
    assert code(post(fake, {"msgtype": "text", "text": {"content": "x" * (20_000 - empty)}})) == 0
    assert code(post(fake, {"msgtype": "text", "text": {"content": "x" * (20_001 - empty)}})) == 460101


@pytest.mark.parametrize("throttle_code", [660026, 130101, 410100])
def test_too_many_requests_in_a_minute_are_refused_for_ten(throttle_code: int) -> None:
    clock = Clock()
    fake = FakeDingTalk({"token": FakeRobot(throttle_code=throttle_code)}, clock=clock)
    for _ in range(20):
        assert code(post(fake)) == 0
    clock.now += 59.9
    assert code(post(fake)) == throttle_code
    clock.now += 599.0
    assert code(post(fake)) == throttle_code
    clock.now += 1.0
    assert code(post(fake)) == 0
    assert len(fake.shown("token")) == 21


def test_twenty_in_any_sixty_seconds_are_not_too_many() -> None:
    clock = Clock()
    fake = FakeDingTalk({"token": FakeRobot()}, clock=clock)
    for _ in range(100):
        assert code(post(fake)) == 0
        clock.now += 3.0


def test_refused_requests_count_too() -> None:
    fake = one(per_minute=2)
    assert [code(post(fake, {})) for _ in range(3)] == [400105, 400105, 660026]


def test_the_rate_may_be_unlimited() -> None:
    fake = one(per_minute=0)
    assert {code(post(fake)) for _ in range(100)} == {0}


def test_a_repeated_message_is_taken_but_not_shown_again() -> None:
    fake = one()
    for uuid in ("a", "a", "b", "a"):
        assert code(post(fake, {**TEXT, "msgUuid": uuid})) == 0
    assert [payload["msgUuid"] for payload in fake.shown("token")] == ["a", "b"]
    assert [request.shown for request in fake.requests("token")] == [True, False, True, False]


def test_a_refused_message_may_be_repeated() -> None:
    fake = one()
    fake.misbehave("token", Fault(errcode=-1))
    assert [code(post(fake, {**TEXT, "msgUuid": "a"})) for _ in range(2)] == [-1, 0]
    assert len(fake.shown("token")) == 1


def test_faults_happen_in_order_and_once() -> None:
    fake = one()
    fake.misbehave(
        "token",
        Fault(errcode=130101),
        Fault(errcode="310000", errmsg="sign not match"),
        Fault(status=502, body="<h1>Bad Gateway</h1>"),
        Fault(body='{"status":1111}', shown=True),
        Fault(delay=3),
        Fault(drop="before"),
        Fault(drop="after", delay=1.5),
    )
    replies = [post(fake, {**TEXT, "msgUuid": str(number)}) for number in range(8)]
    assert [code(reply) for reply in replies[:2]] == [130101, "310000"]
    assert errmsg(replies[1]) == "sign not match"
    assert (replies[2].status, replies[2].headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert replies[3].body == b'{"status":1111}'
    assert [(reply.delay, reply.dropped) for reply in replies[4:]] == [
        (3.0, False),
        (0.0, True),
        (1.5, True),
        (0, False),
    ]
    assert [payload["msgUuid"] for payload in fake.shown("token")] == ["3", "4", "6", "7"]
    assert [request.code for request in fake.requests("token")] == [130101, "310000", None, None, 0, None, None, 0]


def test_a_message_that_would_be_refused_is_not_shown_before_a_drop() -> None:
    fake = one()
    fake.misbehave("token", Fault(drop="after"))
    assert post(fake, {}).dropped
    assert fake.shown("token") == ()


def test_only_a_robot_that_exists_can_misbehave() -> None:
    with pytest.raises(KeyError):
        one().misbehave("other", Fault(drop="after"))
    fake = FakeDingTalk(any_token=True)
    fake.misbehave("other", Fault(errcode=1))
    assert code(post(fake, query="access_token=other")) == 1


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        "drop",
        {"drop": "never"},
        {"drop": None},
        {"errcode": 1.5},
        {"errcode": True},
        {"delay": "1"},
        {"delay": -1},
        {"status": "500"},
        {"delay": float("nan")},
        {"status": 42},
        {"shown": 1},
        {"body": {}},
        {"other": 1},
        {"headers": []},
        {"headers": {"a": 1}},
        {"headers": {"a": "b\r\nc: d"}},
        {"drop": []},
    ],
)
def test_a_fault_that_is_none_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"fault|drop|wrong"):
        Fault.from_json(value)


def test_faults_come_from_json() -> None:
    assert Fault.from_json({"drop": "after"}) == Fault(drop="after")
    assert Fault.from_json({"headers": {"Retry-After": "5"}}) == Fault(headers={"Retry-After": "5"})
    assert Fault.from_json({"errcode": "0", "delay": 2, "shown": True}) == Fault(errcode="0", delay=2, shown=True)


def test_waiting_for_messages_ends_in_any_case() -> None:
    fake = one()
    assert fake.wait_for_shown("token", 1, timeout=0.0) == ()
    post(fake)
    assert fake.wait_for_shown("token", 1, timeout=60.0) == (TEXT,)
    assert fake.wait_for_shown("other", 1, timeout=0.0) == ()


def test_everything_the_notifier_sends_is_shown(site: Site) -> None:
    robot = FakeRobot(secret=SECRET, keyword="告警", per_minute=0)
    fake = FakeDingTalk({"token": robot}, clock=lambda: NOW + 3000)
    notifier = DingTalkNotifier(DingTalkSettings(access_token="token", sign_key=SECRET, keyword="告警"), site)
    messages = [*MESSAGES.values(), Message("标题" * 9999)]
    for number, message in enumerate(messages):
        for form in range(notifier.forms):
            payload = notifier.render(message, form=form)
            request = notifier.request(payload, now=NOW, idempotency_key=f"{number}-{form}")
            assert "%25" not in request.url
            notifier.judge(deliver(fake, request))
    assert len(fake.shown("token")) == len(messages) * notifier.forms


def test_an_attempt_that_is_repeated_is_shown_once(site: Site) -> None:
    fake = FakeDingTalk({"token": FakeRobot(secret=SECRET)}, clock=lambda: NOW)
    notifier = DingTalkNotifier(DingTalkSettings(access_token="token", sign_key=SECRET), site)
    payload = notifier.render(MESSAGES["emoji"])
    for now in (NOW, NOW + 60):
        notifier.judge(deliver(fake, notifier.request(payload, now=now, idempotency_key="one")))
    assert [dict(shown) for shown in fake.shown("token")] == [{**payload, "msgUuid": "one"}]
