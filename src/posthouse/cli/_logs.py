"""Log lines for an operator: time, level, part, then what happened to which event, delivery or robot."""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Literal

from posthouse.core.message import printable

#: What a record may say beside its text, in this order. It is named one by one: nothing else leaves by accident.
FIELDS = (
    *("webhook", "event_id", "event", "delivery_id", "deliveries", "robot"),
    *("verdict", "outcome", "reason", "status", "seconds"),
)


class OneLine(logging.Formatter):
    """Keeps a record on one line, whatever others wrote into it, so that nobody can forge one; except tracebacks."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without anything that would steer a terminal or begin another line."""
        return printable(super().formatMessage(record))


class JsonLine(logging.Formatter):
    """Makes a record one JSON object on one line, its traceback included.

    There are ``time`` (RFC 3339, in UTC), ``level``, ``logger`` and ``message``; of `FIELDS`, those that the record
    has, in seconds where they are times; and ``exception``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the object, with all but ASCII escaped: no terminal and no collector can take that wrongly."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        found = ((name, record.__dict__.get(name)) for name in FIELDS)
        line |= {name: value for name, value in found if value is not None and value != ""}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)  # libraries may mean something else by these names


def start_logging(style: Literal["text", "json"] = "text") -> None:
    """Write everything from level INFO on to standard error; libraries only from WARNING on.

    Also lets nobody but the user read what is written from now on: the database holds what senders posted. Called again
    once the configuration is known, it goes on in the ``style`` that is asked for.
    """
    os.umask(0o077)
    # Not shown, and looked up for every line otherwise.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    text = OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonLine() if style == "json" else text)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("posthouse").setLevel(logging.INFO)
