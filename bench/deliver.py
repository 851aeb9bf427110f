"""How fast stored events are handled and told to robots that take everything, and what an idle posthouse takes."""

import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import urllib3
from sqlalchemy import func, select, update

from load import Pushes
from posthouse.outbox import Arrival, Outbox
from posthouse.outbox.tables import attempt, lane
from posthouse.relay import Relay
from robot import robot
from stack import (
    ROUNDS,
    Row,
    Server,
    configure,
    disk,
    free_port,
    fresh,
    judged,
    memory,
    postgresql,
    posthouse,
    progress,
    spread,
    started,
    table,
    wait_until_ready,
)

EVENTS = 3000
INSTANT = (sys.executable, str(Path(__file__).parent / "instant.py"))
TOLD = select(func.count()).select_from(attempt)
WHEN = select(func.min(attempt.c.finished_at), func.max(attempt.c.finished_at))
#: How long workers have to start, in seconds, before there is something to do for all of them at once.
HEAD_START = 3.0
IDLE_EVENTS = 100


@dataclass(frozen=True)
class Case:
    """Who drains what: robots with a webhook each, worker processes, and whether handling is part of it."""

    robots: int
    workers: int
    handled: bool
    #: Whether robots are called, in HTTP by another process, or answer at once and take no time.
    http: bool = True
    aim: float = 0.0

    def __str__(self) -> str:
        work = "told" if self.handled else "handled and told"
        how = "" if self.http else ", without HTTP"
        return f"{work}, {_number(self.robots, 'robot')}, {_number(self.workers, 'worker')}{how}"


CASES = (
    Case(robots=50, workers=1, handled=True, http=False, aim=0.45),
    Case(robots=50, workers=2, handled=True, http=False, aim=0.45),
    Case(robots=1, workers=1, handled=True),
    Case(robots=50, workers=1, handled=True),
    Case(robots=50, workers=2, handled=True),
    Case(robots=50, workers=1, handled=False),
    Case(robots=50, workers=2, handled=False),
)


def drain(case: Case, server: Server | None) -> float:
    """Return deliveries per second, from the first to the last whose answer was there."""
    with fresh(server) as (folder, database), robot() as (port, _, _), ExitStack() as stack:
        config = configure(folder, database, webhooks=case.robots, robot=port)
        _fill(config, database, case)
        for number in range(case.workers):
            place = folder / f"worker-{number}"
            place.mkdir()
            command = posthouse("worker", "--config", str(config)) if case.http else [*INSTANT, str(config)]
            stack.enter_context(started(command, place))
        outbox = Outbox.open(database)
        stack.callback(outbox.close)
        with outbox._engine.connect() as connection:  # noqa: SLF001 - nobody else wants to know
            while connection.scalar(TOLD) < EVENTS:
                connection.rollback()
                time.sleep(0.1)
            first_at, last_at = connection.execute(WHEN).one()
        return (EVENTS - 1) / (last_at - first_at)


def _fill(config: Path, database: str, case: Case) -> None:
    """Store events, and let every lane rest until all workers have started."""
    relay, pushes = Relay.open(config), Pushes(8192)
    for number in range(EVENTS):
        name = f"hook-{number % case.robots}"
        relay.outbox.record(Arrival(name, "Push Hook", uuid.uuid4().hex, time.time(), "ok", {}, {}, pushes[number]))
    while case.handled and relay.handle_next("bench"):
        pass
    relay.close()
    outbox = Outbox.open(database)
    with outbox._engine.begin() as connection:  # noqa: SLF001 - there is nothing in the product that does this
        connection.execute(update(lane).values(next_at=outbox.clock() + HEAD_START))
    outbox.close()


def idle() -> tuple[list[float], float, float, float]:
    """Return milliseconds from answered to robot called, seconds to ready, MB and % of a core at rest, of ``serve``."""
    with fresh() as (folder, database), robot() as (robot_port, count, last_at):
        port = free_port()
        config = configure(folder, database, port=port, robot=robot_port)
        command = posthouse("serve", "--config", str(config))
        with started(command, folder, port=port):
            pass  # the first start creates the tables; what is measured is every later one
        started_at = time.perf_counter()
        with started(command, folder) as process:
            wait_until_ready(port)
            ready = time.perf_counter() - started_at
            latencies = []
            pushes, pool = Pushes(8192), urllib3.PoolManager(retries=False)
            headers = {"X-Gitlab-Token": "let-me-in"}
            for number in range(IDLE_EVENTS):
                time.sleep(0.03 + (number % 7) * 0.007)
                key = {"webhook-id": uuid.uuid4().hex}
                pool.request(
                    "POST", f"http://127.0.0.1:{port}/webhook/hook-0", body=pushes[number], headers=headers | key
                )
                answered_at = time.time()
                while count.value <= number:
                    time.sleep(0.0002)
                latencies.append(max(last_at.value - answered_at, 0.0) * 1000)
            family = [process, *process.children(recursive=True)]
            before = sum(sum(one.cpu_times()[:2]) for one in family)
            time.sleep(3.0)
            busy = (sum(sum(one.cpu_times()[:2]) for one in family) - before) / 3.0 * 100
            return latencies, ready, memory(process), busy


def rows() -> Iterator[Row]:
    commits: list[float] = []
    rates: dict[tuple[str, Case], list[float]] = {}
    with postgresql() as server:
        for _ in range(ROUNDS):
            commits.append(disk())
            for name, database in (("SQLite", None), ("PostgreSQL", server)):
                for case in CASES:
                    progress(f"drain: {name}, {case}")
                    rates.setdefault((name, case), []).append(drain(case, database))
    base = statistics.median(commits)
    yield Row("one row of 8 KB a commit, SQLite, one thread, FULL", spread(commits), "1.00")
    for (name, case), measured in rates.items():
        ratio = statistics.median(measured) / base
        aim = judged(ratio, case.aim) if case.aim else ""
        yield Row(f"drain: {name}, {case}", spread(measured), f"{ratio:.2f}", aim=aim)
    yield from _idle_rows()


def _idle_rows() -> Iterator[Row]:
    progress("serve with one event at a time")
    runs = [idle() for _ in range(ROUNDS)]
    latencies = sorted(latency for run in runs for latency in run[0])
    p50, p99 = (f"{latencies[int(len(latencies) * share)]:.1f}" for share in (0.5, 0.99))
    yield Row("serve, one event at a time: from answered to robot called", p50_ms=p50, p99_ms=p99)
    ready, megabytes, busy = (statistics.median(run[number] for run in runs) for number in (1, 2, 3))
    yield Row(
        f"serve: {megabytes:.0f} MB in all, {busy:.1f} % of a core at rest; to ready:", p50_ms=f"{ready * 1000:.0f}"
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


if __name__ == "__main__":
    table(rows())
