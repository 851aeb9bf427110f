"""Robots that the Apprise library speaks to: what may be configured, what they are sent, and what its words mean."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loopback import Caller, listening
from notifiers.messages import HOSTILE, MESSAGES, SERVER
from posthouse import (
    Bold,
    Buttons,
    Code,
    Fields,
    HttpReply,
    Items,
    Level,
    Link,
    Mention,
    Message,
    Payload,
    People,
    Person,
    Rejected,
    Site,
    Text,
    TryLater,
)
from posthouse.config import load
from posthouse.core.errors import ConfigError, DeliveryError
from posthouse.notifiers.apprise import AppriseNotifier, AppriseSettings
from posthouse.transport import Transport

TOKEN = "token-0123456789abcdef"
JSON = f"json://lilei:{TOKEN}@127.0.0.1:9/hook"
SLACK = "slack://TDEMODEMO/ADEMODEMO/demodemodemodemodemodemo/#finance"
TELEGRAM = "tgram://123456789:demo_demodemodemo/12345"
TEXT_MESSAGES = "clicksend://lilei:demodemo@13005550001"
DISCORD = "discord://123456789012345678/demodemodemodemodemodemodemodemodemo"
MAIL = "mailto://lilei:demodemo@example.com"
TEAMS = "workflows://teams.example.com/demodemodemodemodemodemodemodemo/demodemodemo/"
ROOMS = {TEAMS: 1000, JSON: 20_000, SLACK: 20_000, TELEGRAM: 4096, TEXT_MESSAGES: 160, DISCORD: 2000, MAIL: 20_000}
LI_LEI = Person("Li Lei", frozenset({"gitlab:lilei"}), ids={"apprise": "nobody-uses-this"})
EN = Site(language="en", people=People((LI_LEI,)))
BUTTON = Buttons((Link("Open", f"{SERVER}/1"),))


def notifier(url: str = JSON, site: Site = EN, **settings: Any) -> AppriseNotifier:
    return AppriseNotifier(AppriseSettings(url=url, **settings), site)


def refused(url: str) -> str:
    """Return why a URL cannot be configured, which never shows any of it."""
    with pytest.raises(ValidationError) as caught:
        AppriseSettings(url=url)
    text = str(caught.value)
    assert TOKEN not in text
    return text


def reply(*said: str, notified: bool = False, late: bool = False) -> HttpReply:
    return HttpReply(200, {}, json.dumps({"notified": notified, "late": late, "said": said}).encode())


def judged(*said: str, url: str = JSON, late: bool = False) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        notifier(url).judge(reply(*said, late=late))
    return caught.value


def size(robot: AppriseNotifier, payload: Payload) -> int:
    """Return how many characters the service counts, with the title where it is a part of the text."""
    text = robot._service.converted(payload["body"], payload["format"])
    return len(text) + (len(payload["title"]) if robot._service.counts else 0)


@pytest.mark.parametrize("url", list(ROOMS))
def test_a_url_that_apprise_understands_is_a_robot(url: str) -> None:
    assert notifier(url).identity() == url
    assert notifier(f" {url}\n").identity() == url
    assert notifier(url).warnings() == ()


def test_an_address_as_the_service_shows_it_is_a_robot_too() -> None:
    robot = notifier("https://hooks.slack.com/services/TDEMODEMO/ADEMODEMO/demodemodemodemodemodemo")
    assert robot.render(Message("t", (Text((Bold("b"),)),)))["format"] == "markdown"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"no-such-service://{TOKEN}", "Apprise knows no service for this url"),
        (TOKEN, "Apprise knows no service for this url"),
        (f"https://gitlab.example.com/{TOKEN}", "Apprise knows no service for this url"),
        (f"slack://{TOKEN}/x", "Apprise does not understand what stands behind slack://, see https://"),
        (f"mqtt://127.0.0.1/{TOKEN}", "Apprise needs a further package for mqtt://, see https://"),
        (f"json://127.0.0.1/{TOKEN}, json://127.0.0.1/x", "url must be one Apprise URL"),
        (f"json://127.0.0.1/{TOKEN} mailto://example.com", "url must be one Apprise URL"),
        (f"dingtalk://{TOKEN}", "use ding_talk"),
        (f"feishu://{TOKEN}", "use fei_shu"),
        (f"lark://{TOKEN}", "use fei_shu"),
        (f"wecombot://{TOKEN}", "use wechat"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}", "use wechat"),
        (f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}", "are for ding_talk"),
        ("syslog://", "reaches nobody but this machine"),
        ("dbus://", "reaches nobody but this machine"),
        ("windows://", "reaches nobody but this machine"),
    ],
)
def test_what_is_no_robot_is_refused_with_a_reason(url: str, why: str) -> None:
    assert why in refused(url)


def test_a_robot_needs_a_url() -> None:
    with pytest.raises(ValidationError, match="Field required"):
        AppriseSettings()  # type: ignore[call-arg]


def test_who_lacks_the_library_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert 'pip install "posthouse[apprise]"' in refused(JSON)


def test_who_has_no_such_robot_does_not_load_the_library() -> None:
    code = (
        "import sys; from posthouse.discovery import discover; from posthouse.transport import Transport\n"
        "assert 'apprise' in discover().notifiers; Transport().close()\n"
        "print(sys.modules.keys() & {'apprise', 'requests'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_wrong_url_is_told_with_its_place_and_without_it(tmp_path: Path) -> None:
    file = tmp_path / "posthouse.yml"
    file.write_text(
        "config:\n  webhooks:\n    - webhook_id: finance\n      type: GITLAB\n      notify:\n"
        f"        apprise:\n          url: slack://{TOKEN}/x\n"
    )
    with pytest.raises(ConfigError) as caught:
        load(file)
    problems = [str(problem) for problem in caught.value.problems]
    assert any("apprise" in problem and "does not understand" in problem for problem in problems)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        (JSON, {JSON, TOKEN, "lilei"}),
        ("json://u:pw@127.0.0.1/a%2Fb+demo?method=POST&format=text", {"pw", "a%2Fb+demo", "a/b demo"}),
        (f"json://127.0.0.1/?+X-Token={TOKEN}&overflow=split", {TOKEN}),
    ],
)
def test_every_part_of_a_url_is_a_secret(url: str, secrets: set[str]) -> None:
    found = set(AppriseSettings(url=url).secrets())
    assert found >= secrets
    assert not found & {"text", "POST", "split", "json"}


def test_several_receivers_are_warned_of() -> None:
    (warning,) = notifier(f"{TEXT_MESSAGES}/13005550002").warnings()
    assert "2 receivers" in warning


def test_what_is_told_of_a_message_in_text() -> None:
    message = Message(
        "Li Lei pushed",
        (
            Text(("Project ", Link("finance/ledger", f"{SERVER}/finance/ledger"))),
            Fields((("Branch", (Code("main"),)), ("State", (Bold("failed"),)))),
            Items(((Link("0a1b2c3d", f"{SERVER}/c/1"), " fix"),), more=2),
            Buttons((Link("Changes", f"{SERVER}/d"), Link("nowhere", "javascript:alert(1)"))),
        ),
        level=Level.FAILURE,
    )
    assert notifier().render(message) == {
        "title": "❌ Li Lei pushed",
        "body": (
            f"Project finance/ledger ({SERVER}/finance/ledger)\nBranch: main\nState: failed\n"
            f"- 0a1b2c3d ({SERVER}/c/1) fix\n- … 2 more\nChanges ({SERVER}/d)"
        ),
        "level": "failure",
        "format": "text",
    }
    assert notifier(SLACK).render(message)["body"] == (
        f"Project [finance/ledger]({SERVER}/finance/ledger)\n\n**Branch**: main  \n**State**: **failed**\n\n"
        f"- [0a1b2c3d]({SERVER}/c/1) fix\n- … 2 more\n\n[Changes]({SERVER}/d)"
    )


def test_the_url_can_ask_for_another_format() -> None:
    message = Message("t", (Text((Bold("b"),)),))
    assert notifier(f"{JSON}?format=markdown").render(message)["body"] == "**b**"
    assert notifier(f"{MAIL}?format=text").render(message)["body"] == "b"
    assert notifier(MAIL).render(message)["body"] == "**b**"


@pytest.mark.parametrize("url", list(ROOMS))
def test_the_plain_form_is_a_title_and_a_button(url: str) -> None:
    payload = notifier(url).render(MESSAGES["pipeline_failed"], form=1)
    assert payload["title"] == "❌ 流水线 #99 失败"
    if url == TEAMS:
        # What is given to it as a text has a backslash before every full stop.
        assert (payload["format"], payload["body"]) == ("markdown", f"[任务 0]({SERVER}/j/0)")
    else:
        assert (payload["format"], payload["body"]) == ("text", f"任务 0 ({SERVER}/j/0)")


def test_a_message_without_a_text_has_one_all_the_same() -> None:
    assert notifier().render(Message("t"))["body"] == "t"
    payload = notifier(TEXT_MESSAGES).render(Message("t"))
    assert (payload["title"], payload["body"]) == ("", "t")


def test_people_are_shown_by_their_names_and_nobody_is_called() -> None:
    lilei, unknown = Mention("lilei", ("gitlab:lilei",)), Mention("@hanmeimei", ("gitlab:hanmeimei",))
    guess = Mention("Override", ("gitlab:Override",), guess=True)
    message = Message("t", (BUTTON,), mentions=(lilei, unknown, guess), everybody=True)
    assert notifier().render(message)["body"].startswith("For: everybody, Li Lei, ＠hanmeimei\nOpen")
    chinese = notifier(site=Site(language="zh")).render(message)["body"]
    assert chinese.startswith("提醒：所有人、lilei、＠hanmeimei\n")


@pytest.mark.parametrize(
    "typed",
    [
        "@everyone",
        "@here",
        "li@here",
        "@channel!",
        "<!channel>",
        "<!here|here>",
        "<@U0DEMO>",
        "<@&42>",
        "@lilei",
        "@**all**",
    ],
)
@pytest.mark.parametrize("url", list(ROOMS))
def test_what_a_user_types_calls_nobody(url: str, typed: str) -> None:
    robot = notifier(url)
    for form in range(robot.forms):
        payload = robot.render(Message(typed, (Text((f"see {typed}",)),)), form=form)
        shown = f"{payload['title']}\n{robot._service.converted(payload['body'], payload['format'])}"
        assert "@" not in shown
        assert "<!" not in shown


def test_an_address_of_mail_stays_as_it_is() -> None:
    assert notifier().render(Message("t", (Text(("lilei@example.com",)),)))["body"] == "lilei@example.com"


@pytest.mark.parametrize("url", list(ROOMS))
def test_no_link_image_or_tag_of_a_user_s_survives_the_library(url: str) -> None:
    robot = notifier(url)
    payload = robot.render(MESSAGES["hostile_everywhere"])
    shown = robot._service.converted(payload["body"], payload["format"])
    for sign in ("<script", "<font", "<at", "<img", "<!", "](javascript:", "](http://h", 'href="http://h', "<http://h"):
        assert sign not in shown


@pytest.mark.parametrize(("url", "room"), ROOMS.items())
def test_no_message_is_longer_than_the_service_takes(url: str, room: int) -> None:
    robot = notifier(url)
    rows = Items(tuple((Link(f"{number}", f"{SERVER}/{number}"), " 修复 👍🏽 & " * 9) for number in range(900)))
    for blocks in ((rows, BUTTON), (Text((HOSTILE * 300,)), BUTTON), (Text(("a_b & c " * 9000,)),), ()):
        for title in ("标题" * 3000, "👍" * 3000, "t"):
            for form in range(robot.forms):
                payload = robot.render(Message(title, blocks, level=Level.WARNING), form=form)
                assert size(robot, payload) <= room
                assert len(payload["title"]) <= 250
                assert payload["body"].strip()


def test_a_text_message_has_its_title_before_its_address() -> None:
    robot = notifier(TEXT_MESSAGES)
    far = Buttons((Link("Open", f"{SERVER}/{'x' * 80}"),))
    payload = robot.render(Message("a title that is cut where it must be cut, for nobody takes more", (far,)))
    assert payload["title"].startswith("a title that is cut")
    assert payload["title"].endswith("…")
    assert payload["body"] == f"Open ({SERVER}/{'x' * 80})"
    farther = Buttons((Link("Open", f"{SERVER}/{'x' * 800}"),))
    payload = robot.render(Message("a title", (farther,)))
    assert (payload["title"], payload["body"]) == ("", "a title")


def test_what_is_not_shown_whole_is_known() -> None:
    short, long = Message("t", (BUTTON,)), Message("t", (Text(("x" * 3000,)), BUTTON))
    assert notifier(DISCORD).is_whole(short)
    assert not notifier(DISCORD).is_whole(long)
    assert notifier(SLACK).is_whole(long)
    assert not notifier(SLACK).is_whole(Message("t" * 251))


def test_a_keyword_is_added_where_it_lacks() -> None:
    assert notifier(keyword="finance").render(Message("t", (BUTTON,)))["body"].endswith("\nfinance")
    assert notifier(keyword="finance").render(Message("finance", (BUTTON,)))["body"] == f"Open ({SERVER}/1)"


def test_a_success_is_the_library_s_word_and_nothing_else() -> None:
    notifier().judge(reply(notified=True))
    for body in (b'{"notified": 1}', b'{"notified": "true"}', b'{"said": []}'):
        with pytest.raises(TryLater):
            notifier().judge(HttpReply(200, {}, body))
    with pytest.raises(TryLater):
        notifier().judge(HttpReply(500, {}, b'{"notified": true}'))


FAILED = "Failed to send Slack notification: Page not found., error={}."
REFUSED = (
    "Socket Exception: HTTPConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /x (Caused by {})"
)


@pytest.mark.parametrize(
    ("said", "verdict", "kind"),
    [
        (FAILED.format(400), "message", Rejected),
        (FAILED.format(413), "message", Rejected),
        (FAILED.format(401), "config", Rejected),
        (FAILED.format(403), "config", Rejected),
        (FAILED.format(302), "config", Rejected),
        (FAILED.format(404), "config", Rejected),
        (FAILED.format(410), "config", Rejected),
        (FAILED.format(429), "throttled", TryLater),
        (FAILED.format(500), "transient", TryLater),
        (FAILED.format(503), "transient", TryLater),
        ("Failed to send Slack notification: channel_not_found, error=200.", "config", Rejected),
        ("Failed to send Telegram notification: Bad Request: chat not found, error=400.", "config", Rejected),
        (REFUSED.format("NewConnectionError('refused')"), "transient", TryLater),
        (REFUSED.format("ConnectTimeoutError('late')"), "transient", TryLater),
        (REFUSED.format("NameResolutionError('unknown')"), "transient", TryLater),
        (REFUSED.format("SSLError('wrong version')"), "transient", TryLater),
        (REFUSED.format("ProxyError('unreachable')"), "transient", TryLater),
        ("Socket Exception: [Errno 111] Connection refused", "transient", TryLater),
        ("Socket Exception: HTTPConnectionPool(…): Read timed out. (read timeout=7.0)", "ambiguous", TryLater),
        ("Socket Exception: ('Connection aborted.', RemoteDisconnected('…'))", "ambiguous", TryLater),
        ("Socket Exception: (535, b'5.7.8 authentication failed')", "config", Rejected),
        ("Socket Exception: {'lilei@example.com': (550, b'no such user')}", "config", Rejected),
        ("SMTP recipient lilei@example.com was refused: 552 b'too much'", "message", Rejected),
        ("Socket Exception: (421, b'come back later')", "transient", TryLater),
        ("Notification service 'Slack' raised an exception.", "ambiguous", TryLater),
    ],
)
def test_what_the_library_writes_down_decides(said: str, verdict: str, kind: type[DeliveryError]) -> None:
    error = judged(said)
    assert (error.verdict, type(error)) == (verdict, kind)
    assert error.answer
    assert error.remedy


def test_a_refused_text_is_tried_in_the_plain_form() -> None:
    error = judged(FAILED.format(400))
    assert isinstance(error, Rejected)
    assert error.simpler_may_pass


def test_what_may_have_been_shown_is_not_tried_for_ever() -> None:
    for error in (judged(late=True), judged("Service 'Slack' did not finish within 10.100s.", late=True), judged()):
        assert isinstance(error, TryLater)
        assert (error.verdict, error.attempts) == ("ambiguous", 2)


def test_of_several_receivers_some_may_have_got_it() -> None:
    error = judged(REFUSED.format("NewConnectionError('refused')"), url=f"{TEXT_MESSAGES}/13005550002")
    assert isinstance(error, TryLater)
    assert (error.verdict, error.attempts) == ("ambiguous", 2)


def test_what_a_service_repeats_of_a_message_decides_nothing() -> None:
    error = judged(FAILED.format(500), "Response Details:\nb'chat not found, error=401'")
    assert error.verdict == "transient"


def test_people_are_shown_what_a_service_said_and_no_secret() -> None:
    error = judged(
        FAILED.format(403),
        f"Response Details:\nb'no robot {TOKEN}'",
        f"Socket Exception: url: /{TOKEN}",
    )
    assert error.answer == "Failed to send Slack notification: Page not found., error=403. b'no robot ***'"


def test_a_message_goes_the_whole_way() -> None:
    received = []

    def talk(caller: Caller) -> None:
        received.append(caller.request())
        caller.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with listening(talk) as address:
        robot = notifier(f"json://lilei:{TOKEN}@{address}/hook")
        sent = robot.request(robot.render(MESSAGES["warning"]), now=1.0, idempotency_key="k")
        robot.judge(Transport().send(sent))
    told = json.loads(received[0].partition(b"\r\n\r\n")[2])
    assert (told["title"], told["message"], told["type"]) == ("⚠️ 分支 main 被删除", "⚠️ 分支 main 被删除", "warning")
