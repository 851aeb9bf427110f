"""Measures everything, and prints one table: ``python bench``. Each part also runs alone."""

import backlog
import deliver
import ingest
import redeliver
import slow_disk
from stack import table


def main() -> None:
    parts = (ingest, deliver, redeliver, slow_disk, backlog)
    table([row for part in parts for row in part.rows()])


if __name__ == "__main__":
    main()
