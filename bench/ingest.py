"""How fast events are taken in and stored, as a share of what this disk can commit at all, in one run.

Every answer counted here was given after the event was on disk. The bare endpoint stores nothing, and neither does
Debian's ``webhook``, which starts ``/bin/true`` for each request.
"""

import json
import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from load import Pushes, Result, run
from stack import (
    ROUNDS,
    Row,
    Server,
    configure,
    disk,
    free_port,
    fresh,
    judged,
    postgresql,
    posthouse,
    progress,
    spread,
    started,
    started_webs,
    table,
)

CONNECTIONS = 50
SECONDS = 3
TOKEN = "X-Gitlab-Token: let-me-in\r\n"
HOOK = "/webhook/hook-0"
P99 = 100.0
#: What one PostgreSQL should store a second on a machine with two cores.
POSTGRESQL = 2400
PEER = "Debian's webhook"
#: What is configured for the peer: the same check of the same token.
PEER_HOOK = {
    "id": "hook-0",
    "execute-command": "/bin/true",
    "trigger-rule": {
        "match": {"type": "value", "value": "let-me-in", "parameter": {"source": "header", "name": "X-Gitlab-Token"}}
    },
}


def load(ports: Sequence[int], pushes: Pushes, path: str = HOOK) -> Result:
    run(ports, path, pushes, connections=CONNECTIONS, seconds=1, headers=TOKEN)
    return run(ports, path, pushes, connections=CONNECTIONS, seconds=SECONDS, headers=TOKEN)


def webs(count: int, pushes: Pushes, server: Server | None) -> Result:
    with fresh(server) as (folder, database), started_webs(configure(folder, database), folder, count) as ports:
        return load(ports, pushes)


def serve(pushes: Pushes) -> Result:
    with fresh() as (folder, database):
        port = free_port()
        config = configure(folder, database, port=port)
        with started(posthouse("serve", "--config", str(config)), folder, port=port):
            return load([port], pushes)


def bare(pushes: Pushes) -> Result:
    with fresh() as (folder, _):
        port = free_port()
        with started([sys.executable, str(Path(__file__).parent / "bare.py"), str(port)], folder, port=port):
            return load([port], pushes)


def peer(pushes: Pushes) -> Result:
    with fresh() as (folder, _):
        port, hooks = free_port(), folder / "hooks.json"
        hooks.write_text(json.dumps([PEER_HOOK]))
        command = ["webhook", "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port)]
        with started(command, folder, port=port, path="/"):
            return load([port], pushes, "/hooks/hook-0")


def cases(server: Server) -> Iterator[tuple[str, Callable[[], Result]]]:
    small, large = Pushes(8192), Pushes(51200)
    for name, database in (("SQLite", None), ("PostgreSQL", server)):
        for count in (1, 2, 4):
            yield f"{name}, {count} web, 8 KB", lambda count=count, at=database: webs(count, small, at)
        yield f"{name}, 1 web, 50 KB", lambda at=database: webs(1, large, at)
    yield "SQLite, serve: handling meanwhile, 8 KB", lambda: serve(small)
    yield "a bare Flask endpoint, 8 KB", lambda: bare(small)
    if shutil.which("webhook"):
        yield f"{PEER}, 8 KB", lambda: peer(small)
    else:
        progress("webhook is not installed: it is left out")


def rows() -> Iterator[Row]:
    commits: list[float] = []
    results: dict[str, list[Result]] = {}
    with postgresql() as server:
        for _ in range(ROUNDS):
            commits.append(disk())
            for name, measure in cases(server):
                progress(f"accept: {name}")
                results.setdefault(name, []).append(measure())
    base = statistics.median(commits)
    yield Row("one row of 8 KB a commit, SQLite, one thread, FULL", spread(commits), "1.00")
    rates = {name: statistics.median(one.rate for one in rounds) for name, rounds in results.items()}
    for name, rounds in results.items():
        p50, p99 = (statistics.median(one.percentile(share) for one in rounds) for share in (0.5, 0.99))
        aim = _aim(name, rates, base, p99)
        rate = spread([one.rate for one in rounds])
        yield Row(f"accept: {name}", rate, f"{rates[name] / base:.2f}", f"{p50:.1f}", f"{p99:.1f}", aim)
    peers = rates.get(f"{PEER}, 8 KB")
    if peers:
        ratio = rates["SQLite, 1 web, 8 KB"] / peers
        yield Row(f"accept: SQLite, 1 web, against {PEER}", ratio=f"{ratio:.2f}", aim=judged(ratio, 1.0))


def _aim(name: str, rates: dict[str, float], base: float, p99: float) -> str:
    quick = f"p99 < {P99:.0f}: {'yes' if p99 < P99 else 'no'}"
    if name == "SQLite, 1 web, 8 KB":
        return f"{judged(rates[name] / base, 0.85)}; {quick}"
    if name == "PostgreSQL, 2 web, 8 KB":
        return f">= {POSTGRESQL:,}: {'yes' if rates[name] >= POSTGRESQL else 'no'}; {quick}"
    return ""


if __name__ == "__main__":
    table(rows())
