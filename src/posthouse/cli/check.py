"""``posthouse check``: whether the configuration is right."""

from pathlib import Path

import click

from posthouse.cli._options import config_option
from posthouse.config import load
from posthouse.desk import Desk


@click.command()
@config_option
def check(config: Path) -> None:
    """Check the configuration, and do nothing else.

    Exits with 2 and the file, line and key of every problem if there is any.
    """
    desk = Desk(load(config))
    for name, plugin in (*desk.webhooks.items(), *desk.robots.notifiers.items()):
        for warning in plugin.warnings():
            click.echo(f"warning: {name}: {warning}", err=True)
    click.echo(f"{config}: right; {len(desk.webhooks)} webhooks, {len(desk.robots.notifiers)} robots")
