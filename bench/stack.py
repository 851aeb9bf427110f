"""Starts posthouse, or something beside it, on a fresh folder, and tells how it is."""

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import urllib3

CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", host: 127.0.0.1, port: {port}}}
  webhooks:
"""
WEBHOOK = """\
    - webhook_id: hook-{number}
      type: GITLAB
      secret_token: let-me-in
"""
ROBOT = """\
      notify:
        ding_talk:
          url: http://127.0.0.1:{robot}/robot/send
          access_token: robot-{number}
          sign_key: SEC-bench
          per_minute: 0
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def configure(folder: Path, port: int, *, webhooks: int = 1, robot: int | None = None) -> Path:
    """Write a configuration with some webhooks, each with a robot of its own if there is one to talk to."""
    text = CONFIG.format(folder=folder, port=port)
    for number in range(webhooks):
        text += WEBHOOK.format(number=number) + (ROBOT.format(robot=robot, number=number) if robot else "")
    path = folder / "posthouse.yml"
    path.write_text(text)
    return path


@contextmanager
def started(arguments: Sequence[str], folder: Path, *, port: int | None = None) -> Iterator[psutil.Process]:
    """Run a command with its log in the folder; wait until ``/readyz`` says 200 if a port is given."""
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log)
    try:
        if port is not None:
            wait_until_ready(port)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", retries=False, timeout=2).status == 200:
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


def table(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Print rows as Markdown, the first one as the heading."""
    print(f"\n### {title}\n")
    for number, row in enumerate(rows):
        print("| " + " | ".join(row) + " |")
        if number == 0:
            print("|" + "---|" * len(row))
