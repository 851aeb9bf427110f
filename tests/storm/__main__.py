"""``make storm``: a long storm, and a table of what became of everything; ends with 1 if anything must not be."""

import argparse
import secrets
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from click import echo
from weather import Weather

import postgres
from storm import Storm

#: How many cases of what must not happen are shown.
SHOWN = 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="storm", description="A storm over posthouse, and what became of everything.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="a former run's, to repeat it")
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--per-second", type=float, default=16.0)
    parser.add_argument("--patience", type=float, default=600.0, help="seconds until everything posted has to be told")
    asked = parser.parse_args()
    echo(f"seed {asked.seed}")
    # Like Ctrl-C: what was started is to be stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began_at = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="posthouse-storm-")))
        server = stack.enter_context(postgres.running(durable=True))
        weather = Weather(asked.seed, asked.events)
        storm = Storm(weather, folder, server, per_second=asked.per_second, between_kills=(30, 90))
        aftermath = storm.run(seconds=asked.patience)
    rows = [*sorted(storm.counts.items()), *((what, len(cases)) for what, cases in aftermath.verdict.items())]
    echo(f"{time.monotonic() - began_at:.0f} seconds\n")
    for what, times in rows:
        echo(f"{times:8} {what}")
    wrong = [f"{what}: {case}" for what, cases in aftermath.verdict.items() for case in cases]
    for case in wrong[:SHOWN]:
        echo(case)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
