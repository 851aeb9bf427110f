"""Everything that is made from the configuration: reads requests, decides what to say, knows the robots. No I/O."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from posthouse.config import Settings
from posthouse.core.errors import ConfigError, Problem, UnknownWebhook
from posthouse.core.event import Event, Outcome
from posthouse.core.message import Message
from posthouse.core.plugin import EventHandler, No, Notifier, Plugin, WebhookHandler
from posthouse.routing import route

#: The reason why nothing is said about an event that no plugin knows.
NO_HANDLER = "no handler"
Made = TypeVar("Made", bound=Plugin)


@dataclass(frozen=True, slots=True)
class Routed:
    """A message, and the robots that hear it."""

    message: Message
    robots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is said about an event and to whom, why, and the steps that led there."""

    outcome: Outcome
    reason: str
    said: tuple[Routed, ...]
    trace: tuple[Mapping[str, str], ...]


class Desk:
    """The plugins of one process, made from its settings; used by any number of threads.

    Raises `ConfigError` for a plugin that cannot be made.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        site, registry = settings.site, settings.registry
        self.webhooks: Mapping[str, WebhookHandler] = {
            webhook.id: _made(settings, webhook.handler, webhook.settings, site)
            for webhook in settings.webhooks.values()
        }
        self.robots: Mapping[str, Notifier] = {
            robot.name: _made(settings, robot.notifier, robot.settings, site) for robot in settings.robots.values()
        }
        #: The lane of each robot. Robots with one identity share a lane, and with it a budget.
        self.lanes: Mapping[str, str] = {name: _lane_id(notifier) for name, notifier in self.robots.items()}
        #: How many attempts each lane may make in a minute, 0 for any number: robots that share one keep to the lowest.
        self.limits: Mapping[str, int] = {
            lane_id: min((limit for limit in self._limits(lane_id) if limit), default=0)
            for lane_id in self.lanes.values()
        }
        self._handlers: Mapping[tuple[str, str], EventHandler] = {
            key: _made(settings, handler, site) for key, handler in registry.events.items()
        }

    def webhook(self, webhook_id: str) -> WebhookHandler:
        """Return the handler of a configured webhook, or raise `UnknownWebhook`."""
        try:
            return self.webhooks[webhook_id]
        except KeyError:
            raise UnknownWebhook(f"no webhook {webhook_id[:64]!r} is configured") from None

    def robot(self, name: str, lane_id: str) -> Notifier | None:
        """Return a robot by its name, or, if it was renamed since, another one that uses its lane."""
        names = [name, *(other for other, lane in self.lanes.items() if lane == lane_id)]
        return next((self.robots[known] for known in names if known in self.robots), None)

    def decide(self, webhook_id: str, event: Event) -> Decision:
        """Ask the event's handler what to say, and the rules who hears it. Raises whatever the handler raises."""
        webhook = self.settings.webhooks[webhook_id]
        handler = self._handlers.get((webhook.handler.type, event.name))
        if handler is None:
            return _silent(NO_HANDLER, _step("handled", "silent", f"by nobody: no plugin knows {event.name!r}"))
        by = _step("handled", "ok", f"by {type(handler).__name__}")
        answer = handler.handle(event)
        if isinstance(answer, No):
            return _silent(answer.reason, by)
        if not answer:
            return _silent("the handler had nothing to say", by)
        return _routed(event, answer, webhook.robots, by)

    def _limits(self, lane_id: str) -> Iterator[int]:
        return (self.robots[name].per_minute for name, lane in self.lanes.items() if lane == lane_id)


def _made(settings: Settings, plugin: type[Made], *arguments: Any) -> Made:
    try:
        return plugin(*arguments)
    except Exception as error:
        text = f"{plugin.__module__}.{plugin.__qualname__} cannot be made: {type(error).__name__}: {error}"
        raise ConfigError([Problem(file=str(settings.path), line=None, key="config.plugins", text=text)]) from error


def _routed(event: Event, messages: Sequence[Message], robots: Sequence[str], by: Mapping[str, str]) -> Decision:
    trace, said = [by], []
    reason = ""
    for message in messages:
        way = route(event, message, robots)
        reason = way.reason
        trace.append(_step("said", message.level, message.title))
        trace.append(_step("routed", "told" if way.robots else "silent", way.reason))
        said.append(Routed(message, way.robots))
    told = any(routed.robots for routed in said)
    return Decision("told" if told else "silent", "" if told else reason, tuple(said), tuple(trace))


def _silent(reason: str, by: Mapping[str, str]) -> Decision:
    return Decision("silent", reason, (), (by, _step("said", "silent", reason)))


def _step(step: str, outcome: str, reason: str) -> Mapping[str, str]:
    return {"step": step, "outcome": outcome, "reason": reason}


def _lane_id(notifier: Notifier) -> str:
    """Name a lane after what the vendor counts by, without showing it: that is a credential."""
    return f"{notifier.type}:{hashlib.sha256(notifier.identity().encode()).hexdigest()[:16]}"
