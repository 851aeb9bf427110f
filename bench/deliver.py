"""How fast stored events are handled and told to robots that take everything, and what an idle posthouse takes."""

import statistics
import time
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

import urllib3

from load import Pushes
from posthouse.outbox import Arrival, Outbox
from posthouse.relay import Relay
from robot import robot
from stack import commits_per_second, configure, free_port, memory, started, table, wait_until_ready

EVENTS = 3000
IDLE_EVENTS = 100
ROUNDS = 3


def fill(folder: Path, webhooks: int) -> None:
    outbox = Outbox.open(f"sqlite:///{folder}/posthouse.db")
    pushes = Pushes(8192)
    for number in range(EVENTS):
        name = f"hook-{number % webhooks}"
        outbox.record(Arrival(name, "Push Hook", uuid.uuid4().hex, time.time(), "ok", {}, {}, pushes[number]))
    outbox.close()


def drain(webhooks: int, *, handled: bool) -> float:
    """Return deliveries per second, from the first to the last that the robot answered.

    The events are ``handled`` before, or handling them is part of the work.
    """
    with TemporaryDirectory(dir=Path.cwd()) as name, robot() as (port, count, last_at):
        folder = Path(name)
        config = configure(folder, free_port(), webhooks=webhooks, robot=port)
        fill(folder, webhooks)
        if handled:
            relay = Relay.open(config)
            while relay.handle_next("bench"):
                pass
            relay.close()
        with started(["-m", "posthouse.cli", "worker", "--config", str(config)], folder):
            while count.value == 0:
                time.sleep(0.001)
            first_at, before = last_at.value, count.value
            while count.value < EVENTS:
                time.sleep(0.01)
            return (EVENTS - before) / (last_at.value - first_at)


def idle() -> tuple[list[float], float, float, float]:
    """Return milliseconds from stored to robot called, seconds to ready, MB, and % of a core, of ``serve`` at rest."""
    with TemporaryDirectory(dir=Path.cwd()) as name, robot() as (robot_port, count, last_at):
        folder, port = Path(name), free_port()
        config = configure(folder, port, robot=robot_port)
        command = ["-m", "posthouse.cli", "serve", "--config", str(config)]
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


def main() -> None:
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        commits = [commits_per_second(Path(folder)) for _ in range(ROUNDS)]
    rates: dict[tuple[int, bool], list[float]] = {
        (robots, handled): [] for handled in (True, False) for robots in (1, 50)
    }
    for _ in range(ROUNDS):
        for (robots, handled), measured in rates.items():
            measured.append(drain(robots, handled=handled))
    base = statistics.median(commits)
    rows = [["what", "deliveries/s", "of commits/s"], ["one row a commit, one thread, FULL", f"{base:.0f}", "1.00"]]
    for (robots, handled), measured in rates.items():
        rate = statistics.median(measured)
        what = f"{'told' if handled else 'handled and told'}, {robots} robot{'s' if robots > 1 else ''}"
        rows.append([what, f"{rate:.0f}", f"{rate / base:.2f}"])
    table(f"Telling: {EVENTS} stored events of 8 KB, one worker process, median of {ROUNDS} rounds", rows)
    runs = [idle() for _ in range(ROUNDS)]
    latencies = sorted(latency for run in runs for latency in run[0])
    rows = [["what", "figure"]]
    rows.append(["from answered to robot called, p50", f"{statistics.median(latencies):.1f} ms"])
    rows.append(["from answered to robot called, p99", f"{latencies[int(len(latencies) * 0.99)]:.1f} ms"])
    rows.append(["from start to ready", f"{statistics.median(run[1] for run in runs):.2f} s"])
    rows.append(["memory of all processes", f"{statistics.median(run[2] for run in runs):.0f} MB"])
    rows.append(["one core, at rest", f"{statistics.median(run[3] for run in runs):.1f} %"])
    table(f"posthouse serve with one event at a time, {ROUNDS} starts", rows)


if __name__ == "__main__":
    main()
