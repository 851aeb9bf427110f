"""``posthouse robots``: whether the robots are ready, and how much of their limits is used."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from posthouse.cli._options import config_option, json_option
from posthouse.cli._standing import Standing, resting_lanes, standings
from posthouse.config import load
from posthouse.core.message import printable
from posthouse.desk import Desk
from posthouse.outbox import Outbox, Waiting
from posthouse.quota import month_of
from posthouse.trace import at

COLUMNS = ("robot", "kind", "state", "minute", "month", "forecast", "used up", "waiting")
COLOURS = {"ready": "green", "wrong": "red"}
#: In which of a lane's latest attempts the last one of each of its robots is looked for.
LATEST = 50


@click.command()
@json_option
@config_option
def robots(as_json: bool, config: Path) -> None:  # noqa: FBT001
    """Show how every configured robot and pool stands: whether it is ready, or until when it rests and why.

    Also shows what it has used of the minute's limit and of the month's quota, how many messages the whole month will
    have had if it goes on like this, when its quota is used up then, and what waits since when. Robots that share a
    token share all of it.

    In JSON, times are in seconds since the epoch, and null stands for no limit.
    """
    settings = load(config)
    desk, now = Desk(settings), time.time()
    outbox = Outbox.open(settings.server.database_url, create=False)
    try:
        budgets, waiting = outbox.history.budgets(), outbox.history.waiting()
        lanes = resting_lanes(desk, budgets, now=now)
        attempts = {lane_id: outbox.history.latest_attempts(lane_id, LATEST) for lane_id in lanes}
    finally:
        outbox.close()
    found = standings(desk, budgets, waiting, attempts, now=now)
    time_zone = settings.server.time_zone
    if as_json:
        for standing in found:
            click.echo(json.dumps(_plain(standing, month_of(now, time_zone)), ensure_ascii=False))
        return
    table = Table(*COLUMNS, box=None, pad_edge=False)
    for standing in found:
        table.add_row(*_cells(standing, time_zone))
    Console(width=None if Console().is_terminal else 200).print(table)
    for line in (*_remarks(found), *_strangers(found, waiting, time_zone)):
        click.echo(line)


def _cells(standing: Standing, time_zone: str) -> Iterator[Text]:
    usage, waiting = standing.usage, standing.waiting
    texts = (
        standing.robot,
        f"pool of {', '.join(standing.members)}" if standing.members else standing.kind,
        standing.words,
        "-" if usage.minute_limit is None else f"{usage.minute_used}/{usage.minute_limit}",
        f"{usage.month_used}" if usage.month_quota is None else f"{usage.month_used}/{usage.month_quota}",
        f"{usage.month_forecast}",
        "-" if usage.exhausted_at is None else at(usage.exhausted_at, time_zone).partition(" ")[0],
        "-" if waiting is None else f"{waiting.count} since {at(waiting.since, time_zone)}",
    )
    styles = {"state": COLOURS.get(standing.state, "yellow")}
    for column, text in zip(COLUMNS, texts, strict=True):
        yield Text(printable(text), style=styles.get(column, ""))


def _remarks(found: Sequence[Standing]) -> Iterator[str]:
    """Yield what robots in trouble said and what to do about it, then which of them share a budget."""
    for standing in found:
        if standing.answer:
            yield printable(f"{standing.robot}: {standing.answer}")
        if standing.remedy:
            yield f"  → {printable(standing.remedy)}"
    sharing = dict.fromkeys(tuple(sorted((one.robot, *one.shares_with))) for one in found if one.shares_with)
    yield from (f"{', '.join(names)} have one token, and with it one budget" for names in sharing)


def _strangers(found: Sequence[Standing], waiting: Mapping[str, Waiting], time_zone: str) -> Iterator[str]:
    """Yield what waits under names that are not, or no longer, in the configuration."""
    known = {standing.robot for standing in found}
    for name, its in waiting.items():
        if name not in known:
            since = at(its.since, time_zone)
            yield printable(f"{name} is not configured under this name any more: {its.count} wait since {since}")


def _plain(standing: Standing, month: str) -> dict[str, object]:
    usage, waiting = standing.usage, standing.waiting
    return {
        "robot": standing.robot,
        "kind": standing.kind,
        "pool": list(standing.members),
        "shares_budget_with": list(standing.shares_with),
        "state": standing.state,
        "reason": standing.words,
        "answer": standing.answer,
        "remedy": standing.remedy,
        "next_attempt_at": standing.next_at,
        "minute_messages": usage.minute_used,
        "minute_limit_messages": usage.minute_limit,
        "month": month,
        "month_messages": usage.month_used,
        "month_quota_messages": usage.month_quota,
        "month_forecast_messages": usage.month_forecast,
        "quota_used_up_at": usage.exhausted_at,
        "waiting_messages": waiting.count if waiting else 0,
        "waiting_since": waiting.since if waiting else None,
    }
