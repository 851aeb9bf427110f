"""A real Alertmanager in front of a running posthouse, with a fake robot behind it."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, running
from test_flow import Installation, free_port, wait_until

#: Debian calls it otherwise, as it has other things of this name.
COMMAND = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
ROBOT, TOKEN = "alerts-robot", "opensesame"
ALERTMANAGER = """\
route: {{receiver: posthouse, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: posthouse
    webhook_configs:
      - url: http://127.0.0.1:{port}/webhook/alerts
        http_config: {{authorization: {{credentials: {token}}}}}
"""
POSTHOUSE = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", host: 127.0.0.1, port: {port}, language: en, time_zone: UTC}}
  webhooks:
    - webhook_id: alerts
      type: ALERTMANAGER
      token: {token}
      notify:
        ding_talk: {{url: "{robots}/robot/send", access_token: {robot}, per_minute: 0}}
"""

pytestmark = pytest.mark.skipif(COMMAND is None, reason="there is no Alertmanager; Debian's is prometheus-alertmanager")


@pytest.fixture
def dingtalk() -> FakeDingTalk:
    return FakeDingTalk({ROBOT: FakeRobot(per_minute=0)})


@pytest.fixture
def posthouse(tmp_path: Path, dingtalk: FakeDingTalk) -> Iterator[Installation]:
    with running(FakeRobots(dingtalk)) as robots:
        made = Installation(tmp_path, dingtalk, free_port())
        values = {"folder": tmp_path, "port": made.port, "robots": robots, "robot": ROBOT, "token": TOKEN}
        Path(made.config).write_text(POSTHOUSE.format(**values))
        try:
            made.start()
            yield made
        finally:
            code = made.stop()
            made.http.clear()
        assert code == 0


@pytest.fixture
def alertmanager(tmp_path: Path, posthouse: Installation) -> Iterator[str]:
    """Start an Alertmanager that tells posthouse, and return its address."""
    assert COMMAND is not None
    address, file = f"127.0.0.1:{free_port()}", tmp_path / "alertmanager.yml"
    file.write_text(ALERTMANAGER.format(port=posthouse.port, token=TOKEN))
    options = [f"--config.file={file}", f"--storage.path={tmp_path / 'alertmanager'}"]
    # It is alone: it must not look for others of its kind in the network.
    options += [f"--web.listen-address={address}", "--cluster.listen-address="]
    with (tmp_path / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen([COMMAND, *options], stdout=log, stderr=log)
    try:
        wait_until(lambda: is_ready(posthouse.http, address))
        yield address
    finally:
        process.terminate()
        process.wait(20)


def is_ready(http: urllib3.PoolManager, address: str) -> bool:
    try:
        return http.request("GET", f"http://{address}/-/ready").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_what_a_real_alertmanager_sends_is_told(posthouse: Installation, alertmanager: str) -> None:
    def report(**more: str) -> None:
        alert = {
            "labels": {"alertname": "DiskFull", "severity": "critical", "instance": "db1.example.com"},
            "annotations": {"summary": "The disk is nearly full"},
            "generatorURL": "http://prometheus.example.com/graph",
            "startsAt": start.isoformat(),
            **more,
        }
        reply = posthouse.http.request("POST", f"http://{alertmanager}/api/v2/alerts", json=[alert])
        assert reply.status == 200, reply.data

    start = datetime.now(UTC)
    report()
    (firing,) = posthouse.dingtalk.wait_for_shown(ROBOT, 1, timeout=20)
    report(endsAt=datetime.now(UTC).isoformat())
    _, resolved = posthouse.dingtalk.wait_for_shown(ROBOT, 2, timeout=20)
    card = firing["actionCard"]
    assert card["title"] == "❌ [firing] DiskFull: The disk is nearly full"
    assert "instance**: db1.example.com" in card["text"]
    assert f"Since**: {start:%m-%d %H:%M}" in card["text"]
    assert resolved["actionCard"]["title"] == "✅ [resolved] DiskFull: The disk is nearly full"
    assert "Lasted**: " in resolved["actionCard"]["text"]
    events = posthouse.posthouse("events")
    assert [(event["name"], event["outcome"]) for event in events] == [("Alerts", "told")] * 2
