"""Tokens that stop working soon: which one, whose, and how many days are left."""

from abc import abstractmethod
from typing import ClassVar

from posthouse import Block, Code, Event, Level, Line, Link, Message, No, Reader, Text, Yes, buttons, fields, plain
from posthouse.webhooks.gitlab.dates import day, day_of, day_text
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler
from posthouse.webhooks.gitlab.payload import marked, name, number, occurrence, project_id, story, word

#: How many days before its end GitLab tells of a token, by the name of the interval.
INTERVALS = {"seven_days": 7, "thirty_days": 30, "sixty_days": 60}


class ExpiryNotifyEventHandler(InstanceNotifyEventHandler):
    """A handler of one kind of token, which it names; everything else is said alike. No token's value is ever sent."""

    #: The kind of token in stories and occurrences.
    kind: ClassVar[str]
    #: Where such tokens are renewed, among the settings of a project or a group.
    place: ClassVar[str]

    @abstractmethod
    def noun(self, reader: Reader) -> str:
        """Return what such a token is called."""

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about tokens that are revoked, and about anything but their end."""
        token = event.reader
        if token.flag("object_attributes.revoked"):
            return No("the token is revoked")
        what = word(token, "event_name")
        return Yes() if not what or what.startswith("expiring_") else No(f"the event is {what}")

    def message(self, event: Event) -> Message:
        """Show when it ends, and when it was last used: a token that nobody uses need not be renewed."""
        token, attributes = event.reader, event.reader.at("object_attributes")
        zone = self.site.time_zone
        own, left = number(attributes, "id"), days_left(event, zone)
        ends, used = (day_text(attributes.text(field), zone) for field in ("expires_at", "last_used_at"))
        return Message(
            title=plain(self._headline(token, left)),
            blocks=(
                *self.about(token),
                *fields(
                    (self.choose(zh="到期日期", en="Expires"), ends),
                    (self.choose(zh="上次使用", en="Last used"), used),
                ),
                *buttons(self._link(token)),
            ),
            level=Level.FAILURE if left is not None and left <= 0 else Level.WARNING,
            facts=self.facts(token, group=group_name(token), token=name(attributes, "name")),
            story=story(self.kind, project_id(token) or number(token, "group.group_id"), marked(":", own)),
            occurrence=occurrence(self.kind, own, ends),
        )

    def about(self, reader: Reader) -> tuple[Block, ...]:
        """Return the line that says which project, or which group, the token is for."""
        group = group_name(reader)
        return (Text(self.say(zh="群组 {group}", en="Group {group}", group=group)),) if group else super().about(reader)

    def _headline(self, token: Reader, left: int | None) -> Line:
        title = name(token, "object_attributes.name")
        named: Line = (self.noun(token), *((" ", Code(title), self.choose(zh=" ", en="")) if title else ()))
        zh, en = _words(left)
        count = abs(left or 0)
        return self.say(zh=zh, en=en, token=named, count=str(count), days="day" if count == 1 else "days")

    def _link(self, token: Reader) -> Link:
        """Return where the token is renewed; of a group the payload has no address."""
        page, group = f"-/settings/{self.place}", name(token, "group.full_path")
        project = self.project(token).url
        url = f"{project}/{page}" if project else self.page(group, f"groups/{{path}}/{page}")
        return Link(self.choose(zh="查看令牌", en="Open tokens"), url)


def group_name(reader: Reader) -> str:
    """Return the path of the group that something belongs to, before GitLab 17.4 its name; empty for a project's."""
    return "" if reader.has("project") else name(reader, "group.full_path", "group.group_name", "group.group_path")


def days_left(event: Event, time_zone: str) -> int | None:
    """Return how many days after its arrival an event's token ends; none or less for one that has.

    Where the payload has no date, or the time of arrival is not known, the interval says it: GitLab tells of a token
    seven, and if wanted thirty and sixty days before its end.
    """
    token = event.reader
    today, end = day_of(event.received_at, time_zone), day(token.text("object_attributes.expires_at"), time_zone)
    if today and end:
        return (end - today).days
    return INTERVALS.get(word(token, "interval"))


def _words(left: int | None) -> tuple[str, str]:
    """Return the sentence for a number of days, in Chinese and English."""
    if left is None:
        return "{token}即将到期", "{token} expires soon"
    if left < 0:
        return "{token}已于 {count} 天前到期", "{token} expired {count} {days} ago"
    if left == 0:
        return "{token}今天到期", "{token} expires today"
    return "{token}将在 {count} 天后到期", "{token} expires in {count} {days}"
