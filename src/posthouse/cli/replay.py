"""``posthouse replay``: say again what was given up, and try robots again, once the cause is mended."""

from pathlib import Path

import click

from posthouse.cli._options import LARGEST_ID, config_option
from posthouse.config import load
from posthouse.outbox import Outbox


@click.command()
@click.argument("event_ids", nargs=-1, type=click.IntRange(1, LARGEST_ID), metavar="[EVENT_ID]...")
@click.option("--all", "everything", is_flag=True, help="Replay everything that was given up.")
@config_option
def replay(event_ids: tuple[int, ...], everything: bool, config: Path) -> None:  # noqa: FBT001
    """Send buried deliveries again, and handle failed events again, of the named events or of all.

    What was sent is not sent twice. A robot that is left alone because it was set up wrongly is tried now, if something
    of these events waits for it. A running worker does the work; without one it waits for the next start.
    """
    if bool(event_ids) == everything:
        raise click.UsageError("name events, or say --all")
    outbox = Outbox.open(load(config).server.database_url, create=False)
    replayed = outbox.replay(None if everything else event_ids)
    outbox.close()
    again = f"{replayed.events} events are handled again, {replayed.deliveries} deliveries are sent again"
    click.echo(f"{again}, {replayed.robots} robots that were left alone are tried at once")
