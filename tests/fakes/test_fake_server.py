"""The fake robots over a real socket, and the page that shows what they were told."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from notifiers.messages import HOSTILE, MESSAGES
from notifiers.strategies import ANY_TEXT
from posthouse import HttpReply
from posthouse.core.plugin import Site
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, Fault, running
from posthouse.fakes.page import markdown, page
from posthouse.notifiers.dingtalk import DingTalkNotifier, DingTalkSettings

TEXT = {"msgtype": "text", "text": {"content": "hello"}}
NOW = 1_700_000_000.0
HARMLESS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "em", "strong")
SAFE = 'rel="noreferrer noopener"'


@pytest.fixture
def dingtalk() -> FakeDingTalk:
    return FakeDingTalk({"token": FakeRobot()}, any_token=True, clock=lambda: NOW)


@pytest.fixture
def address(dingtalk: FakeDingTalk) -> Iterator[str]:
    with running(FakeRobots(dingtalk)) as address:
        yield address


@pytest.fixture
def client() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False, timeout=30.0) as pool:
        yield pool


def send(client: urllib3.PoolManager, address: str, payload: Any = TEXT, **more: Any) -> urllib3.BaseHTTPResponse:
    return client.request("POST", f"{address}/robot/send?access_token=token", json=payload, **more)


def test_the_notifier_and_the_robot_understand_each_other(site: Site, client: urllib3.PoolManager) -> None:
    secret = "SECdemo0123456789abcdef"
    dingtalk = FakeDingTalk({"a/b+c": FakeRobot(secret=secret)}, clock=lambda: NOW)
    with running(FakeRobots(dingtalk)) as address:
        settings = DingTalkSettings(url=f"{address}/robot/send", access_token="a/b+c", sign_key=secret)
        notifier = DingTalkNotifier(settings, site)
        for name in ("push_two_commits", "hostile_everywhere", "right_to_left"):
            # This moment's signature holds "/" and "+".
            request = notifier.request(notifier.render(MESSAGES[name]), now=NOW + 0.002, idempotency_key=name)
            reply = client.urlopen("POST", request.url, headers=dict(request.headers), body=request.body)
            notifier.judge(HttpReply(reply.status, {}, reply.data))
    assert [payload["msgUuid"] for payload in dingtalk.shown("a/b+c")] == [
        "push_two_commits",
        "hostile_everywhere",
        "right_to_left",
    ]
    assert all("%25" not in request.query for request in dingtalk.requests("a/b+c"))


def test_other_processes_can_ask_what_was_shown(address: str, client: urllib3.PoolManager) -> None:
    send(client, address)
    send(client, address, {})
    assert client.request("GET", f"{address}/robots/token/shown").json() == [TEXT]
    assert client.request("GET", f"{address}/robots/token/requests").json() == [
        {"at": NOW, "query": "access_token=token", "payload": TEXT, "code": 0, "shown": True},
        {"at": NOW, "query": "access_token=token", "payload": {}, "code": 400105, "shown": False},
    ]
    assert client.request("GET", f"{address}/robots/other/shown").json() == []
    assert client.request("GET", f"{address}/healthz").json() == {"status": "ok"}


def test_other_processes_can_make_a_robot_misbehave(address: str, client: urllib3.PoolManager) -> None:
    faults = [{"errcode": 660026}, {"status": 502, "body": "<p>"}]
    answer = client.request("POST", f"{address}/robots/token/misbehave", json=faults)
    assert (answer.status, answer.json()) == (200, {"faults": 2})
    assert send(client, address).json()["errcode"] == 660026
    assert (send(client, address).status, send(client, address).json()["errcode"]) == (502, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[{}]", b'[{"drop":"x"}]', b'{"nix":1}', b"[1]"])
def test_a_fault_that_is_none_is_a_bad_request(address: str, client: urllib3.PoolManager, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = client.request("POST", f"{address}/robots/token/misbehave", body=body, headers=headers)
    assert answer.status == 400
    assert answer.json()["error"]


def test_a_robot_that_does_not_exist_cannot_misbehave(client: urllib3.PoolManager) -> None:
    with running(FakeRobots(FakeDingTalk())) as address:
        answer = client.request("POST", f"{address}/robots/token/misbehave", json=[{"errcode": 1}])
        assert answer.status == 404


@pytest.mark.parametrize("path", ["/nothing", "/robots", "/robots/token", "/robots/token/other", "/robot/send/x"])
def test_elsewhere_there_is_nothing(address: str, client: urllib3.PoolManager, path: str) -> None:
    assert client.request("GET", address + path).status == 404
    assert client.request("POST", address + path, json={}).status == 404


def test_the_wrong_method_gets_dingtalk_s_answer(address: str, client: urllib3.PoolManager) -> None:
    answer = client.request("GET", f"{address}/robot/send?access_token=token")
    assert (answer.status, answer.json()["errcode"]) == (200, 43002)


@pytest.mark.parametrize(("drop", "shown"), [("before", 0), ("after", 1)])
def test_a_dropped_connection_fails_the_client(
    dingtalk: FakeDingTalk, address: str, client: urllib3.PoolManager, drop: Any, shown: int
) -> None:
    dingtalk.misbehave("token", Fault(drop=drop))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        send(client, address)
    assert len(dingtalk.shown("token")) == shown
    assert send(client, address).status == 200


def test_a_late_answer_fails_a_client_that_does_not_wait(
    dingtalk: FakeDingTalk, address: str, client: urllib3.PoolManager
) -> None:
    dingtalk.misbehave("token", Fault(delay=60.0))
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        send(client, address, timeout=0.1)
    assert dingtalk.shown("token") == (TEXT,)


def test_a_late_answer_comes(dingtalk: FakeDingTalk, address: str, client: urllib3.PoolManager) -> None:
    dingtalk.misbehave("token", Fault(delay=0.05))
    assert send(client, address).json()["errcode"] == 0


def test_stopping_does_not_wait_for_late_answers(dingtalk: FakeDingTalk, client: urllib3.PoolManager) -> None:
    dingtalk.misbehave("token", Fault(delay=600.0))
    errors: list[Exception] = []

    def impatient() -> None:
        try:
            send(client, address)
        except urllib3.exceptions.HTTPError as error:
            errors.append(error)

    before = threading.active_count()
    with running(FakeRobots(dingtalk)) as address:
        thread = threading.Thread(target=impatient)
        thread.start()
        assert dingtalk.wait_for_shown("token", 1, timeout=30.0)
    thread.join(30.0)
    assert len(errors) == 1
    assert threading.active_count() <= before + 1


def test_the_same_robots_can_be_served_again_on_the_same_port(
    dingtalk: FakeDingTalk, client: urllib3.PoolManager
) -> None:
    app = FakeRobots(dingtalk)
    with running(app) as first:
        send(client, first)
    with running(app, port=int(first.rpartition(":")[2])) as second:
        send(client, second)
    assert first == second
    assert len(dingtalk.shown("token")) == 2


def test_a_port_that_is_taken_is_an_error(dingtalk: FakeDingTalk, address: str) -> None:
    with pytest.raises(OSError, match="in use"), running(FakeRobots(dingtalk), port=int(address.rpartition(":")[2])):
        pass


def test_many_clients_are_answered_at_once(dingtalk: FakeDingTalk, address: str) -> None:
    def work() -> None:
        with urllib3.PoolManager(retries=False) as own:
            for number in range(20):
                url = f"{address}/robot/send?access_token=robot-{number}"
                own.request("POST", url, json=TEXT)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert [len(dingtalk.shown(f"robot-{number}")) for number in range(20)] == [4] * 20


# The page


def test_the_page_shows_a_window_for_each_robot(
    dingtalk: FakeDingTalk, address: str, client: urllib3.PoolManager
) -> None:
    token = "0123456789abcdef"
    client.request("POST", f"{address}/robot/send?access_token={token}", json=TEXT)
    answer = client.request("GET", f"{address}/")
    html = answer.data.decode("utf-8")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<html lang="zh">' in html
    assert '<meta http-equiv="refresh" content="2">' in html
    assert html.count('class="window"') == 2
    assert "01234567" in html
    assert token not in html
    assert "hello" in html


def test_the_page_may_load_and_run_nothing(address: str, client: urllib3.PoolManager) -> None:
    headers = client.request("GET", f"{address}/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "payload",
    [
        {"msgtype": "text", "text": {"content": HOSTILE}},
        {"msgtype": "markdown", "markdown": {"title": HOSTILE, "text": f"# {HOSTILE}\n\n{HOSTILE}\n- {HOSTILE}"}},
        {"msgtype": "link", "link": {"title": HOSTILE, "text": HOSTILE, "messageUrl": "javascript:alert(1)"}},
        {"msgtype": "feedCard", "feedCard": {"links": [{"title": HOSTILE, "messageURL": "'\"><x>", "picURL": "x"}]}},
        {
            "msgtype": "actionCard",
            "actionCard": {
                "title": HOSTILE,
                "text": HOSTILE,
                "btns": [
                    {"title": HOSTILE, "actionURL": "javascript:alert(1)"},
                    {"title": HOSTILE, "actionURL": "dingtalk://dingtalkclient/page/link?url=javascript%3Aalert(1)"},
                    {"title": HOSTILE, "actionURL": 'https://h/"onclick="alert(1)'},
                ],
            },
        },
    ],
)
def test_nothing_in_a_message_becomes_html(payload: dict[str, Any]) -> None:
    dingtalk = FakeDingTalk(any_token=True)
    dingtalk.misbehave("<b>token", Fault(errcode="<b>x"))
    with running(FakeRobots(dingtalk)) as address, urllib3.PoolManager(retries=False) as client:
        for _ in range(2):
            client.request("POST", f"{address}/robot/send?access_token=%3Cb%3Etoken", json=payload)
    html = page(dingtalk)
    assert len(dingtalk.shown("<b>token")) == 1
    for sign in ("<at", "<font", "<script", "<img", "<x>", "<b>", 'javascript:alert(1)"', '"onclick'):
        assert sign not in html


@given(ANY_TEXT)
@hypothesis_settings(deadline=None, max_examples=300)
def test_markdown_is_drawn_with_harmless_tags_only(text: str) -> None:
    html = markdown(text)
    tags = set(re.findall(r"<[^>]*>", html))
    harmless = {f"<{end}{name}>" for end in ("", "/") for name in HARMLESS}
    links = {tag for tag in tags if re.fullmatch(r'<a href="https?://[^"]+" rel="noreferrer noopener">', tag)}
    assert tags <= harmless | links | {"<br>", "</a>"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("#### Title\n\ntext", "<h4>Title</h4><p>text</p>"),
        ("a\nb", "<p>a b</p>"),
        ("a  \nb", "<p>a<br>b</p>"),
        ("> a  \n> b", "<blockquote>a<br>b</blockquote>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("**a** *b* feature_x_y", "<p><strong>a</strong> <em>b</em> feature_x_y</p>"),
        (
            "[a & b](https://h/?x=1&y=2)",
            f'<p><a href="https://h/?x=1&amp;y=2" {SAFE}>a &amp; b</a></p>',
        ),
        ("[a](ftp://h/)", "<p>a</p>"),
        ("![a](https://h/p.png)", "<p>🖼 a</p>"),
        (
            "[a](dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fh%2F&pc_slide=false)",
            f'<p><a href="https://h/" {SAFE}>a</a></p>',
        ),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
    ],
)
def test_markdown_is_drawn_as_dingtalk_does(text: str, html: str) -> None:
    assert markdown(text) == html


# The command


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_runs_until_it_is_told_to_stop(number: signal.Signals, client: urllib3.PoolManager) -> None:
    script = "from posthouse.cli.fakes import fakes; fakes()"
    command = [sys.executable, "-c", script, "--port", "0", "--secret", "SECdemo", "--per-minute", "1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        assert client.request("POST", f"{address}/robot/send?access_token=x", json=TEXT).json()["errcode"] == 310000
        assert client.request("POST", f"{address}/robot/send?access_token=x", json=TEXT).json()["errcode"] == 660026
        process.send_signal(number)
        assert f"url: {address}/robot/send" in process.stdout.read()
        assert process.wait(30.0) == 0
