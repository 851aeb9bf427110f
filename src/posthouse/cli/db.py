"""``posthouse db``: looks after the database, and carries what is in it over to another one."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import click

import posthouse
from posthouse.cli._options import config_option, json_option
from posthouse.config import Settings, load
from posthouse.core.errors import PosthouseError
from posthouse.outbox.archive import Manifest
from posthouse.outbox.database import Database, open_database
from posthouse.outbox.engine import HEAD
from posthouse.outbox.stock import Stock, size, take_stock
from posthouse.outbox.transfer import export_rows, import_rows
from posthouse.trace import at

#: Standard input and output, where a file is asked for.
STANDARD = Path("-")
#: The tables that people know, and what they call their rows.
ROWS = {"event": "events", "delivery": "deliveries", "attempt": "attempts"}


@click.group()
def db() -> None:
    """Look after the database, and carry what is in it over to another one.

    From SQLite (old.yml) to PostgreSQL (new.yml), so that nothing is lost and nothing told twice:

    \b
    1. posthouse db upgrade --config new.yml
    2. Stop the old posthouse, and at once start in its place
       posthouse web --config new.yml
       What comes in is stored in the new database from now on, and waits.
    3. posthouse db export - --config old.yml | posthouse db import - --config new.yml
    4. posthouse worker --config new.yml
       Messages that waited are told in order, then those that came in since.

    If step 3 fails, the new database is as it was before it; do it again. Senders see nothing but the restart in
    step 2, and not even that if a proxy stands in front of both. Never run workers on both databases: each would use
    the robots' limits up. From PostgreSQL to SQLite, whose file has one writer at a time, leave out the "posthouse web"
    of step 2, and start "posthouse serve" after step 3.
    """  # noqa: D301 - click knows by the very character what it must not wrap


@db.command()
@json_option
@config_option
def current(as_json: bool, config: Path) -> None:  # noqa: FBT001
    """Show which database is configured, which migration it is at, how large it is and what is in it.

    Changes nothing. With PostgreSQL, the rows of large tables are the server's own estimate.

    In JSON, times are in seconds since the epoch, and null stands for nothing.
    """
    settings = load(config)
    with _existing(settings) as database:
        stock = take_stock(database)
    if as_json:
        found = asdict(stock) | {"database": settings.server.database_name, "estimated": sorted(stock.estimated)}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in _lines(stock, settings):
        click.echo(f"{name:<12}{value}")


@db.command()
@config_option
def upgrade(config: Path) -> None:
    """Make the tables, or bring them up to date, and say from which migration to which.

    "serve", "web" and "worker" do so themselves when they start; this is for those who want it as a step of its own.
    Any number may do it at the same time, one of them does the work.
    """
    settings = load(config)
    with _opened(settings) as database:
        before = database.migrate()
    steps = f"at migration {HEAD}, as it was" if before == HEAD else f"upgraded from migration {before} to {HEAD}"
    click.echo(f"{settings.server.database_name}: {steps if before else f'tables made, at migration {HEAD}'}")


@db.command()
@config_option
def vacuum(config: Path) -> None:
    """Give the room of what was deleted back to the disk.

    Workers do so by themselves, little by little. With SQLite this writes the whole file anew: the disk needs its size
    once more, and meanwhile nothing can be stored, so that senders get a 503. PostgreSQL uses the room again for what
    comes in, and keeps the files' size; everything goes on meanwhile.
    """
    settings = load(config)
    with _existing(settings) as database:
        before = size(database)
        database.vacuum()
        after = size(database)
    click.echo(f"{settings.server.database_name}: {_megabytes(before)} before, {_megabytes(after)} now")


@db.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@config_option
def export_(file: Path, config: Path) -> None:
    """Write everything in the database to FILE, or to standard output for "-", as compressed JSON lines.

    What is written is the database at one moment, whatever goes on meanwhile; nobody has to wait for it. To carry it
    over to another database, stop everything that works on this one first: what is stored or told later is not in it.
    "posthouse db --help" says how. It holds what senders wrote, so FILE is for nobody else to read; it has none of the
    configuration's secrets.
    """
    settings = load(config)
    with _existing(settings) as database, _new_file(file) as stream:
        manifest = export_rows(database, stream, version=posthouse.__version__, now=database.clock())
    click.echo(f"exported {_counts(manifest)}, as of {at(manifest.written_at, settings.server.time_zone)}", err=True)


@db.command("import")
@click.argument("file", type=click.File("rb"))
@config_option
def import_(file: BinaryIO, config: Path) -> None:
    """Put everything from FILE, or from standard input for "-", into the database, which gets its tables if need be.

    Events keep their numbers, robots keep what they have used of their limits, and what waits goes on waiting. Either
    everything is imported or nothing. Nobody may have worked on events in this database before, but with PostgreSQL
    "posthouse web" may store events at the same time: they come behind the imported ones, and get higher numbers.
    """
    settings = load(config)
    with _opened(settings) as database:
        imported = import_rows(database, file)
    click.echo(f"imported {_counts(imported.manifest)} into {settings.server.database_name}", err=True)
    if imported.behind:
        moved = f"; those from before have numbers that are higher by {imported.moved}" if imported.moved else ""
        click.echo(f"{imported.behind} events that came in before or meanwhile come behind them{moved}", err=True)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """Open the database. Files that are made meanwhile are for nobody else to read: senders wrote what is in them."""
    before = os.umask(0o077)
    try:
        with closing(open_database(settings.server.database_url)) as database:
            yield database
    finally:
        os.umask(before)


@contextmanager
def _existing(settings: Settings) -> Iterator[Database]:
    with _opened(settings) as database:
        database.require()
        yield database


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Make a file, or take standard output for "-"."""
    if path == STANDARD and sys.stdout.isatty():
        raise click.UsageError("what is exported is no text for a terminal: name a file")
    try:
        if path == STANDARD:
            yield sys.stdout.buffer
        else:
            with path.open("xb") as stream, _whole_or_none(path):
                yield stream
    except FileExistsError:
        raise PosthouseError(f"{path} exists already") from None
    except BrokenPipeError:
        raise  # whoever reads has said why, or does not want to
    except OSError as error:
        raise PosthouseError(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def _whole_or_none(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink()
        raise


def _lines(stock: Stock, settings: Settings) -> Iterator[tuple[str, str]]:
    migration = f"{stock.migration}, and {stock.newest_migration} is the newest: posthouse db upgrade"
    if stock.migration == stock.newest_migration:
        migration = f"{stock.migration}, the newest"
    yield "database", settings.server.database_name
    yield "software", stock.software
    yield "migration", migration if stock.migration else "none: posthouse db upgrade makes the tables"
    yield "size", _megabytes(stock.bytes)
    for name, rows in stock.rows.items():
        yield name, f"{'about ' if name in stock.estimated else ''}{rows} rows"
    if stock.oldest_event_at is not None and stock.newest_event_at is not None:
        zone = settings.server.time_zone
        yield "received", f"{at(stock.oldest_event_at, zone)} to {at(stock.newest_event_at, zone)}"
    yield "waiting", f"{stock.waiting_events} events, {stock.waiting_deliveries} deliveries"


def _counts(manifest: Manifest) -> str:
    return ", ".join(f"{manifest.rows[name]} {words}" for name, words in ROWS.items())


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
