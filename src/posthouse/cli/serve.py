"""``posthouse serve``: one web process and one worker process under a small parent."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil

import posthouse
from posthouse.cli._options import config_option
from posthouse.config import load
from posthouse.desk import Desk

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not used
#: A process that lives shorter than this, in seconds, did not start well.
SHORT_LIFE = 5.0
#: How often in a row a process may start badly before `serve` gives up, so that a supervisor above can see it.
BAD_STARTS = 5
#: How long the two may take to end, in seconds: longer than an attempt in flight.
STOP_SECONDS = 20.0


@click.command()
@config_option
@click.option("--host", help="The address to listen on instead of the configured one.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on instead of the configured one.")
def serve(config: Path, host: str | None, port: int | None) -> None:
    """Run posthouse on one machine: take webhooks in and tell the robots, until SIGTERM or SIGINT.

    Prints for each webhook the address to enter at the sender, and restarts what dies.
    """
    desk = Desk(load(config))
    server = desk.settings.server
    host, port = host or server.host, server.port if port is None else port
    for line in announcement(desk, host, port):
        click.echo(line)
    common = ["--config", str(config), "--child-of", str(os.getpid())]
    parent = Parent(
        [
            Child("web", ["web", *common, "--with-worker", "--host", host, "--port", str(port)]),
            Child("worker", ["worker", *common]),
        ]
    )
    sys.exit(parent.run())


def announcement(desk: Desk, host: str, port: int) -> Iterator[str]:
    """Yield what an operator needs to know at the start."""
    settings = desk.settings
    yield f"posthouse {posthouse.__version__} with {settings.path}, storing in {settings.server.database}"
    bases = [settings.server.base_url] if settings.server.base_url else list(base_urls(host, port))
    for webhook in settings.webhooks.values():
        told = ", ".join(webhook.robots) or "nobody"
        yield f"webhook {webhook.id} ({webhook.handler.type}) tells {told}; enter there one of"
        yield from (f"  {base}/webhook/{webhook.id}" for base in bases)
        yield from (f"  warning: {warning}" for warning in desk.webhooks[webhook.id].warnings())
        if not webhook.robots:
            yield "  warning: no robot is configured under notify, so nobody hears of its events"
    for name, robot in desk.robots.items():
        yield from (f"robot {name}: warning: {warning}" for warning in robot.warnings())


def base_urls(host: str, port: int) -> Iterator[str]:
    """Yield the addresses under which this machine may be reached: all of them when it listens on all."""
    hosts = [host]
    if host in EVERY_ADDRESS:
        interfaces = psutil.net_if_addrs().values()
        found = {address.address for each in interfaces for address in each if address.family == socket.AF_INET}
        hosts = sorted(found, key=lambda found_host: (found_host.startswith("127."), found_host))
    yield from (f"http://[{one}]:{port}" if ":" in one else f"http://{one}:{port}" for one in hosts)


@dataclass
class Child:
    """One of the two processes, and how its starts went."""

    name: str
    arguments: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    bad_starts: int = 0
    start_at: float = field(default=0.0)

    def start(self) -> None:
        """Start the process with this interpreter."""
        self.process = subprocess.Popen([sys.executable, "-m", "posthouse.cli", *self.arguments])  # noqa: S603
        self.started_at = time.monotonic()

    def ended(self, code: int) -> None:
        """Note an end, and put the next start off for longer each time it comes soon."""
        now = time.monotonic()
        self.process = None
        self.bad_starts = self.bad_starts + 1 if now - self.started_at < SHORT_LIFE else 0
        self.start_at = now + (0.5 * 2.0**self.bad_starts if self.bad_starts else 0.0)
        click.echo(f"posthouse: the {self.name} process ended with {code}; starting it again", err=True)


class Parent:
    """Starts the children, restarts what dies, and takes all down with it."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._stopping = False

    def run(self) -> int:
        """Return the exit code once all children have ended: 0 if they were asked to."""
        wake, waker = socket.socketpair()  # a signal writes a byte into it, which ends the waiting below
        waker.settimeout(0.0)
        signal.set_wakeup_fd(waker.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake up
        while not self._stopping:
            code = self._tend()
            if code is not None:
                self._end()
                return code
            if select.select([wake], [], [], 0.5)[0]:
                wake.recv(4096)
        return self._end()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _tend(self) -> int | None:
        """Start what is due to start; return an exit code when there is no sense in going on."""
        for child in self._children:
            if child.process is not None and (code := child.process.poll()) is not None:
                child.ended(code)
                if code == 2 or child.bad_starts >= BAD_STARTS:
                    return 2 if code == 2 else 1
            if child.process is None and time.monotonic() >= child.start_at:
                child.start()
        return None

    def _end(self) -> int:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        code = 0
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                code = 1
        return code
