"""``posthouse serve``: one web process and one worker process under a small parent."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import posthouse
from posthouse.cli import _parent
from posthouse.cli._address import base_urls, require_free
from posthouse.cli._options import config_option
from posthouse.config import load
from posthouse.desk import Desk
from posthouse.outbox import Outbox


@click.command()
@config_option
@click.option("--host", help="The address to listen on instead of the configured one.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on instead of the configured one.")
def serve(config: Path, host: str | None, port: int | None) -> None:
    """Run posthouse on one machine: take webhooks in and tell the robots, until SIGTERM or SIGINT.

    Prints for each webhook the address to enter at the sender, and restarts what dies.
    """
    desk = Desk(load(config))
    server = desk.settings.server
    host, port = host or server.host, server.port if port is None else port
    require_free(host, port)
    os.umask(0o077)  # what senders posted is for nobody else to read
    Outbox.open(server.database_url).close()  # so that a database that cannot be opened is said once, and at once
    for line in announcement(desk, host, port):
        click.echo(line)
    sys.stdout.flush()
    arguments = [str(config), host, str(port), "on" if server.metrics else "off"]
    # What was imported to print this is not needed any more, so the parent starts afresh: 8 MB instead of 40.
    os.execv(sys.executable, [sys.executable, "-P", _parent.__file__, *arguments])  # noqa: S606


def announcement(desk: Desk, host: str, port: int) -> Iterator[str]:
    """Yield what an operator needs to know at the start."""
    settings = desk.settings
    yield f"posthouse {posthouse.__version__} with {settings.path}, storing in {settings.server.database_name}"
    bases = [settings.server.base_url] if settings.server.base_url else list(base_urls(host, port))
    for webhook in settings.webhooks.values():
        told = ", ".join(webhook.robots) or "nobody"
        yield f"webhook {webhook.id} ({webhook.handler.type}) tells {told}; enter there one of"
        yield from (f"  {base}/webhook/{webhook.id}" for base in bases)
        yield from (f"  warning: {warning}" for warning in desk.webhooks[webhook.id].warnings())
        if not webhook.robots:
            yield "  warning: no robot is configured under notify, so nobody hears of its events"
    for name, robot in desk.robots.notifiers.items():
        yield from (f"robot {name}: warning: {warning}" for warning in robot.warnings())
