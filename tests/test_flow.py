"""A real POST in, a fake robot out, the processes of ``posthouse serve`` between them, and SIGKILL in the middle."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

import psutil
import pytest
import urllib3

from making import payload_files
from postgres import Server
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, Fault, running

TOKEN, SECRET = "flow-robot", "SEC-of-the-flow-robot"
PAYLOADS = Path(__file__).parent / "webhooks/gitlab/payloads"
PUSH = json.loads((PAYLOADS / "push_hook__two_commits.json").read_text())
CONFIG = """\
config:
  server: {{database: "{database}", host: 127.0.0.1, port: {port}, language: en}}
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      notify:
        ding_talk:
          {{url: "{robots}/robot/send", access_token: {token}, sign_key: {secret}, per_minute: {per_minute},
            digest: "off"}}
"""
#: For what has to hold whichever database is below.
on_both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def wait_until(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        Event().wait(0.01)


@dataclass
class Installation:
    """A configuration, a database, and ``posthouse serve`` where it is running."""

    folder: Path
    dingtalk: FakeDingTalk
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=5.0))

    @property
    def config(self) -> str:
        return str(self.folder / "posthouse.yml")

    def start(self) -> None:
        log = (self.folder / "log.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "posthouse.cli", "serve", "--config", self.config], stderr=log, stdout=log
        )
        log.close()
        wait_until(self.is_ready)

    def is_ready(self) -> bool:
        try:
            return self.http.request("GET", f"http://127.0.0.1:{self.port}/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def post(self, payload: object, key: str) -> int:
        """Post as GitLab does, and again with the same key until it is answered, as somebody pressing "resend" does."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", "X-Gitlab-Token": "let-me-in", "webhook-id": key}
        url = f"http://127.0.0.1:{self.port}/webhook/finance"
        deadline = monotonic() + 20
        while True:
            try:
                reply = self.http.request("POST", url, body=body, headers=headers)
            except urllib3.exceptions.HTTPError:
                assert monotonic() < deadline
                Event().wait(0.05)
            else:
                assert reply.status in {200, 202}, reply.data
                return reply.json()["event_id"]

    def push(self, number: int) -> int:
        return self.post({**PUSH, "ref": f"refs/heads/branch-{number}"}, f"push-{number}")

    def processes(self, *, role: str | None = None) -> list[psutil.Process]:
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if role is None or role in child.cmdline()]

    def kill(self) -> None:
        """Kill the parent with SIGKILL, and wait until nothing of it is left."""
        assert self.process is not None
        family = self.processes()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive
        self.process = None

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(30)
        self.process = None
        return code

    def told(self) -> list[str]:
        return [message["actionCard"]["title"].rpartition(" ")[2] for message in self.dingtalk.shown(TOKEN)]

    def posthouse(self, *arguments: str) -> list[dict]:
        command = [sys.executable, "-m", "posthouse.cli", *arguments, "--json", "--config", self.config]
        done = subprocess.run(command, capture_output=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def deliveries(self) -> list[dict]:
        """Return what became of everything that was to be told."""
        return [delivery for event in self.posthouse("events", "--limit", "1000") for delivery in event["deliveries"]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def database(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a fresh database: of SQLite, unless a test is for both."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/posthouse.db"
    server: Server = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture
def installation(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> Iterator[Installation]:
    dingtalk = FakeDingTalk({TOKEN: FakeRobot(secret=SECRET, per_minute=0)})
    with running(FakeRobots(dingtalk)) as robots:
        made = Installation(tmp_path, dingtalk, free_port())
        per_minute = getattr(request, "param", 0)
        values = {"database": database, "port": made.port, "robots": robots, "per_minute": per_minute}
        Path(made.config).write_text(CONFIG.format(token=TOKEN, secret=SECRET, **values))
        yield made
        if made.process is not None:
            made.kill()
        made.http.clear()


def test_every_recorded_event_is_told_or_silent_with_a_reason(installation: Installation) -> None:
    installation.start()
    files = payload_files("GITLAB")
    ids = [installation.post(file.read_bytes(), file.name) for file in files]
    assert ids == list(range(1, len(files) + 1))
    wait_until(lambda: installation.posthouse("events", "--limit", "1")[0]["state"] == "handled")
    events = installation.posthouse("events", "--limit", "1000")
    assert {event["state"] for event in events} == {"handled"}
    # Several files report one thing in different ways: the group hears of it once.
    wait_until(lambda: {delivery["state"] for delivery in installation.deliveries()} == {"sent", "repeated"})
    sent = [delivery for delivery in installation.deliveries() if delivery["state"] == "sent"]
    assert {delivery["attempts"] for delivery in sent} == {1}
    assert len([event for event in events if event["outcome"] == "told"]) > len(sent) > 50
    assert len(installation.dingtalk.shown(TOKEN)) == len(sent)
    (first, *_) = (event for event in reversed(events) if event["outcome"] == "told")
    (trace,) = installation.posthouse("explain", str(first["event_id"]))
    steps = [step["step"] for step in trace["trace"]]
    assert steps == ["received", "verified", "handled", "said", "routed", "attempt", "delivery"]
    assert installation.stop() == 0


@on_both_databases
def test_nothing_is_lost_or_reordered_when_everything_is_killed_again_and_again(installation: Installation) -> None:
    rounds, each = 5, 12
    for number in range(rounds):
        # The fourth message of the round is under way, and not answered yet, when the kill comes.
        installation.start()
        installation.dingtalk.misbehave(TOKEN, *(Fault() for _ in range(3)), Fault(delay=1.0))
        seen = len(installation.dingtalk.requests(TOKEN))
        for push in range(number * each, (number + 1) * each):
            installation.push(push)
        wait_until(lambda seen=seen: len(installation.dingtalk.requests(TOKEN)) >= seen + 4)
        installation.kill()
    installation.start()
    installation.dingtalk.wait_for_shown(TOKEN, rounds * each, timeout=30)
    assert installation.told() == [f"branch-{number}" for number in range(rounds * each)]
    assert len(installation.dingtalk.requests(TOKEN)) <= rounds * each + rounds
    wait_until(
        lambda: all(
            delivery["state"] == "sent"
            for event in installation.posthouse("events", "--limit", "1000")
            for delivery in event["deliveries"]
        )
    )
    assert installation.stop() == 0


@on_both_databases
def test_an_answered_event_survives_a_kill_in_the_same_instant(installation: Installation) -> None:
    installation.start()
    installation.dingtalk.misbehave(TOKEN, Fault(delay=0.5))
    ids = {installation.push(number) for number in range(5)}
    installation.kill()
    assert {event["event_id"] for event in installation.posthouse("events")} == ids


def test_a_killed_worker_is_replaced_and_goes_on_in_order(installation: Installation) -> None:
    installation.start()
    installation.dingtalk.misbehave(TOKEN, Fault(), Fault(delay=1.0))
    for number in range(8):
        installation.push(number)
    wait_until(lambda: len(installation.dingtalk.requests(TOKEN)) >= 2)
    (worker,) = installation.processes(role="worker")
    worker.kill()
    installation.dingtalk.wait_for_shown(TOKEN, 8, timeout=20)
    assert installation.told() == [f"branch-{number}" for number in range(8)]
    assert installation.stop() == 0


def test_a_killed_web_process_is_replaced(installation: Installation) -> None:
    installation.start()
    installation.push(0)
    for process in installation.processes(role="web"):
        if psutil.pid_exists(process.pid):
            process.kill()
    installation.push(1)
    installation.dingtalk.wait_for_shown(TOKEN, 2, timeout=20)
    assert installation.told() == ["branch-0", "branch-1"]


def test_a_robot_that_shows_but_does_not_answer_shows_nothing_twice(installation: Installation) -> None:
    installation.start()
    installation.dingtalk.misbehave(TOKEN, Fault(drop="after"))
    installation.push(0)
    installation.push(1)
    installation.dingtalk.wait_for_shown(TOKEN, 2, timeout=20)
    assert installation.told() == ["branch-0", "branch-1"]
    assert len(installation.dingtalk.requests(TOKEN)) == 3


def test_stopping_finishes_the_attempt_in_flight(installation: Installation) -> None:
    installation.start()
    installation.dingtalk.misbehave(TOKEN, Fault(delay=1.0))
    installation.push(0)
    installation.push(1)
    wait_until(lambda: installation.dingtalk.requests(TOKEN))
    assert installation.stop() == 0
    newest, oldest = installation.posthouse("events")
    assert [delivery["state"] for delivery in oldest["deliveries"]] == ["sent"]
    assert [delivery["state"] for delivery in newest["deliveries"]] in ([], ["waiting"])


@pytest.mark.parametrize("installation", [3], indirect=True)
def test_a_restart_does_not_forget_the_robots_budget(installation: Installation) -> None:
    installation.start()
    for number in range(5):
        installation.push(number)
    installation.dingtalk.wait_for_shown(TOKEN, 3, timeout=10)
    installation.kill()
    installation.start()
    wait_until(lambda: "waits" in str(installation.posthouse("explain", "5")[0]["trace"][-1]))
    assert len(installation.dingtalk.requests(TOKEN)) == 3


def test_the_two_roles_work_apart(installation: Installation) -> None:
    base = [sys.executable, "-m", "posthouse.cli"]
    roles = [subprocess.Popen([*base, role, "--config", installation.config]) for role in ("web", "worker")]
    try:
        wait_until(installation.is_ready)
        installation.push(0)
        installation.dingtalk.wait_for_shown(TOKEN, 1, timeout=10)
    finally:
        for role in roles:
            os.kill(role.pid, signal.SIGTERM)
        codes = [role.wait(20) for role in roles]
    assert codes == [0, 0]


@on_both_databases
def test_digests_are_told_once_however_often_all_processes_die(installation: Installation) -> None:
    config = Path(installation.config)
    config.write_text(config.read_text().replace('digest: "off"', "digest: {every: 1s}"))
    installation.start()
    for turn, seconds in enumerate((0.9, 1.1, 1.2, 1.0)):
        # The answer comes late, so that they die between what is shown and what is noted.
        installation.dingtalk.misbehave(TOKEN, *[Fault(delay=0.3)] * 3)
        for number in range(10):
            installation.push(turn * 10 + number)
        Event().wait(seconds)
        installation.kill()
        installation.start()
    wait_until(lambda: sum(shown_branches(installation).values()) >= 40, seconds=60)
    wait_until(lambda: all(one["state"] in {"sent", "digested"} for one in installation.deliveries()))
    assert shown_branches(installation) == dict.fromkeys(range(40), 1)
    assert len(installation.dingtalk.shown(TOKEN)) < 40


def shown_branches(installation: Installation) -> Counter[int]:
    """Return how many messages told of each branch; a repeat with the same key is no message to DingTalk."""
    texts = [json.dumps(payload) for payload in installation.dingtalk.shown(TOKEN)]
    return Counter(int(number) for text in texts for number in set(re.findall(r"branch-(\d+)", text)))
