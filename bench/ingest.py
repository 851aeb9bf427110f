"""How fast events are taken in and stored, as a share of what this disk can commit at all, in one run.

Every answer counted here was given after the event was on disk. The bare endpoint stores nothing.
"""

import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from load import Pushes, Result, run
from stack import commits_per_second, configure, free_port, started, table

CONNECTIONS = 50
SECONDS = 3.0
ROUNDS = 3
TOKEN = "X-Gitlab-Token: let-me-in\r\n"


def load(port: int, pushes: Pushes) -> Result:
    run(port, "/webhook/hook-0", pushes, connections=CONNECTIONS, seconds=0.5, headers=TOKEN)
    result = run(port, "/webhook/hook-0", pushes, connections=CONNECTIONS, seconds=SECONDS, headers=TOKEN)
    if set(result.statuses) - {200, 202}:
        raise SystemExit(f"refused: {result.statuses}")
    return result


def measure(kind: str, pushes: Pushes, folder: Path) -> Result:
    port = free_port()
    config = str(configure(folder, port))
    commands = {
        "bare Flask": [str(Path(__file__).parent / "bare.py"), str(port)],
        "posthouse web": ["-m", "posthouse.cli", "web", "--config", config],
        "posthouse serve": ["-m", "posthouse.cli", "serve", "--config", config],
    }
    with started(commands[kind], folder, port=port):
        return load(port, pushes)


def main() -> None:
    sizes = {"8 KB": Pushes(8192), "50 KB": Pushes(51200)}
    cases = [(kind, size) for kind in ("posthouse web", "posthouse serve", "bare Flask") for size in sizes]
    results: dict[tuple[str, str], list[Result]] = {case: [] for case in cases}
    commits = []
    for _ in range(ROUNDS):
        with TemporaryDirectory(dir=Path.cwd()) as folder:
            commits.append(commits_per_second(Path(folder)))
        for kind, size in cases:
            with TemporaryDirectory(dir=Path.cwd()) as folder:
                results[kind, size].append(measure(kind, sizes[size], Path(folder)))
    base = statistics.median(commits)
    rows = [["what", "body", "requests/s", "of commits/s", "p50 ms", "p99 ms"]]
    rows.append(["one row a commit, one thread, FULL", "8 KB", f"{base:.0f}", "1.00", "", ""])
    for (kind, size), rounds in results.items():
        rate = statistics.median(one.rate for one in rounds)
        p50 = statistics.median(one.percentile(0.5) for one in rounds)
        p99 = statistics.median(one.percentile(0.99) for one in rounds)
        rows.append([kind, size, f"{rate:.0f}", f"{rate / base:.2f}", f"{p50:.1f}", f"{p99:.1f}"])
    table(f"Taking in: {CONNECTIONS} connections, unique keys, median of {ROUNDS} rounds", rows)


if __name__ == "__main__":
    main()
