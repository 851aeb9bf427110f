"""``posthouse try``: what would be said about an event, without saying it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from posthouse.cli._options import config_option, json_option
from posthouse.config import load
from posthouse.core.errors import UnknownWebhook
from posthouse.core.event import Inbound
from posthouse.core.message import Message, printable
from posthouse.desk import Desk


@dataclass(frozen=True, slots=True)
class Trial:
    """What would come of one file."""

    file: str
    event: str | None
    outcome: str
    reason: str
    messages: tuple[Message, ...] = ()
    payloads: Mapping[str, list[Any]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the trial as one line."""
        messages = [
            {
                "title": message.title,
                "text": message.to_text(),
                "level": message.level,
                "facts": {
                    name: value if isinstance(value, str) else list(value) for name, value in message.facts.items()
                },
            }
            for message in self.messages
        ]
        return json.dumps(
            {
                "file": self.file,
                "event": self.event,
                "outcome": self.outcome,
                "reason": self.reason,
                "messages": messages,
                "payloads": self.payloads,
            },
            ensure_ascii=False,
        )


@click.command("try")
@click.argument("webhook_id")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--event", "name", help="The event's name, such as 'Push Hook', instead of the one in the payload.")
@json_option
@config_option
def try_(webhook_id: str, files: tuple[Path, ...], name: str | None, as_json: bool, config: Path) -> None:  # noqa: FBT001
    """Show what would be said and sent for the payloads in FILES, without sending or storing anything.

    Exits with 1 if any of them ends in an error.
    """
    desk = Desk(load(config))
    if webhook_id not in desk.webhooks:
        raise UnknownWebhook(f"no webhook {webhook_id!r} is configured; there are {', '.join(desk.webhooks)}")
    trials = [_trial(desk, webhook_id, file, name) for file in files]
    for trial in trials:
        click.echo(trial.to_json() if as_json else _picture(trial))
    if any(trial.outcome == "error" for trial in trials):
        raise SystemExit(1)


def _trial(desk: Desk, webhook_id: str, file: Path, name: str | None) -> Trial:
    event_name = name
    try:
        with click.open_file(str(file), "rb") as stream:
            body = stream.read()
        event = desk.webhooks[webhook_id].parse(Inbound({}, {}, body))
        event = replace(event, name=name or event.name, received_at=time.time())
        event_name = event.name
        decision = desk.decide(webhook_id, event)
        payloads: dict[str, list[Any]] = {}
        for routed in decision.said:
            for robot in routed.robots:
                payloads.setdefault(robot, []).append(desk.robots.speaker(robot).render(routed.message))
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and to show it is what this command is for
        return Trial(str(file), event_name, "error", f"{type(error).__name__}: {error}")
    messages = tuple(routed.message for routed in decision.said)
    return Trial(str(file), event_name, decision.outcome, decision.reason, messages, payloads)


def _picture(trial: Trial) -> str:
    lines = [f"{trial.file}: {trial.event or '?'}: {trial.outcome}"]
    if trial.reason:
        lines.append(f"  {trial.reason}")
    for message in trial.messages:
        lines.extend(f"  │ {line}" for line in message.to_text().splitlines())
        lines.append(f"  level {message.level}, story {message.story or '-'}")
        lines.extend(
            f"  {name}: {value if isinstance(value, str) else ', '.join(value)}"
            for name, value in message.facts.items()
        )
    for robot, payloads in trial.payloads.items():
        lines.extend(f"  to {robot}: {json.dumps(payload, ensure_ascii=False)}" for payload in payloads)
    return "\n".join(printable(line) for line in lines) + "\n"
