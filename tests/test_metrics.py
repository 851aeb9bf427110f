"""What Prometheus reads: names, labels and numbers, of one process and of the processes of ``posthouse serve``."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
import urllib3
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from house import House, open_house
from loopback import Caller, listening
from posthouse.config import load
from posthouse.core.errors import ConfigError, TryLater
from posthouse.core.http import HttpReply
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, running
from posthouse.meters import CONTENT_TYPE, IntakeMeters, Page
from posthouse.outbox import Outbox
from posthouse.web import create_app
from posthouse.web.metrics import Metrics

CONFIG = """\
config:
  server: {language: en, repeat_window: 0}
  plugins: [plugin.py]
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      events: {pipeline: off}
      notify:
        ding_talk: {access_token: token-one, sign_key: SECone, monthly_quota: 100}
    - webhook_id: ops
      type: GITLAB
      notify:
        ding_talk: {access_token: token-two, keyword: news, digest: "off"}
"""
PLUGIN = """\
from posthouse import EventHandler, Message, No
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class ThinksHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Thinks Hook",)

    def handle(self, event):
        what = event.reader.text("what")
        if what == "raise":
            raise RuntimeError("the plugin is broken")
        return No(f"no reason is like another: {what}") if what else [Message("a thought")]
"""
TOO_FAST = HttpReply(200, {}, b'{"errcode": 410100, "errmsg": "send too fast"}')
NO_TOKEN = HttpReply(200, {}, b'{"errcode": 300005, "errmsg": "token is not exist"}')
MALFORMED = HttpReply(200, {}, b'{"errcode": 40035, "errmsg": "bad"}')
#: The values of a page by name and labels, each label as it is written there.
Values = dict[tuple[str, ...], float]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path, config=CONFIG, plugin=PLUGIN)
    yield opened
    opened.relay.close()


def values(page: bytes) -> Values:
    families = list(text_string_to_metric_families(page.decode()))
    assert max(Counter(family.name for family in families).values(), default=1) == 1, "a name is there twice"
    assert all(family.name.startswith("posthouse_") and family.documentation for family in families)
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def counted(house: House) -> Values:
    """Return what the worker's page says."""
    return values(Page(house.relay.meters.registry, token=None).text())


def read(house: House) -> Values:
    """Return what a web process says that has just been started."""
    return values(create_app(house.relay).test_client().get("/metrics").data)


def thinks(house: House, what: str = "", *, to: str = "ops") -> int:
    return house.post({"object_kind": "thinks", "what": what}, to=to)


def test_what_comes_in_is_counted_by_webhook(house: House) -> None:
    client = create_app(house.relay).test_client()
    right = {"X-Gitlab-Token": "let-me-in"}
    for key in ("1", "2", "2"):
        client.post("/webhook/finance", data=b'{"object_kind": "push"}', headers=right | {"webhook-id": key})
    client.post("/webhook/finance", data=b"{}", headers={"X-Gitlab-Token": "wrong"})
    client.post("/webhook/finance", data=b"no JSON", headers=right)
    client.get("/webhook/finance")
    found = values(client.get("/metrics").data)
    assert found["posthouse_events_accepted_total", "webhook=finance"] == 2
    assert found["posthouse_events_repeated_total", "webhook=finance"] == 1
    assert found["posthouse_accept_seconds_count", "webhook=finance"] == 3
    assert 0 < found["posthouse_accept_seconds_sum", "webhook=finance"] < 30
    refused = {key[1:]: value for key, value in found.items() if key[0] == "posthouse_requests_refused_total" and value}
    assert refused == {(f"status={status}", "webhook=finance"): 1 for status in (400, 401, 405)}


def test_names_that_somebody_makes_up_are_no_labels(house: House) -> None:
    client = create_app(house.relay).test_client()
    for number in range(20):
        client.post(f"/webhook/made-up-{number}", data=b"{}")
    found = values(client.get("/metrics").data)
    assert found["posthouse_requests_refused_total", "status=404", "webhook="] == 20
    assert "made-up" not in str(found)


def test_what_has_not_happened_yet_is_zero(house: House) -> None:
    assert read(house)["posthouse_events_accepted_total", "webhook=ops"] == 0
    assert read(house)["posthouse_requests_refused_total", "status=503", "webhook=ops"] == 0
    found = counted(house)
    for outcome in ("told", "silent", "error"):
        assert found["posthouse_events_handled_total", f"outcome={outcome}", "webhook=ops"] == 0
    for state in ("sent", "digested", "buried"):
        assert found["posthouse_deliveries_settled_total", "robot=ops.ding_talk", f"state={state}"] == 0


