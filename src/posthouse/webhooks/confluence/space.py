"""Spaces themselves: off unless they are asked for."""

from posthouse import Event, Level, Link, Message, buttons
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler
from posthouse.webhooks.confluence.payload import content_id, name, remembered, sent_link, space_of, thing_of

#: What happened, as (Chinese, English), by the rest of the event's name.
WORDS = {
    "created": ("{who} 新建了{thing}", "{who} created {thing}"),
    "updated": ("{who} 修改了{thing}", "{who} changed {thing}"),
    "removed": ("{who} 删除了{thing}", "{who} deleted {thing}"),
    "logo_updated": ("{who} 更换了{thing}{gap}的徽标", "{who} changed the logo of {thing}"),
    "permissions_updated": ("{who} 修改了{thing}{gap}的访问权限", "{who} changed who may see or edit {thing}"),
    "changed": ("{who} 改动了{thing}", "{who} changed {thing}"),
}


class ConfluenceSpaceNotifyEventHandler(ConfluenceNotifyEventHandler):
    """Tells of spaces that were created, changed or deleted."""

    events = (
        "space_created",
        "space_updated",
        "space_removed",
        "space_logo_updated",
        "space_permissions_updated",
        "space_changed",
    )
    on_by_default = False

    def topic(self, event: Event) -> str | None:
        """Remember what the space is called, for the day when it is gone."""
        found = content_id(event)
        return f"confluence:space:{found}" if found else None

    def remember(self, event: Event) -> str | None:
        """Return the name of the space."""
        return _called(event) or None

    def message(self, event: Event) -> Message:
        """Show which space it is, and the way there."""
        removed = event.name == "space_removed"
        words = WORDS.get(event.name.partition("_")[2], WORDS["changed"])
        called = _called(event)
        thing = self.called("space", "" if called else content_id(event))
        link = space_of(event).url or sent_link(thing_of(event))
        return Message(
            title=self.titled(self.tell(words, event, **thing), called),
            blocks=() if removed else buttons(Link(self.choose(zh="打开", en="Open"), link)),
            level=Level.WARNING if removed else Level.INFO,
            facts=self.facts(event),
            occurrence=self.occurrence(event),
        )


def _called(event: Event) -> str:
    return (
        name(event.findings, "space_name") or name(thing_of(event), "name") or space_of(event).text or remembered(event)
    )
