"""Starts posthouse, or something beside it, on a fresh database, and tells how fast the disk is and how it went."""

import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import urllib3

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from postgres import Server, running

ROUNDS = 3
CONFIG = """\
config:
  server: {{database: "{database}", host: 127.0.0.1, port: {port}, max_waiting: 0}}
  webhooks:
"""
WEBHOOK = """\
    - webhook_id: hook-{number}
      type: GITLAB
      secret_token: let-me-in
      max_waiting: 0
"""
ROBOT = """\
      notify:
        ding_talk:
          url: http://127.0.0.1:{robot}/robot/send
          access_token: robot-{number}
          sign_key: SEC-bench
          per_minute: 0
"""


@dataclass(frozen=True)
class Row:
    """A line of the one table that everything measured is in; what a line has not is left empty."""

    what: str
    a_second: str = ""
    ratio: str = ""
    p50_ms: str = ""
    p99_ms: str = ""
    aim: str = ""


def table(rows: Iterable[Row]) -> None:
    """Print rows as Markdown."""
    names = [field.name.replace("_", " ") for field in fields(Row)]
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(astuple(row)) + " |", flush=True)


def judged(ratio: float, least: float) -> str:
    """Say whether a ratio is what it should be at least."""
    return f">= {least:.2f}: {'yes' if ratio >= least else 'no'}"


def progress(what: str) -> None:
    """Say on standard error what is being measured; the table is printed at the end."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def postgresql() -> AbstractContextManager[Server]:
    """Start a PostgreSQL of its own, as durable as it is by default, for the length of a ``with`` statement."""
    return running(durable=True)


@contextmanager
def fresh(server: Server | None = None) -> Iterator[tuple[Path, str]]:
    """Yield a new folder, and the address of a new database: of the PostgreSQL server if there is one, else in there.

    The folder is in the working directory, so that it is on a disk; PostgreSQL's is where temporary files are.
    """
    with TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        yield folder, f"sqlite:///{folder}/posthouse.db" if server is None else server.new_database()


def configure(folder: Path, database: str, *, port: int = 0, webhooks: int = 1, robot: int | None = None) -> Path:
    """Write a configuration with some webhooks, each with a robot of its own if there is one to talk to."""
    text = CONFIG.format(database=database, port=port or free_port())
    for number in range(webhooks):
        text += WEBHOOK.format(number=number) + (ROBOT.format(robot=robot, number=number) if robot else "")
    path = folder / "posthouse.yml"
    path.write_text(text)
    return path


def posthouse(*arguments: str) -> list[str]:
    """Return the command that runs posthouse."""
    return [sys.executable, "-m", "posthouse.cli", *arguments]


@contextmanager
def started(
    command: Sequence[str], folder: Path, *, port: int | None = None, path: str = "/readyz", **environment: str
) -> Iterator[psutil.Process]:
    """Run a command with its log in the folder; wait until it answers with 200 if a port is given."""
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
    try:
        if port is not None:
            wait_until_ready(port, path)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def started_webs(config: Path, folder: Path, count: int, **environment: str) -> Iterator[list[int]]:
    """Run some web processes over one database, and yield their ports."""
    with ExitStack() as stack:
        ports = [free_port() for _ in range(count)]
        for port in ports:  # one after the other: the first one makes the tables
            command = posthouse("web", "--config", str(config), "--port", str(port))
            stack.enter_context(started(command, folder, port=port, **environment))
        yield ports


def wait_until_ready(port: int, path: str = "/readyz") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if urllib3.request("GET", f"http://127.0.0.1:{port}{path}", retries=False, timeout=2).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.005)
    sys.exit("it did not become ready")


def memory(process: psutil.Process) -> float:
    """Return what a process and its children really take, in MB: memory they share is counted once."""
    family = [process, *process.children(recursive=True)]
    try:
        return sum(one.memory_full_info().pss for one in family) / 1e6
    except AttributeError:  # only Linux counts shared memory apart
        return sum(one.memory_info().rss for one in family) / 1e6


def commits_per_second(folder: Path, *, seconds: float = 2.0, size: int = 8192) -> float:
    """Measure the disk: one row of 8 KB a commit, one thread, WAL with FULL, nothing but Python's own SQLite."""
    path = folder / "commits.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)")
    body, count = b"x" * size, 0
    started_at = time.perf_counter()
    while time.perf_counter() - started_at < seconds:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO row (body) VALUES (?)", (body,))
        connection.execute("COMMIT")
        count += 1
    elapsed = time.perf_counter() - started_at
    connection.close()
    for file in folder.glob("commits.db*"):
        file.unlink()
    return count / elapsed


def disk(environment: Mapping[str, str] | None = None) -> float:
    """Return the commits a second of the working directory's disk, in a process of its own."""
    command = [sys.executable, __file__]
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, check=True)
    return float(done.stdout)


def spread(values: Sequence[float]) -> str:
    """Return the median, and from where to where the rounds were: how quiet the machine was."""
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


if __name__ == "__main__":
    with TemporaryDirectory(dir=Path.cwd()) as name:
        print(commits_per_second(Path(name)))