def test_decisions_are_counted_by_what_decided_and_never_by_the_reason(house: House) -> None:
    for what in ("", "raise", "one reason", "another reason"):
        thinks(house, what)
    house.post({"object_kind": "pipeline"})
    house.post({"object_kind": "unheard_of"})
    house.work()
    found = counted(house)
    ops = {
        outcome: found["posthouse_events_handled_total", f"outcome={outcome}", "webhook=ops"] for outcome in OUTCOMES
    }
    assert ops == {"told": 1, "silent": 2, "error": 1}
    silent = {key[1:]: value for key, value in found.items() if key[0] == "posthouse_events_silent_total"}
    assert silent == {
        ("reason=handler", "webhook=ops"): 2,
        ("reason=switched_off", "webhook=finance"): 1,
        ("reason=no_handler", "webhook=finance"): 1,
    }
    assert found["posthouse_handle_seconds_count", "handler=ThinksHookNotifyEventHandler"] == 4
    assert found["posthouse_handle_seconds_count", "handler=none"] == 1
    assert "another" not in str(found)


OUTCOMES = ("told", "silent", "error")


def test_attempts_are_counted_by_robot_and_verdict(house: House) -> None:
    house.robots.replies = [TryLater("the connection was refused", verdict="transient", after=5.0)]
    thinks(house)
    house.work()
    house.now += 60
    house.work()
    found = counted(house)
    assert found["posthouse_attempts_total", "robot=ops.ding_talk", "verdict=transient"] == 1
    assert found["posthouse_attempts_total", "robot=ops.ding_talk", "verdict=ok"] == 1
    assert found["posthouse_attempt_seconds_count", "kind=ding_talk"] == 2
    assert found["posthouse_deliveries_settled_total", "robot=ops.ding_talk", "state=sent"] == 1


def test_the_time_of_an_attempt_is_the_robots(house: House) -> None:
    def slowly() -> None:
        house.now += 0.3

    house.robots.meanwhile = slowly
    thinks(house)
    house.work()
    found = counted(house)
    assert found["posthouse_attempt_seconds_sum", "kind=ding_talk"] == pytest.approx(0.3, abs=0.001)
    assert found["posthouse_attempt_seconds_bucket", "kind=ding_talk", "le=0.25"] == 0
    assert found["posthouse_attempt_seconds_bucket", "kind=ding_talk", "le=0.5"] == 1


def test_a_buried_delivery_is_counted(house: House) -> None:
    house.robots.replies = [MALFORMED] * 3
    thinks(house)
    house.work()
    found = counted(house)
    assert found["posthouse_deliveries_settled_total", "robot=ops.ding_talk", "state=buried"] == 1
    assert found["posthouse_deliveries_settled_total", "robot=ops.ding_talk", "state=sent"] == 0


def test_each_delivery_of_a_digest_is_counted_and_its_attempt_once(house: House) -> None:
    events = [thinks(house, to="finance") for _ in range(300)]
    house.work()
    states = Counter(house.state(event) for event in events)
    found = counted(house)
    assert states["digested"] > 0
    for state in ("sent", "digested"):
        settled = found["posthouse_deliveries_settled_total", "robot=finance.ding_talk", f"state={state}"]
        assert settled == states[state]
    assert found["posthouse_attempts_total", "robot=finance.ding_talk", "verdict=ok"] == len(house.robots.requests)


def test_an_attempt_that_a_worker_died_in_is_counted(house: House) -> None:
    thinks(house)
    while house.relay.handle_next("t"):
        pass
    assert house.relay.outbox.lanes.claim("robot", house.relay.lanes, holder="dead", now=house.now, lease=1.0)
    house.now += 10
    house.work()
    found = counted(house)
    assert found["posthouse_attempts_total", "robot=ops.ding_talk", "verdict=ambiguous"] == 1
    assert found["posthouse_attempt_seconds_count", "kind=ding_talk"] == 1


def test_what_waits_is_shown_with_since_when(house: House) -> None:
    came_at = house.now
    thinks(house)
    house.now += 30
    thinks(house)
    found = read(house)
    assert found["posthouse_events_waiting", "webhook=ops"] == 2
    assert found["posthouse_events_waiting", "webhook=finance"] == 0
    assert found["posthouse_events_waiting_since_timestamp_seconds", "webhook=ops"] == came_at
    while house.relay.handle_next("t"):
        pass
    found = read(house)
    assert found["posthouse_events_waiting", "webhook=ops"] == 0
    assert ("posthouse_events_waiting_since_timestamp_seconds", "webhook=ops") not in found
    assert found["posthouse_deliveries_waiting", "robot=ops.ding_talk"] == 2
    assert found["posthouse_deliveries_waiting_since_timestamp_seconds", "robot=ops.ding_talk"] == house.now
    house.work()
    assert read(house)["posthouse_deliveries_waiting", "robot=ops.ding_talk"] == 0


