"""``posthouse people``: whether the people whom messages mention are configured."""

from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from ruamel.yaml import YAML

from posthouse.cli._options import config_option
from posthouse.cli._people import Calls, Stranger, calls, strangers, unmentionable
from posthouse.config import Settings, load
from posthouse.core.message import printable
from posthouse.core.people import MOBILE
from posthouse.desk import Desk
from posthouse.outbox import Outbox


@click.group()
def people() -> None:
    """Look after the people whom messages mention, which the configuration has under people."""


@people.command()
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 10_000), help="How many events.")
@config_option
def lint(limit: int, config: Path) -> None:
    """Name everybody who is mentioned in the newest events and is missing under people.

    Prints the entries that are missing, to be pasted into the configuration, and names those in it whom none of its
    robots can mention. What only may be a person, such as an @word in a text, is listed on its own. Stored events are
    decided about once more for this, without sending anything or asking anybody.

    Exits with 1 if somebody is missing who is no guess.
    """
    settings = load(config)
    desk = Desk(settings)
    outbox = Outbox.open(settings.server.database_url, create=False)
    try:
        found = [calls(desk, stored) for stored in outbox.history.stored(limit)]
    finally:
        outbox.close()
    for line in _errors(found):
        click.echo(line, err=True)
    named = strangers(settings, found)
    sure, guesses = [one for one in named if not one.guess], [one for one in named if one.guess]
    missing = [one for one in sure if one.names]
    if not missing:
        click.echo(f"Nobody is missing under people, by the newest {len(found)} events.\n")
    _show(f"Missing under people, by the newest {len(found)} events:", missing)
    _show("Perhaps people: @words in texts, and whom commits name as authors:", guesses)
    nameless = [one for one in sure if not one.names]
    _show("Not to be configured, as they are named without a name of their system:", nameless)
    _show_entries([one for one in missing if not one.person], settings)
    if missing:
        raise SystemExit(1)


def _errors(found: Sequence[Calls]) -> Iterator[str]:
    """Yield a line for each error that deciding ended in, however often."""
    errors = Counter((one.webhook_id, one.error) for one in found if one.error)
    for (webhook_id, error), times in errors.items():
        newest = next(one.event_id for one in found if (one.webhook_id, one.error) == (webhook_id, error))
        more = f" and {times - 1} more" if times > 1 else ""
        yield printable(f"event {newest}{more} of {webhook_id}: {error}")


def _show(title: str, named: Sequence[Stranger]) -> None:
    if not named:
        return
    click.echo(f"{title}\n")
    table = Table("named", "times", "in", "names", box=None, pad_edge=False)
    for one in named:
        text = f"{one.text}, configured as {one.person}" if one.person else one.text
        cells = (text, f"{one.times}", ", ".join(one.webhooks), ", ".join(map(_as_key, one.names)) or "-")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(width=None if Console().is_terminal else 200).print(table)
    click.echo()


def _as_key(name: str) -> str:
    return ": ".join(name.split(":", 1))


def _show_entries(missing: Sequence[Stranger], settings: Settings) -> None:
    """Print an entry for each who has none, after those whose entries lack what robots mention people by."""
    kinds = {robot.notifier.type for robot in settings.robots.values()}
    ids = ", ".join([*sorted(kinds), MOBILE])
    if mute := [person.name for person in unmentionable(settings)]:
        click.echo(printable(f"No robot can mention these, as they have none of {ids}: {', '.join(mute)}") + "\n")
    if missing:
        click.echo(f"  # To be pasted below config. Add to each of them what robots mention them by: {ids}.")
        for line in _entries(missing).splitlines():
            click.echo(f"  {printable(line)}")


def _entries(named: Sequence[Stranger]) -> str:
    entries = []
    for one in named:
        entry: dict[str, str | list[str]] = {"name": one.text or one.names[0].partition(":")[2]}
        for kind in dict.fromkeys(name.partition(":")[0] for name in one.names):
            own = [name.partition(":")[2] for name in one.names if name.startswith(f"{kind}:")]
            entry[kind] = own[0] if len(own) == 1 else own
        entries.append(entry)
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 10_000
    stream = StringIO()
    yaml.dump({"people": entries}, stream)
    return stream.getvalue()
