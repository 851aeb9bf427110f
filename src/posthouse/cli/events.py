"""``posthouse events``: what came in lately, and what became of it."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from posthouse.cli._options import config_option, json_option
from posthouse.config import load
from posthouse.core.message import printable
from posthouse.outbox import DeliveryRecord, EventRecord, Outbox
from posthouse.trace import at


@click.command()
@json_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many to show.")
@config_option
def events(as_json: bool, limit: int, config: Path) -> None:  # noqa: FBT001
    """List the newest events first, with their deliveries."""
    settings = load(config)
    outbox = Outbox.open(settings.server.database_url, create=False)
    records = outbox.history.events(limit)
    outbox.close()
    if as_json:
        for record in records:
            click.echo(json.dumps(_plain(record), ensure_ascii=False))
        return
    table = Table("event", "received", "webhook", "name", "outcome", "deliveries", box=None, pad_edge=False)
    for record in records:
        received = at(record.received_at, settings.server.time_zone)
        cells = (
            str(record.id),
            received,
            record.webhook_id,
            record.name,
            record.outcome or record.state,
            _told(record),
        )
        table.add_row(*(Text(printable(cell)) for cell in cells))
    Console(width=None if Console().is_terminal else 200).print(table)


def _told(record: EventRecord) -> str:
    return ", ".join(f"{delivery.robot} {_state(delivery)}" for delivery in record.deliveries) or "-"


def _state(delivery: DeliveryRecord) -> str:
    if delivery.state == "digested":
        return f"in a digest of {delivery.digest}"
    return f"{delivery.state}: set up wrongly" if delivery.circuit else delivery.state


def _plain(record: EventRecord) -> dict[str, object]:
    return {
        "event_id": record.id,
        "webhook_id": record.webhook_id,
        "name": record.name,
        "state": record.state,
        "outcome": record.outcome,
        "received_at": record.received_at,
        "deliveries": [
            {
                "delivery_id": delivery.id,
                "robot": delivery.robot,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "digest_of": delivery.digest,
            }
            for delivery in record.deliveries
        ],
    }
