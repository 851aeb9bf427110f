"""``posthouse web``: the role that takes webhooks in."""

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posthouse.cli._address import require_free
from posthouse.cli._lifeline import die_with_parent, hear_stop_in_a_thread, hear_stop_once
from posthouse.cli._logs import start_logging
from posthouse.cli._options import child_option, config_option
from posthouse.cli._steady import run_steadily
from posthouse.core.errors import PosthouseError

if TYPE_CHECKING:
    from flask import Flask

    from posthouse.config import ServerSettings

#: Threads that may wait for a commit together; on a slow disk more of them share one.
THREADS = 64
#: Requests that wait for a thread before the server stops taking connections.
BACKPRESSURE = 256
#: How long requests may take to end after the signal to stop, in seconds: longer than the database is waited for.
STOP_SECONDS = 10
#: What waitress takes in at most; a little more than we do, so that the answer is ours.
BODY_BYTES = 26 * 1024 * 1024


@click.command()
@config_option
@click.option("--host", help="The address to listen on instead of the configured one.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on instead of the configured one.")
@click.option("--with-worker", is_flag=True, hidden=True)
@click.option("--worker-port", type=int, hidden=True)
@child_option
def web(
    config: Path,
    host: str | None,
    port: int | None,
    with_worker: bool,  # noqa: FBT001
    worker_port: int | None,
    child_of: int | None,
) -> None:
    """Take webhooks in and store them, until SIGTERM or SIGINT. Sending is the work of "posthouse worker"."""
    if child_of is not None:
        die_with_parent(child_of)
    start_logging()
    if child_of is None or host is None or port is None:  # under serve, all of this is known to be right
        server = _configured(config)
        host, port = host or server.host, server.port if port is None else port
    require_free(host, port)
    make = partial(_application, config, with_worker=with_worker, worker_port=worker_port)
    try:
        from granian import Granian
    except ImportError:  # there is no wheel of it for this platform
        _serve_with_waitress(make(), host, port)
        return
    granian = Granian(
        "posthouse",
        address=host,
        port=port,
        interface="wsgi",  # type: ignore[arg-type]  # an enumeration of strings
        workers=1,
        blocking_threads=THREADS,
        backpressure=BACKPRESSURE,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        log_level="error",  # type: ignore[arg-type]
    )
    granian.on_startup(hear_stop_once)  # when it has set its handlers
    granian.serve(target_loader=partial(_child_application, make, os.getpid()), wrap_loader=False)


def _application(config: Path, *, with_worker: bool, worker_port: int | None) -> "Flask":
    """Make the application. What it needs is imported here: Granian's own process, which only watches, does not."""
    from posthouse.relay import Relay
    from posthouse.web import create_app

    relay = Relay.open(config, wait=True)
    start_logging(relay.desk.settings.server.log)
    application = create_app(relay, with_worker=with_worker, worker_port=worker_port)
    run_steadily()
    return application


def _child_application(make: "Callable[[], Flask]", parent: int) -> "Flask":
    """Make the application in the process that Granian starts to serve it."""
    die_with_parent(parent)
    hear_stop_in_a_thread()
    start_logging()
    try:
        return make()
    except PosthouseError as error:
        click.echo(f"posthouse: {error}", err=True)
        raise SystemExit(1) from None


def _configured(config: Path) -> "ServerSettings":
    from posthouse.config import load

    return load(config).server


def _serve_with_waitress(application: "Flask", host: str, port: int) -> None:
    import waitress

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        waitress.serve(application, host=host, port=port, threads=32, max_request_body_size=BODY_BYTES)
    except OSError as error:
        raise PosthouseError(f"cannot listen on {host}:{port}: {error.strerror}") from error
