"""``posthouse check``: whether the configuration is right."""

from collections.abc import Iterator
from pathlib import Path

import click

from posthouse.cli._options import config_option
from posthouse.cli._people import unmentionable
from posthouse.config import Settings, load
from posthouse.core.message import printable
from posthouse.desk import Desk


@click.command()
@config_option
def check(config: Path) -> None:
    """Check the configuration, and do nothing else.

    Exits with 2 and the file, line and key of every problem if there is any. What is right but looks like a mistake is
    a warning: a missing secret, a robot that nobody uses, a person whom no robot can mention.
    """
    settings = load(config)
    desk = Desk(settings)
    for warning in _warnings(desk):
        click.echo(f"warning: {printable(warning)}", err=True)
    counts = [f"{len(desk.webhooks)} webhooks", f"{len(settings.robots)} robots"]
    counts += [f"{len(settings.pools)} pools"] if settings.pools else []
    counts += [f"{len(everybody)} people"] if (everybody := settings.people.persons) else []
    click.echo(f"{config}: right; {', '.join(counts)}")


def _warnings(desk: Desk) -> Iterator[str]:
    for name, plugin in (*desk.webhooks.items(), *desk.robots.notifiers.items()):
        yield from (f"{name}: {warning}" for warning in plugin.warnings())
    yield from (f"{name}: no webhook tells it, and no robot falls back on it" for name in _unused(desk.settings))
    for person in unmentionable(desk.settings):
        yield f"{person.name}: no configured robot can mention this person, who has no id for its kind, and no mobile"


def _unused(settings: Settings) -> list[str]:
    """Return the robots and pools that no webhook tells, be it as a pool's member or as a fallback."""
    used: set[str] = set()
    found = [name for webhook in settings.webhooks.values() for name in webhook.robots]
    while found:
        name = found.pop()
        if name not in used:
            used.add(name)
            members = settings.pools.get(name, (name,))
            fallbacks = (settings.robots[member].settings.fallback for member in members if member in settings.robots)
            found += [*members, *(fallback for fallback in fallbacks if fallback is not None)]
    return [name for name in (*settings.robots, *settings.pools) if name not in used]
