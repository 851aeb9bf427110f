"""Everything that is made from the configuration: reads requests, decides what to say, knows the robots. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from posthouse.config import Settings
from posthouse.core.errors import ConfigError, Problem, UnknownWebhook
from posthouse.core.event import Event, Findings, Memory, Outcome
from posthouse.core.message import Mention, Message
from posthouse.core.people import MOBILE
from posthouse.core.plugin import EventHandler, No, Plugin, WebhookHandler, WebhookSettings
from posthouse.robots import Robots
from posthouse.routing import route

#: The reason why nothing is said about an event that no plugin knows.
NO_HANDLER = "no handler"
Made = TypeVar("Made", bound=Plugin)
#: What decided that nothing is told: that no plugin knows the event, the configuration, its handler, or the rules.
Silence = Literal["no_handler", "switched_off", "handler", "routing"]


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
    memory: Memory | None = None
    #: Set if the outcome is silent; reasons are for people, and there is no end to them.
    silence: Silence | None = None


def _recall_nothing(topic: str) -> str | None:  # noqa: ARG001 - the shape of `Recall`
    return None


def _find_nothing(webhook_id: str, event: Event) -> Findings:  # noqa: ARG001 - the shape of `LookUp`
    return Findings()


#: Returns what was remembered under a topic.
Recall = Callable[[str], str | None]
#: Asks a webhook's sender about an event.
LookUp = Callable[[str, Event], Findings]


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
        self.robots = Robots(settings, lambda notifier, own: _made(settings, notifier, own, site))
        self._handlers: Mapping[tuple[str, str], EventHandler] = {
            (webhook.id, name): _made(settings, handler, webhook.settings, site)
            for webhook in settings.webhooks.values()
            for (kind, name), handler in registry.events.items()
            if kind == webhook.handler.type
        }

    def webhook(self, webhook_id: str) -> WebhookHandler:
        """Return the handler of a configured webhook, or raise `UnknownWebhook`."""
        try:
            return self.webhooks[webhook_id]
        except KeyError:
            raise UnknownWebhook(f"no webhook {webhook_id[:64]!r} is configured") from None

    def handler(self, webhook_id: str, name: str) -> EventHandler | None:
        """Return who handles a webhook's events of this name; None if nobody does."""
        return self._handlers.get((webhook_id, name))

    def decide(
        self, webhook_id: str, event: Event, *, recall: Recall = _recall_nothing, look_up: LookUp = _find_nothing
    ) -> Decision:
        """Ask the event's handler what to say, and the rules who hears it. Raises whatever the handler raises."""
        handler = self.handler(webhook_id, event.name)
        if handler is None:
            return _silent(
                "no_handler", NO_HANDLER, _step("handled", "silent", f"by nobody: no plugin knows {event.name!r}")
            )
        trace = [_step("handled", "ok", f"by {type(handler).__name__}")]
        if reason := _switched_off(handler, event):
            return _silent("switched_off", reason, *trace)
        found = look_up(webhook_id, event)
        if found.note:
            trace.append(_step("looked up", found.outcome, found.note))
        topic = handler.topic(event)
        event = replace(event, looked_up=found.values, last=None if topic is None else recall(topic))
        value = None if topic is None else handler.remember(event)
        memory = None if topic is None or value is None else Memory(topic, value)
        answer = handler.handle(event)
        if isinstance(answer, No):
            return replace(_silent("handler", answer.reason, *trace), memory=memory)
        if not answer:
            return replace(_silent("handler", "the handler had nothing to say", *trace), memory=memory)
        return replace(self._routed(webhook_id, event, answer, trace), memory=memory)

    def _routed(
        self, webhook_id: str, event: Event, messages: Sequence[Message], steps: Sequence[Mapping[str, str]]
    ) -> Decision:
        trace, said, reason = [*steps], list[Routed](), ""
        webhook = self.settings.webhooks[webhook_id]
        for message in (_calling(webhook.settings, one) for one in messages):
            way = route(event, message, webhook.robots, self.robots.confidants)
            reason = way.reason
            trace.append(_step("said", message.level, message.title))
            trace.append(_step("routed", "told" if way.robots else "silent", way.reason))
            said.append(Routed(message, way.robots))
        told = any(routed.robots for routed in said)
        if told:
            return Decision("told", "", tuple(said), tuple(trace))
        return Decision("silent", reason, tuple(said), tuple(trace), silence="routing")


def _made(settings: Settings, plugin: type[Made], *arguments: Any) -> Made:
    try:
        return plugin(*arguments)
    except Exception as error:
        text = f"{plugin.__module__}.{plugin.__qualname__} cannot be made: {type(error).__name__}: {error}"
        raise ConfigError([Problem(file=str(settings.path), line=None, key="config.plugins", text=text)]) from error


def _switched_off(handler: EventHandler, event: Event) -> str:
    """Return why nobody wants to hear of events of this name; empty if somebody does."""
    told = handler.settings.told(event.name)
    if told is False:
        return f"the configuration says events: {{{event.name}: off}}"
    if told is None and not handler.on_by_default:
        return f"{event.name} is off unless the configuration says events: {{{event.name}: on}}"
    return ""


def _calling(settings: WebhookSettings, message: Message) -> Message:
    """Return the message with those mentioned whom the webhook always calls."""
    called = tuple(Mention("", (f"{MOBILE}:{mobile}",)) for mobile in settings.notify_mobiles)
    return replace(message, mentions=(*message.mentions, *called), everybody=message.everybody or settings.mention_all)


def _silent(silence: Silence, reason: str, *steps: Mapping[str, str]) -> Decision:
    return Decision("silent", reason, (), (*steps, _step("said", "silent", reason)), silence=silence)


def _step(step: str, outcome: str, reason: str) -> Mapping[str, str]:
    return {"step": step, "outcome": outcome, "reason": reason}
