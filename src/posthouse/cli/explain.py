"""``posthouse explain``: why somebody did, or did not, hear of an event."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import click

from posthouse.cli._options import LARGEST_ID, config_option, json_option
from posthouse.config import Settings, load
from posthouse.core.budget import Allowance
from posthouse.core.duration import duration
from posthouse.core.errors import PosthouseError
from posthouse.core.message import printable
from posthouse.desk import Desk
from posthouse.outbox import DeliveryRecord, Outbox
from posthouse.robots import Robots
from posthouse.trace import Step, steps

COLOURS = {
    **dict.fromkeys(("ok", "told", "sent", "digested", "info", "success"), "green"),
    **dict.fromkeys(("silent", "waiting", "repeated", "superseded", "elsewhere", "unchecked", "warning"), "yellow"),
}


@click.command()
@click.argument("event_id", type=click.IntRange(1, LARGEST_ID))
@json_option
@config_option
def explain(event_id: int, as_json: bool, config: Path) -> None:  # noqa: FBT001
    """Show step by step what happened to an event: who handled it, what was said to whom, and what robots answered.

    Of what still waits it says until when, and why: for its robot's limits, after a failure, for a digest, or because
    the robot is set up wrongly. "posthouse robots" says more of the robots.
    """
    settings = load(config)
    robots = Desk(settings).robots
    outbox = Outbox.open(settings.server.database_url, create=False)
    try:
        record = outbox.history.event(event_id)
        if record is None:
            raise PosthouseError(f"there is no event {event_id} in {settings.server.database_name}{_kept(settings)}")
        attempts = {delivery.id: outbox.history.attempts(delivery.id) for delivery in record.deliveries}
    finally:
        outbox.close()
    trace = steps(
        record,
        attempts,
        webhooks=settings.webhooks,
        lanes=set(robots.lanes.values()),
        seats={delivery.robot: _seats(delivery, robots) for delivery in record.deliveries},
        time_zone=settings.server.time_zone,
        now=time.time(),
    )
    if as_json:
        about = {"event_id": record.id, "webhook_id": record.webhook_id, "name": record.name}
        fate = {"state": record.state, "outcome": record.outcome}
        click.echo(json.dumps(about | fate | {"trace": trace}, ensure_ascii=False))
        return
    for step in trace:
        click.echo(_line(step))


def _kept(settings: Settings) -> str:
    """Say why there may be none any more."""
    keep = settings.server.keep.events
    return "" if keep == "forever" else f", where settled events are kept for {duration(keep, 'en')}"


def _seats(delivery: DeliveryRecord, robots: Robots) -> Mapping[str, Allowance]:
    tokens = [robots.tokens[member] for member in robots.members(delivery.robot, delivery.lane_id)]
    return {token: robots.allowances[token] for token in tokens}


def _line(step: Step) -> str:
    outcome = click.style(f"{step['outcome']:<10}", fg=COLOURS.get(step["outcome"], "red"))
    lines = [f"{step['step']:<9} {outcome} {printable(step['reason'])}"]
    if step.get("remedy"):
        lines.append(f"{'':<20} → {printable(step['remedy'])}")
    lines.extend(f"{'':<20} {printable(line)}" for line in step.get("traceback", "").splitlines())
    return "\n".join(lines)
