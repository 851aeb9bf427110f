"""The parent of ``posthouse serve``: starts the two processes, restarts what dies, and takes all down with it.

It is run as a file of its own and imports nothing but the standard library, so that it stays small.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

#: A process that lives shorter than this, in seconds, did not start well.
SHORT_LIFE = 5.0
#: How often in a row a process may start badly before `serve` gives up, so that a supervisor above can see it.
BAD_STARTS = 5
#: How long the two may take to end, in seconds: longer than an attempt in flight.
STOP_SECONDS = 20.0


@dataclass
class Child:
    """One of the two processes, and how its starts went."""

    name: str
    arguments: Sequence[str]
    #: File descriptors that it has in common with us.
    shared: Sequence[int] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    bad_starts: int = 0
    start_at: float = 0.0

    def start(self) -> None:
        """Start the process with this interpreter."""
        command = [sys.executable, "-P", "-m", "posthouse.cli", *self.arguments]
        # In a group of its own, so that Ctrl-C reaches the parent alone, and each child is told once to end.
        self.process = subprocess.Popen(command, process_group=0, pass_fds=self.shared)  # noqa: S603
        self.started_at = time.monotonic()

    def ended(self, code: int) -> None:
        """Note an end, and put the next start off for longer each time it comes soon."""
        now = time.monotonic()
        self.process = None
        self.bad_starts = self.bad_starts + 1 if now - self.started_at < SHORT_LIFE else 0
        self.start_at = now + (0.5 * 2.0**self.bad_starts if self.bad_starts else 0.0)
        print(f"posthouse: the {self.name} process ended with {code}", file=sys.stderr)  # noqa: T201


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


def main(config: str, host: str, port: str, metrics: str) -> int:
    """Run both roles with one configuration until told to stop; return the exit code.

    Where ``metrics`` are "on", the worker serves its own to the web process, which shows them with what it counts.
    """
    common = ["--config", config, "--child-of", str(os.getpid())]
    web = Child("web", ["web", *common, "--with-worker", "--host", host, "--port", port])
    worker = Child("worker", ["worker", *common])
    if metrics == "on":
        # It is ours, so that every worker that is started listens in the same place.
        listener = socket.create_server(("127.0.0.1", 0))
        web.arguments = [*web.arguments, "--worker-port", str(listener.getsockname()[1])]
        worker.arguments = [*worker.arguments, "--metrics-fd", str(listener.fileno())]
        worker.shared = (listener.fileno(),)
    return Parent([web, worker]).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
