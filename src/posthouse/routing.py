"""Which robots hear a message, and the trace of that decision. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from posthouse.core.event import Event
from posthouse.core.message import Message


@dataclass(frozen=True, slots=True)
class Route:
    """The robots that hear a message, and why these, or why none."""

    robots: tuple[str, ...]
    reason: str


def route(event: Event, message: Message, robots: Sequence[str]) -> Route:  # noqa: ARG001 - rules will look at it
    """Decide who hears ``message``: every robot of the webhook, unless the event is confidential."""
    if event.confidential:
        return Route((), "the event is confidential")
    if not robots:
        return Route((), "the webhook has no robots under notify")
    return Route(tuple(robots), f"every robot of the webhook: {', '.join(robots)}")