def states(house: House, robot: str) -> list[str]:
    found = read(house)
    return [
        key[2].removeprefix("state=")
        for key, value in found.items()
        if key[0] == "posthouse_robot_state" and key[1] == f"robot={robot}" and value
    ]


def test_a_robot_is_in_one_state_at_a_time(house: House) -> None:
    assert states(house, "ops.ding_talk") == ["ready"]
    house.robots.replies = [NO_TOKEN]
    thinks(house)
    house.work()
    assert states(house, "ops.ding_talk") == ["wrong"]
    house.robots.replies = [TOO_FAST]
    thinks(house, to="finance")
    house.work()
    assert states(house, "finance.ding_talk") == ["failed"]


def test_a_robots_month_is_shown_with_its_quota(house: House) -> None:
    for _ in range(3):
        thinks(house, to="finance")
    house.work()
    found = read(house)
    assert found["posthouse_robot_month_messages", "robot=finance.ding_talk"] == 3
    assert found["posthouse_robot_month_quota_messages", "robot=finance.ding_talk"] == 100
    assert ("posthouse_robot_month_quota_messages", "robot=ops.ding_talk") not in found
    house.now += 40 * 86_400
    assert read(house)["posthouse_robot_month_messages", "robot=finance.ding_talk"] == 0


def test_when_a_worker_was_seen_is_shown_once_there_was_one(house: House) -> None:
    assert ("posthouse_worker_seen_timestamp_seconds",) not in read(house)
    house.relay.outbox.beat("w", started_at=house.now, now=house.now)
    assert read(house)["posthouse_worker_seen_timestamp_seconds",] == house.now


def test_the_page_outlives_the_database(house: House, tmp_path: Path) -> None:
    assert read(house)["posthouse_database_up",] == 1
    with sqlite3.connect(tmp_path / "posthouse.db") as other:
        other.execute("ALTER TABLE budget RENAME TO gone")
    other.close()
    found = read(house)
    assert found["posthouse_database_up",] == 0
    assert found["posthouse_events_accepted_total", "webhook=ops"] == 0


def test_many_who_ask_at_once_read_the_database_once(house: House) -> None:
    client = create_app(house.relay).test_client()
    began_at = monotonic()
    before = values(client.get("/metrics").data)["posthouse_events_waiting", "webhook=ops"]
    thinks(house)
    after = values(client.get("/metrics").data)["posthouse_events_waiting", "webhook=ops"]
    assert before == 0
    assert after == 0 or monotonic() - began_at > 1


def test_the_page_has_the_type_that_prometheus_asks_for(house: House) -> None:
    answer = create_app(house.relay).test_client().get("/metrics")
    assert (answer.status_code, answer.content_type) == (200, CONTENT_TYPE)
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
    assert b"_created" not in answer.data


@contextmanager
def client_with(folder: Path, server: str) -> Iterator[FlaskClient]:
    house = open_house(folder, config=CONFIG.replace("language: en,", f"language: en, {server},"), plugin=PLUGIN)
    yield create_app(house.relay).test_client()
    house.relay.close()


def test_without_the_token_nobody_reads(tmp_path: Path) -> None:
    with client_with(tmp_path, "metrics_token: demo-token") as client:
        for authorization in (None, "", "demo-token", "Bearer", "Bearer demo-tokem", "Basic demo-token", "Bearer 令牌"):
            headers = {} if authorization is None else {"Authorization": authorization.encode().decode("latin-1")}
            answer = client.get("/metrics", headers=headers)
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert b"posthouse_" not in answer.data
        right = client.get("/metrics", headers={"Authorization": "Bearer demo-token"})
        assert (right.status_code, b"demo-token" in right.data) == (200, False)


