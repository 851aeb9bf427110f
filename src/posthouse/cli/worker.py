"""``posthouse worker``: the role that handles events and sends messages."""

import logging
import os
import signal
from pathlib import Path

import click

from posthouse.cli._lifeline import die_with_parent
from posthouse.cli._logs import start_logging
from posthouse.cli._metrics import serve_metrics
from posthouse.cli._options import child_option, config_option
from posthouse.cli._steady import run_steadily
from posthouse.core.errors import PosthouseError
from posthouse.relay import Relay
from posthouse.worker import Worker

log = logging.getLogger("posthouse.worker")


@click.command()
@config_option
@click.option(
    "--alive-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to touch every five seconds, by which a supervisor sees that the worker goes on.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Where Prometheus finds what this worker has counted, as /metrics, on the configured host.",
)
@click.option("--metrics-fd", type=int, hidden=True)
@child_option
def worker(
    config: Path, alive_file: Path | None, metrics_port: int | None, metrics_fd: int | None, child_of: int | None
) -> None:
    """Handle stored events and send what is due, until SIGTERM or SIGINT.

    The attempt in flight is finished first. Any number of workers may share a database.
    """
    if child_of is not None:
        die_with_parent(child_of, by=signal.SIGTERM)
    start_logging()
    if alive_file is not None:
        _forget_earlier(alive_file)
    relay = Relay.open(config, wait=True)
    server = relay.desk.settings.server
    start_logging(server.log)
    serve_metrics(relay.meters, server, port=metrics_port, descriptor=metrics_fd)
    working = Worker(relay, alive_file=alive_file)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: working.stop())
    log.info("working on %s", server.database_name)
    for name, count in relay.outbox.history.orphans(relay.desk.webhooks, relay.lanes).items():
        log.warning("%s is not configured any more, and %d wait for it", name, count)
    run_steadily()
    working.run()
    relay.close()


def _forget_earlier(alive_file: Path) -> None:
    """Remove the file of an earlier worker, which is no sign of this one."""
    if not os.access(alive_file.parent, os.W_OK):
        raise PosthouseError(f"cannot write {alive_file}")
    alive_file.unlink(missing_ok=True)
