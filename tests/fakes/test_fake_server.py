"""The fake robots over a real socket: vendors by path, questions and faults of other processes, and the command."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
import yaml

from notifiers.messages import MESSAGES
from posthouse import HttpReply
from posthouse.core.plugin import Site
from posthouse.fakes import (
    FakeDingTalk,
    FakeFeishu,
    FakeFeishuRobot,
    FakeRobot,
    FakeRobots,
    FakeWeCom,
    FakeWeComRobot,
    Fault,
    running,
)
from posthouse.notifiers.dingtalk import DingTalkNotifier, DingTalkSettings

TEXT = {"msgtype": "text", "text": {"content": "hello"}}
NOW = 1_700_000_000.0


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


def test_every_vendor_is_at_its_own_path(client: urllib3.PoolManager) -> None:
    feishu, wecom = FakeFeishu({"a b": FakeFeishuRobot()}), FakeWeCom({"token": FakeWeComRobot()})
    with running(FakeRobots(FakeDingTalk({"token": FakeRobot()}), feishu, wecom)) as address:
        at = '<at user_id="ou_lilei">李雷</at>'
        text = {"msg_type": "text", "content": {"text": at}}
        to_feishu = client.request("POST", f"{address}/open-apis/bot/v2/hook/a%20b", json=text)
        to_wecom = client.request("POST", f"{address}/cgi-bin/webhook/send?key=token", json=TEXT)
        assert (to_feishu.json()["code"], to_wecom.json()["errcode"]) == (0, 0)
        assert send(client, address).json()["errcode"] == 0
        assert client.request("GET", f"{address}/robots/feishu/a%20b/shown").json() == [text]
        assert client.request("GET", f"{address}/robots/feishu/a%20b/mentions").json() == [["ou_lilei"]]
        assert client.request("GET", f"{address}/robots/wecom/token/shown").json() == [TEXT]
        assert client.request("GET", f"{address}/robots/wecom/token/requests").json()[0]["query"] == "key=token"
        # Without a vendor's name, the first one is meant.
        assert client.request("GET", f"{address}/robots/dingtalk/token/shown").json() == [TEXT]
        assert client.request("GET", f"{address}/robots/token/mentions").json() == [[]]
        assert client.request("GET", f"{address}/robots/slack/token/shown").status == 404


def test_a_fault_is_ordered_from_one_vendor_s_robot(client: urllib3.PoolManager) -> None:
    app = FakeRobots(FakeDingTalk(any_token=True), FakeFeishu(any_token=True), FakeWeCom(any_token=True))
    with running(app) as address:
        fault = {"errcode": 99991400, "headers": {"x-ogw-ratelimit-reset": "3"}}
        ordered = client.request("POST", f"{address}/robots/feishu/token/misbehave", json=fault)
        assert ordered.json() == {"faults": 1}
        assert send(client, address).json()["errcode"] == 0
        reply = client.request("POST", f"{address}/open-apis/bot/v2/hook/token", json={})
        assert (reply.status, reply.json()["code"]) == (429, 99991400)
        assert reply.headers["x-ogw-ratelimit-reset"] == "3"


def test_a_vendor_that_is_not_served_is_not_there(address: str, client: urllib3.PoolManager) -> None:
    assert client.request("POST", f"{address}/open-apis/bot/v2/hook/token", json={}).status == 404
    assert client.request("GET", f"{address}/robots/feishu/token/shown").status == 404


@pytest.mark.parametrize("vendors", [(), (FakeDingTalk(), FakeDingTalk())])
def test_there_is_one_fake_of_each_vendor_at_most(vendors: tuple[FakeDingTalk, ...]) -> None:
    with pytest.raises(ValueError, match="vendor"):
        FakeRobots(*vendors)


def test_what_utf_8_cannot_hold_can_be_asked_for_all_the_same(address: str, client: urllib3.PoolManager) -> None:
    half = b'{"msgtype":"text","text":{"content":"\\ud83d"}}'
    headers = {"content-type": "application/json"}
    url = f"{address}/robot/send?access_token=token"
    assert client.request("POST", url, body=half, headers=headers).json()["errcode"] == 0
    assert client.request("GET", f"{address}/robots/token/shown").json()[0]["text"] == {"content": "\ud83d"}
    assert client.request("GET", f"{address}/").status == 200


def test_other_processes_can_make_a_robot_misbehave(address: str, client: urllib3.PoolManager) -> None:
    faults = [{"errcode": 660026}, {"status": 502, "body": "<p>"}]
    answer = client.request("POST", f"{address}/robots/token/misbehave", json=faults)
    assert (answer.status, answer.json()) == (200, {"faults": 2})
    assert send(client, address).json()["errcode"] == 660026
    assert (send(client, address).status, send(client, address).json()["errcode"]) == (502, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[{}]", b'[{"drop":"x"}]', b'{"nix":1}', b"[1]", b"[" * 20_000])
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
    assert html.count('class="window dingtalk"') == 2
    assert "01234567" in html
    assert token not in html
    assert "hello" in html


def test_the_page_may_load_and_run_nothing(address: str, client: urllib3.PoolManager) -> None:
    headers = client.request("GET", f"{address}/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert headers["X-Content-Type-Options"] == "nosniff"


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
        hook, key = f"{address}/open-apis/bot/v2/hook/x", f"{address}/cgi-bin/webhook/send?key=x"
        assert [client.request("POST", hook, json=TEXT).json()["code"] for _ in range(2)] == [19021, 11232]
        assert [client.request("POST", key, json=TEXT).json()["errcode"] for _ in range(2)] == [0, 45009]
        process.send_signal(number)
        example = "\n".join(line for line in process.stdout.read().splitlines() if line.startswith(("config", " ")))
        (notify,) = [webhook["notify"] for webhook in yaml.safe_load(example)["config"]["webhooks"]]
        assert notify == {
            "ding_talk": {"url": f"{address}/robot/send", "access_token": "demo-robot", "sign_key": "SECdemo"},
            "fei_shu": {"url": f"{address}/open-apis/bot/v2/hook/demo-robot", "sign_key": "SECdemo"},
            "wechat": {"url": f"{address}/cgi-bin/webhook/send?key=demo-robot"},
        }
        assert process.wait(30.0) == 0
