"""Log lines for an operator: time, level, part, then what happened to which event, delivery or robot."""

import logging
import os
import sys

from posthouse.core.message import printable


class OneLine(logging.Formatter):
    """Keeps a record on one line, whatever others wrote into it, so that nobody can forge one; except tracebacks."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without anything that would steer a terminal or begin another line."""
        return printable(super().formatMessage(record))


def start_logging() -> None:
    """Write everything from level INFO on to standard error; libraries only from WARNING on.

    Also lets nobody but the user read what is written from now on: the database holds what senders posted.
    """
    os.umask(0o077)
    # Not shown, and looked up for every line otherwise.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("posthouse").setLevel(logging.INFO)
