"""``posthouse demo``: see what posthouse does, without owning a GitLab or a robot."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import urllib3

from posthouse.cli._address import require_free
from posthouse.core.errors import PosthouseError
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, running
from posthouse.outbox import EventRecord, Outbox

TOKEN = "demo-robot"  # noqa: S105 - of a robot that is no robot
SECRET = "SEC-of-the-demo-robot"  # noqa: S105 - as above
START_SECONDS = 15.0
TELL_SECONDS = 30.0
LOOK_SECONDS = 0.05

CONFIGURATION = """\
config:
  server:
    database: sqlite:///{folder}/demo.db
    base_url: http://127.0.0.1:{port}
    language: {language}
  webhooks:
"""
WEBHOOK = """\
    - webhook_id: {kind}
      type: {kind}
      notify:
        ding_talk:
          url: {robots}/robot/send
          access_token: {token}
          sign_key: {secret}
          per_minute: 0
"""
#: Whose events are played; each has a webhook of its own, and none of them a secret: it listens to this machine alone.
KINDS = ("GITLAB", "JIRA", "CONFLUENCE", "GITHUB", "ALERTMANAGER")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535), help="Where posthouse listens.")
@click.option("--robots-port", default=8099, show_default=True, type=click.IntRange(0, 65535), help="Where robots do.")
@click.option("--language", default="zh", show_default=True, type=click.Choice(["zh", "en"]), help="What they speak.")
@click.option("--once", is_flag=True, help="End when everything is told, instead of waiting for Ctrl-C.")
def demo(files: tuple[Path, ...], port: int, robots_port: int, language: str, once: bool) -> None:  # noqa: FBT001
    """Start posthouse together with fake robots, play the events in FILES through it, and say where to look.

    The events are GitLab's, unless another sender's name, such as jira, is the name of a folder that the file is in.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end like Ctrl-C, and take everything down
    for needed in (port, robots_port):
        require_free("127.0.0.1", needed)
    robots = FakeRobots(FakeDingTalk({TOKEN: FakeRobot(secret=SECRET, per_minute=0)}))
    with TemporaryDirectory(prefix="posthouse-demo-") as folder, running(robots, port=robots_port) as address:
        config = Path(folder) / "demo.yml"
        text = CONFIGURATION.format(folder=folder, port=port, language=language)
        text += "".join(WEBHOOK.format(kind=kind, robots=address, token=TOKEN, secret=SECRET) for kind in KINDS)
        config.write_text(text)
        base = f"http://127.0.0.1:{port}"
        with _relay(config, base, port):
            for file in files:
                click.echo(f"{file.name}: {_post(base, file)}")
            _wait_until_told(folder, len(files))
            if not once:
                click.echo(f"\nWhat the group sees: {address}/")
                click.echo(f"What became of each event: {sys.argv[0]} events --config {config}")
                click.echo(f"Why, step by step: {sys.argv[0]} explain EVENT_ID --config {config}")
                _wait_for_end()


@contextmanager
def _relay(config: Path, base: str, port: int) -> Iterator[None]:
    arguments = ["serve", "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([sys.executable, "-P", "-m", "posthouse.cli", *arguments])  # noqa: S603
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_ready(base):
            if process.poll() is not None or time.monotonic() > deadline:
                raise PosthouseError("posthouse did not start; see above")
            time.sleep(LOOK_SECONDS)
        yield
    finally:
        process.terminate()
        process.wait()


def _is_ready(base: str) -> bool:
    try:
        return urllib3.request("GET", f"{base}/readyz", retries=False, timeout=2.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _post(base: str, file: Path) -> str:
    kind = next((part.upper() for part in reversed(file.resolve().parts[:-1]) if part.upper() in KINDS), "GITLAB")
    headers, url = {"Content-Type": "application/json"}, f"{base}/webhook/{kind}"
    reply = urllib3.request("POST", url, body=file.read_bytes(), headers=headers, retries=False, timeout=10.0)
    return f"{reply.status} {reply.data.decode()}"


def _wait_until_told(folder: str, count: int) -> None:
    """Wait until every event is handled and every delivery is settled, then say what became of them."""
    outbox = Outbox.open(f"sqlite:///{folder}/demo.db")
    try:
        deadline = time.monotonic() + TELL_SECONDS
        while True:
            records = outbox.history.events(count)
            if all(_is_settled(record) for record in records):
                break
            if time.monotonic() > deadline:
                raise PosthouseError("not everything was told in time; see the log above")
            time.sleep(LOOK_SECONDS)
    finally:
        outbox.close()
    told = sum(delivery.state == "sent" for record in records for delivery in record.deliveries)
    silent = sum(record.outcome == "silent" for record in records)
    click.echo(json.dumps({"events": len(records), "messages": told, "silent": silent}))


def _is_settled(record: EventRecord) -> bool:
    return record.state != "waiting" and all(delivery.state != "waiting" for delivery in record.deliveries)


def _wait_for_end() -> None:
    click.echo("Ctrl-C ends the demonstration.")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        click.echo("\nEnding.")
