"""Log lines for an operator: time, level, part, then what happened to which event, delivery or robot."""

import logging
import sys


def start_logging() -> None:
    """Write everything from level INFO on to standard error; libraries only from WARNING on."""
    # Not shown, and looked up for every line otherwise.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", force=True
    )
    logging.getLogger("posthouse").setLevel(logging.INFO)
