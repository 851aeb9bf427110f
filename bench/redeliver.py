"""How long it takes until somebody else tells what a worker was telling when it was killed."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Queue

import psutil

from load import Pushes
from posthouse.delivering import LEASE
from posthouse.outbox import Arrival
from posthouse.relay import Relay
from robot import ANSWER
from stack import Row, configure, fresh, posthouse, progress, started, table

#: What makes a process believe that it is on a machine of its own, as far as process numbers tell.
ELSEWHERE = ("unshare", "--map-root-user", "--pid", "--fork", "--kill-child")


def rows() -> Iterator[Row]:
    yield _row("the same machine", _seconds(()))
    if _can_be_set_apart():
        yield _row("another machine", _seconds(ELSEWHERE))
    else:
        progress("processes cannot be set apart here: a worker of another machine is left out")


def _can_be_set_apart() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*ELSEWHERE, "true"], check=False).returncode == 0


def _row(where: str, seconds: float) -> Row:
    aim = f"< {LEASE + 1:.0f} s: {'yes' if seconds < LEASE + 1 else 'no'}"
    return Row(f"killed while telling, told again by a worker of {where}", p50_ms=f"{seconds * 1000:,.0f}", aim=aim)


def _seconds(apart: Sequence[str]) -> float:
    """Kill a worker in the middle of a request, and return how long after the request's beginning it is made again."""
    progress("kill -9 of a worker" + (" elsewhere" if apart else ""))
    calls: Queue[float] = Queue()
    with fresh() as (folder, database), socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_deaf_once, args=(listener, calls), daemon=True).start()
        config = configure(folder, database, robot=listener.getsockname()[1])
        _store(config)
        command = posthouse("worker", "--config", str(config))
        places = [folder / name for name in ("first", "second")]
        for place in places:
            place.mkdir()
        with started([*apart, *command], places[0]) as first:
            called_at = calls.get(timeout=30)
            with started(command, places[1]):
                time.sleep(2.0)  # until it has nothing to do
                for process in [*first.children(recursive=True), first]:
                    with contextlib.suppress(psutil.NoSuchProcess):  # its parent took it along
                        process.kill()
                return calls.get(timeout=LEASE + 30) - called_at


def _store(config: Path) -> None:
    relay = Relay.open(config)
    relay.outbox.record(Arrival("hook-0", "Push Hook", uuid.uuid4().hex, time.time(), "ok", {}, {}, Pushes(8192)[0]))
    relay.close()


def _deaf_once(listener: socket.socket, calls: "Queue[float]") -> None:
    """Take requests, answer all but the first, and note when each came."""
    open_connections = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.recv(65536)
        if open_connections:
            connection.sendall(ANSWER)
        open_connections.append(connection)
        calls.put(time.monotonic())


if __name__ == "__main__":
    table(rows())
