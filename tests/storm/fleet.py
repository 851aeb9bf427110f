"""The processes of a storm, and a supervisor that starts again whoever has ended."""

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

import psutil
import urllib3

from postgres import free_port

#: How often the processes are looked after, in seconds.
LOOK = 0.1
#: A process that begins while the database is away ends with 1, which is right; one that is older has crashed.
YOUNG = 15.0
READY_SECONDS = 60.0


@dataclass
class Process:
    """One process, which may be started again and again."""

    role: str
    arguments: Sequence[str]
    log: Path
    running: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "posthouse.cli", self.role, *self.arguments]
            self.running = subprocess.Popen(command, stdout=log, stderr=log)
        self.started_at = monotonic()

    def ended(self) -> int | None:
        """Return how it ended; None while it runs, or if it never did."""
        return None if self.running is None else self.running.poll()

    def kill(self) -> None:
        """End it with SIGKILL, and wait for a web process's child, which the kernel ends: it holds the port."""
        assert self.running is not None
        family = psutil.Process(self.running.pid).children(recursive=True)
        self.running.kill()
        # Who is not waited for is still there, for others who look whether its number is one of a process.
        self.running.wait(10)
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive

    def stop(self) -> int:
        """Ask it to end, and return how it did."""
        assert self.running is not None
        self.running.terminate()
        return self.running.wait(30)


@dataclass
class Fleet:
    """Some web and some worker processes with one configuration, as they run on several machines."""

    config: Path
    webs: int
    workers: int
    #: How often who was killed, or could not start; and who ended otherwise, in words.
    counts: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder, common = self.config.parent, ["--config", str(self.config)]
        self.ports = [free_port() for _ in range(self.webs)]
        self.processes = [
            *(Process("web", [*common, "--port", str(port)], folder / f"web-{port}.log") for port in self.ports),
            *(Process("worker", common, folder / f"worker-{number}.log") for number in range(self.workers)),
        ]

    def start(self) -> None:
        """Start everybody, and wait until every web process takes events in."""
        for process in self.processes:
            process.start()
        until = monotonic() + READY_SECONDS
        while not all(map(_is_ready, self.ports)):
            assert monotonic() < until, "the web processes did not start"
            Event().wait(LOOK)

    def kill(self, process: Process) -> None:
        """Kill a process and start it again, unless it has ended by itself."""
        if process.ended() is None:
            process.kill()
            self.counts[f"{process.role} processes killed"] += 1
            process.start()

    def look_after(self, seconds: float) -> None:
        """Let time pass; start again who has ended by itself, and note who should not have."""
        until = monotonic() + seconds
        while monotonic() < until:
            Event().wait(LOOK)
            for process in self.processes:
                if (code := process.ended()) is not None:
                    age = monotonic() - process.started_at
                    if code == 1 and age < YOUNG:
                        self.counts["starts that failed"] += 1
                    else:
                        self.crashes.append(f"a {process.role} process of {age:.0f} s ended with {code} by itself")
                    process.start()

    def stop(self) -> None:
        """Ask everybody to end, and note who ends otherwise than well."""
        for process in self.processes:
            if (code := process.stop()) != 0:
                self.crashes.append(f"a {process.role} process ended with {code} when it was asked to")

    def close(self) -> None:
        """Kill what is left."""
        for process in self.processes:
            if process.running is not None and process.ended() is None:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def _is_ready(port: int) -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", retries=False, timeout=5.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False