@pytest.mark.parametrize("token", ["two demo words", "令牌-demo", "demo=token", "demo\\ntoken"])
def test_a_token_that_no_header_can_carry_is_refused_without_a_quote(tmp_path: Path, token: str) -> None:
    path = tmp_path / "posthouse.yml"
    (tmp_path / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    path.write_text(CONFIG.replace("language: en,", f'language: en, metrics_token: "{token}",'), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.key == "config.server.metrics_token"
    assert "bearer token" in problem.text
    assert "demo" not in problem.text


def test_metrics_can_be_switched_off(tmp_path: Path) -> None:
    with client_with(tmp_path, "metrics: off") as client:
        assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nnope", b"HTTP/1.1 401 No\r\n\r\n"]
)
def test_the_page_is_shown_without_a_worker_that_does_not_answer(house: House, answer: bytes) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.say(answer)

    with listening(talk) as address:
        page = Metrics(house.relay, IntakeMeters(["ops"]), worker_port=int(address.rpartition(":")[2])).text()
    assert values(page)["posthouse_events_accepted_total", "webhook=ops"] == 0


# The processes themselves.

PROCESSES = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", host: 127.0.0.1, port: {port}, {more}}}
  webhooks:
    - webhook_id: finance
      type: GITLAB
      notify: {{ding_talk: {{url: "{robots}/robot/send", access_token: demo, per_minute: 0}}}}
"""
PUSH = (Path(__file__).parent / "webhooks/gitlab/payloads/push_hook__two_commits.json").read_bytes()
HTTP = urllib3.PoolManager(retries=False, timeout=5.0)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + 20
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        Event().wait(0.02)


def status(url: str) -> int | None:
    try:
        return HTTP.request("GET", url).status
    except urllib3.exceptions.HTTPError:
        return None


@contextmanager
def command(folder: Path, *arguments: str) -> Iterator[Path]:
    """Run posthouse with the configuration in a folder, and give the file with what it says."""
    said = folder / f"{arguments[0]}.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "posthouse.cli", *arguments, "--config", str(folder / "posthouse.yml")],
            stdout=output,
            stderr=output,
        )
    try:
        yield said
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert code == 0, said.read_text()


@contextmanager
def installed(folder: Path, *, more: str) -> Iterator[tuple[FakeDingTalk, str]]:
    dingtalk = FakeDingTalk({"demo": FakeRobot(per_minute=0)})
    port = free_port()
    with running(FakeRobots(dingtalk)) as robots:
        text = PROCESSES.format(folder=folder, port=port, robots=robots, more=more)
        (folder / "posthouse.yml").write_text(text, encoding="utf-8")
        yield dingtalk, f"http://127.0.0.1:{port}"


def test_serve_shows_what_both_processes_counted_and_logs_json(tmp_path: Path) -> None:
    token = {"Authorization": "Bearer demo-token"}
    with installed(tmp_path, more="metrics_token: demo-token, log: json") as (dingtalk, address):
        with command(tmp_path, "serve") as said:
            until(lambda: status(f"{address}/readyz") == 200)
            assert HTTP.request("POST", f"{address}/webhook/finance", body=PUSH).status == 202
            dingtalk.wait_for_shown("demo", 1, timeout=20)
            until(lambda: b'state="sent"} 1' in HTTP.request("GET", f"{address}/metrics", headers=token).data)
            found = values(HTTP.request("GET", f"{address}/metrics", headers=token).data)
            assert status(f"{address}/metrics") == 401
        assert found["posthouse_events_accepted_total", "webhook=finance"] == 1
        assert found["posthouse_events_handled_total", "outcome=told", "webhook=finance"] == 1
        assert found["posthouse_attempts_total", "robot=finance.ding_talk", "verdict=ok"] == 1
        assert found["posthouse_worker_seen_timestamp_seconds",] > 1_700_000_000
        lines = [json.loads(line) for line in said.read_text().splitlines() if line.startswith("{")]
    (sent,) = (line for line in lines if line.get("verdict") == "ok")
    assert (sent["event_id"], sent["delivery_id"], sent["robot"]) == (1, 1, "finance.ding_talk")


def test_a_worker_alone_serves_what_it_counted(tmp_path: Path) -> None:
    port = free_port()
    with installed(tmp_path, more="metrics_token: demo-token") as (dingtalk, _):
        outbox = Outbox.open(f"sqlite:///{tmp_path}/posthouse.db")
        outbox.close()
        with command(tmp_path, "worker", "--metrics-port", str(port)):
            url = f"http://127.0.0.1:{port}/metrics"
            until(lambda: status(url) == 401)
            answer = HTTP.request("GET", url, headers={"Authorization": "Bearer demo-token"})
            assert (answer.status, answer.headers["Content-Type"]) == (200, CONTENT_TYPE)
            assert values(answer.data)["posthouse_events_handled_total", "outcome=told", "webhook=finance"] == 0
            assert status(f"http://127.0.0.1:{port}/") == 404
    assert not dingtalk.shown("demo")


def test_a_port_that_somebody_has_is_an_error(tmp_path: Path) -> None:
    with installed(tmp_path, more="language: en"), socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        arguments = ["worker", "--metrics-port", str(port), "--config", str(tmp_path / "posthouse.yml")]
        done = subprocess.run([sys.executable, "-m", "posthouse.cli", *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"cannot serve metrics on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_without_metrics_is_a_mistake(tmp_path: Path) -> None:
    with installed(tmp_path, more="metrics: off"):
        arguments = ["worker", "--metrics-port", "1", "--config", str(tmp_path / "posthouse.yml")]
        done = subprocess.run([sys.executable, "-m", "posthouse.cli", *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert "server.metrics: off" in done.stderr
