"""A worker whose robots answer at once and take no time: what is left is what posthouse does, and no HTTP."""

import signal
import sys
from pathlib import Path

from posthouse.cli._logs import start_logging
from posthouse.cli._steady import run_steadily
from posthouse.config import load
from posthouse.core.http import AppriseRequest, HttpReply, HttpRequest
from posthouse.desk import Desk
from posthouse.outbox import Outbox
from posthouse.relay import Relay
from posthouse.transport import Transport
from posthouse.worker import Worker

ANSWER = HttpReply(200, {"content-type": "application/json"}, b'{"errcode":0,"errmsg":"ok"}')


class Instant(Transport):
    """Takes every request, and nothing comes of it."""

    def send(self, request: HttpRequest | AppriseRequest) -> HttpReply:  # noqa: ARG002
        """Return what DingTalk says to what it has shown."""
        return ANSWER


def main(path: Path) -> None:
    start_logging()
    settings = load(path)
    outbox = Outbox.open(settings.server.database_url)
    relay = Relay(Desk(settings), outbox=outbox, transport=Instant(language="en"), clock=outbox.clock)
    relay.prepare()
    worker = Worker(relay)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    run_steadily()
    worker.run()
    relay.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
