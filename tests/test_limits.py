"""Five hundred events in a minute to one robot with DingTalk's real limits, and two worker processes: none is lost."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
import urllib3

from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, running
from test_flow import free_port, wait_until

TOKEN, SECRET = "busy-robot", "SEC-of-the-busy-robot"
EVENTS = 500
PROJECTS = 4
#: What may be told in any minute: DingTalk lets nobody in for ten minutes after one message more than 20.
PER_MINUTE = 20
CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", host: 127.0.0.1, port: {port}, language: en}}
  robots:
    ops:
      ding_talk: {{url: "{robots}/robot/send", access_token: {token}, sign_key: {secret}}}
  webhooks:
    - webhook_id: busy
      type: GENERIC
      token: let-me-in
      title: "event-{{{{ number }}}}- of {{{{ project }}}}"
      link: "https://gitlab.example.com/{{{{ project }}}}/{{{{ number }}}}"
      facts: {{project: "{{{{ project }}}}"}}
      notify: {{robots: [ops]}}
"""


@contextmanager
def started(folder: Path, *commands: str) -> Iterator[None]:
    """Run posthouse's processes for the length of a ``with`` statement."""
    processes: list[subprocess.Popen[bytes]] = []
    with (folder / "log.txt").open("ab") as log:
        for command in commands:
            line = [sys.executable, "-m", "posthouse.cli", command, "--config", str(folder / "posthouse.yml")]
            processes.append(subprocess.Popen(line, stdout=log, stderr=log))
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def is_ready(http: urllib3.PoolManager, port: int) -> bool:
    try:
        return http.request("GET", f"http://127.0.0.1:{port}/readyz").status == 200
    except urllib3.exceptions.HTTPError:
        return False


@pytest.mark.timeout(240)
def test_five_hundred_events_in_a_minute_are_all_told_within_the_limits(tmp_path: Path) -> None:
    dingtalk = FakeDingTalk({TOKEN: FakeRobot(secret=SECRET, per_minute=PER_MINUTE)})
    port = free_port()
    http = urllib3.PoolManager(retries=False, timeout=10.0)
    with running(FakeRobots(dingtalk)) as robots:
        values = {"folder": tmp_path, "port": port, "robots": robots, "token": TOKEN, "secret": SECRET}
        (tmp_path / "posthouse.yml").write_text(CONFIG.format(**values))
        with started(tmp_path, "web", "worker", "worker"):
            wait_until(lambda: is_ready(http, port))
            began = monotonic()
            for number in range(EVENTS):
                Event().wait(max(began + number * 60 / EVENTS - monotonic(), 0))
                body = json.dumps({"number": number, "project": f"finance/part-{number % PROJECTS}"})
                headers = {"Authorization": "Bearer let-me-in", "Content-Type": "application/json"}
                url = f"http://127.0.0.1:{port}/webhook/busy"
                assert http.request("POST", url, body=body, headers=headers).status == 202
            wait_until(lambda: len(told(dingtalk)) == EVENTS, seconds=130)
        http.clear()
    assert {received.code for received in dingtalk.requests(TOKEN)} == {0}
    numbers = told(dingtalk)
    assert sorted(numbers) == list(range(EVENTS))
    for part in range(PROJECTS):  # a digest groups what it tells by project
        assert [number for number in numbers if number % PROJECTS == part] == list(range(part, EVENTS, PROJECTS))
    assert len(dingtalk.requests(TOKEN)) < EVENTS / 4


def told(dingtalk: FakeDingTalk) -> list[int]:
    """Return the numbers of the events that the group was told of, in order."""
    shown = [payload[payload["msgtype"]]["text"] for payload in dingtalk.shown(TOKEN)]
    return [int(number) for text in shown for number in re.findall(r"event-(\d+)- of", text)]
