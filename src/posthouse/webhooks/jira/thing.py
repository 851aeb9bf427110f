"""What happens to the things of Jira that are no issues: sprints, versions, projects, boards and the like.

Their events name the thing and nobody who did it. Source: Atlassian's page "Webhooks" (Jira Cloud platform).
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from posthouse import Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields
from posthouse.webhooks.jira.payload import JiraNotifyEventHandler, name, number, quote

#: What may happen to a thing again and again, so that it takes the time to tell one from the next.
REPEATED = ("updated", "moved", "changed")
#: What leaves nothing behind to lead to.
GONE = frozenset({"deleted", "soft_deleted", "merged"})


class ThingNotifyEventHandler(JiraNotifyEventHandler):
    """A handler of the events of one kind of thing."""

    #: What Jira calls the thing, in its payload and in the names of its events.
    kind: ClassVar[str]
    #: What happened, by the name of the event, as (Chinese, English).
    words: ClassVar[Mapping[str, tuple[str, str]]]

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about things without a name."""
        return Yes() if self.called(event.reader) else No(f"the payload does not say which {self.kind} it is about")

    def message(self, event: Event) -> Message:
        """Show what the thing is about; what is gone is not linked to."""
        reader, action = event.reader, self.action(event)
        gone = action in GONE
        return Message(
            title=self.headline(event),
            blocks=(
                *fields(*self.details(reader)),
                *quote(reader, f"{self.kind}.description"),
                *buttons(*(() if gone else (self.link(reader),))),
            ),
            level=Level.WARNING if gone else self.level(action),
            facts=self.facts(
                reader, **self.own_facts(reader), action=event.name.removeprefix("jira:").replace("_", " ")
            ),
            story=self._story(reader),
            occurrence=self._occurrence(reader, action),
        )

    def action(self, event: Event) -> str:
        """Return what happened, in Jira's word."""
        return event.name.removeprefix("jira:").removeprefix(f"{self.kind}_")

    def headline(self, event: Event) -> str:
        """Return what happened, and to what."""
        zh, en = self.words.get(event.name) or next(iter(self.words.values()))
        return self.titled(self.say(zh=zh, en=en), self.called(event.reader))

    def called(self, reader: Reader) -> str:
        """Return the thing's name."""
        return name(reader, f"{self.kind}.name")

    def identity(self, reader: Reader) -> str:
        """Return the thing's id; empty if the payload does not have it."""
        return number(reader, f"{self.kind}.id")

    def level(self, action: str) -> Level:  # noqa: ARG002 - subclasses look at it
        """Return how good or bad it is; what is deleted is a warning anyway."""
        return Level.INFO

    def own_facts(self, reader: Reader) -> dict[str, str]:
        """Return the facts that only this kind of thing has."""
        return {self.kind: self.called(reader)}

    @abstractmethod
    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return what else there is to know about the thing, as names with their values."""

    def link(self, reader: Reader) -> Link:  # noqa: ARG002 - subclasses look at it
        """Return the thing's page, if it has one that everybody may see."""
        return Link("", "")

    def _story(self, reader: Reader) -> str | None:
        site, own = self.instance(reader), self.identity(reader)
        return f"jira:{self.kind}:{site}:{own}" if site and own else None

    def _occurrence(self, reader: Reader, action: str) -> str | None:
        when = (number(reader, "timestamp"),) if action.endswith(REPEATED) else ()
        return self.occurrence(reader, self.kind, self.identity(reader), action, *when)
