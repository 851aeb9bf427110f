"""How fast events are taken in where every fsync takes two milliseconds more, which is still a good disk.

Needs a C compiler, and a system whose loader knows ``LD_PRELOAD``.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ingest import load
from load import Pushes, Result
from stack import ROUNDS, Row, Server, configure, disk, fresh, postgresql, progress, spread, started_webs, table

SHIM = Path(__file__).parent / "slow_fsync.c"
P99 = 300.0


def rows() -> Iterator[Row]:
    compiler = shutil.which("cc")
    if compiler is None:
        progress("there is no C compiler: the slow disk is left out")
        return
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
        library = Path(name) / "slow_fsync.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SHIM, "-ldl"], check=True)
        yield from _measured({"LD_PRELOAD": str(library)})


def _measured(slowly: dict[str, str]) -> Iterator[Row]:
    commits: list[float] = []
    results: dict[str, list[Result]] = {}
    os.environ.update(slowly)  # PostgreSQL inherits it
    with postgresql() as server:
        del os.environ["LD_PRELOAD"]
        for _ in range(ROUNDS):
            commits.append(disk(slowly))
            for name, database in (("SQLite", None), ("PostgreSQL", server)):
                progress(f"accept, fsync + 2 ms: {name}")
                results.setdefault(name, []).append(_accept(database, slowly))
    base = statistics.median(commits)
    yield Row("fsync + 2 ms: one row of 8 KB a commit, SQLite, one thread", spread(commits), "1.00")
    for name, rounds in results.items():
        rates = [one.rate for one in rounds]
        p50, p99 = (statistics.median(one.percentile(share) for one in rounds) for share in (0.5, 0.99))
        aim = f"p99 < {P99:.0f}: {'yes' if p99 < P99 else 'no'}"
        ratio = f"{statistics.median(rates) / base:.2f}"
        yield Row(f"fsync + 2 ms: accept: {name}, 1 web, 8 KB", spread(rates), ratio, f"{p50:.1f}", f"{p99:.1f}", aim)


def _accept(server: Server | None, slowly: dict[str, str]) -> Result:
    with (
        fresh(server) as (folder, database),
        started_webs(configure(folder, database), folder, 1, **slowly) as ports,
    ):
        return load(ports, Pushes(8192))


if __name__ == "__main__":
    table(rows())
