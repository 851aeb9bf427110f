"""``posthouse web``: the role that takes webhooks in."""

import os
import signal
from pathlib import Path
from typing import Any

import click

from posthouse.cli._lifeline import die_with_parent
from posthouse.cli._logs import start_logging
from posthouse.cli._options import child_option, config_option
from posthouse.config import load
from posthouse.core.errors import PosthouseError
from posthouse.relay import Relay
from posthouse.web import create_app

#: Threads that may wait for a commit together; on a slow disk more of them share one.
THREADS = 64
#: Requests that wait for a thread before the server stops taking connections.
BACKPRESSURE = 256


@click.command()
@config_option
@click.option("--host", help="The address to listen on instead of the configured one.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on instead of the configured one.")
@click.option("--with-worker", is_flag=True, hidden=True)
@child_option
def web(config: Path, host: str | None, port: int | None, with_worker: bool, child_of: int | None) -> None:  # noqa: FBT001
    """Take webhooks in and store them, until SIGTERM or SIGINT. Sending is the work of ``posthouse worker``."""
    if child_of is not None:
        die_with_parent(child_of)
    start_logging()
    server = load(config).server
    address = (host or server.host, server.port if port is None else port)
    try:
        from granian import Granian
    except ImportError:  # there is no wheel of it for this platform
        _serve_with_waitress(config, address, with_worker=with_worker)
        return
    parent = os.getpid()

    def application() -> Any:
        """Make the application in the process that serves it."""
        die_with_parent(parent)
        start_logging()
        return create_app(Relay.open(config), with_worker=with_worker)

    Granian(
        "posthouse",
        address=address[0],
        port=address[1],
        interface="wsgi",  # type: ignore[arg-type]  # an enumeration of strings
        workers=1,
        blocking_threads=THREADS,
        backpressure=BACKPRESSURE,
        websockets=False,
        log_level="warning",  # type: ignore[arg-type]
    ).serve(target_loader=application, wrap_loader=False)


def _serve_with_waitress(config: Path, address: tuple[str, int], *, with_worker: bool) -> None:
    import waitress

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = create_app(Relay.open(config), with_worker=with_worker)
    try:
        waitress.serve(app, host=address[0], port=address[1], threads=32, max_request_body_size=26 * 1024 * 1024)
    except OSError as error:
        raise PosthouseError(f"cannot listen on {address[0]}:{address[1]}: {error.strerror}") from error
