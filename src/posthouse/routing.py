"""Which robots hear a message, and the trace of that decision. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from posthouse.core.event import Event
from posthouse.core.message import Message


@dataclass(frozen=True, slots=True)
class Route:
    """The robots that hear a message, and why these, or why none."""

    robots: tuple[str, ...]
    reason: str


def route(event: Event, message: Message, robots: Sequence[str], confidants: Container[str] = ()) -> Route:  # noqa: ARG001 - rules will look at it
    """Decide who hears ``message``: every robot of the webhook, or of those ``confidants`` if it is confidential."""
    if not robots:
        return Route((), "the webhook has no robots under notify")
    if not event.confidential:
        return Route(tuple(robots), f"every robot of the webhook: {', '.join(robots)}")
    trusted = tuple(robot for robot in robots if robot in confidants)
    if not trusted:
        return Route((), "the event is confidential, and no robot of the webhook has confidential: true")
    return Route(trusted, f"the event is confidential; every robot that may hear of such: {', '.join(trusted)}")
