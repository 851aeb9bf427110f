"""Comments on pages and blog posts."""

from urllib.parse import quote as quoted

from posthouse import Event, Line, Link, Message, buttons, plain, quote
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler
from posthouse.webhooks.confluence.payload import (
    comment_mentions,
    container_id,
    container_kind,
    container_title,
    content_id,
    remembered,
    sent_link,
    thing_of,
)

#: What happened, as (Chinese, English): where it is known what was commented on, and where it is not.
WORDS = {
    "created": (("{who} 评论了{thing}", "{who} commented on {thing}"), ("{who} 发表了评论", "{who} wrote a comment")),
    "reply": (
        ("{who} 回复了{thing}{gap}上的评论", "{who} replied to a comment on {thing}"),
        ("{who} 回复了评论", "{who} replied to a comment"),
    ),
    "updated": (
        ("{who} 修改了{thing}{gap}上的评论", "{who} edited a comment on {thing}"),
        ("{who} 修改了评论", "{who} edited a comment"),
    ),
    "removed": (
        ("{who} 删除了{thing}{gap}上的评论", "{who} deleted a comment on {thing}"),
        ("{who} 删除了评论", "{who} deleted a comment"),
    ),
    "changed": (
        ("{who} 改动了{thing}{gap}上的评论", "{who} changed a comment on {thing}"),
        ("{who} 改动了评论", "{who} changed a comment"),
    ),
}

#: What people have not read before, and been mentioned in.
NEW = frozenset({"created", "reply"})


class CommentNotifyEventHandler(ConfluenceNotifyEventHandler):
    """A handler of comments. What is remembered of a comment is what it was written on."""

    def remember(self, event: Event) -> str | None:
        """Return the title of the page; an empty one takes a title away that not everybody may see any more."""
        return "" if event.findings.flag("hidden") else _page_title(event) or None

    def told(self, event: Event) -> Message:
        """Return the message: who did what, on which page, in which space, what the comment says, where it is read."""
        happening = _happening(event)
        removed = happening == "removed"
        return Message(
            title=plain(self._headline(event, happening)),
            blocks=(
                *self.where(event),
                *(() if removed else quote(_text(event))),
                *(() if removed else buttons(Link(self.choose(zh="查看评论", en="Open comment"), self._link(event)))),
            ),
            facts=self.facts(event, target=container_kind(event), action=happening),
            story=self.story(container_id(event)),
            occurrence=self.occurrence(event, again=happening in {"updated", "changed"}),
            mentions=comment_mentions(event) if happening in NEW else (),
        )

    def _headline(self, event: Event, happening: str) -> Line:
        known, unknown = WORDS.get(happening, WORDS["changed"])
        called, kind, reference = _page_title(event), container_kind(event), container_id(event)
        if called and not kind:
            thing = self.choose(zh=f"「{called}」", en=f"“{called}”")
            return self.tell(known, event, thing=thing, gap="")
        words = self.called(kind or "content", "" if called else reference)
        line = self.tell(known if called or reference else unknown, event, **words)
        return (*line, self.choose(zh="：", en=": "), called) if called else line

    def _link(self, event: Event) -> str:
        base, page, own = self.base(event), container_id(event), content_id(event)
        ids = f"pageId={quoted(page, safe='')}&focusedCommentId={quoted(own, safe='')}"
        built = f"{base}/pages/viewpage.action?{ids}" if base and page and own else ""
        return event.findings.link("link") or sent_link(thing_of(event)) or built


class ConfluenceCommentNotifyEventHandler(CommentNotifyEventHandler):
    """Tells of new comments on pages and blog posts.

    Mentioned is who is mentioned in them, where that was looked up.
    """

    events = ("comment_created",)

    def message(self, event: Event) -> Message:
        """Show what it says, and on what it was written."""
        return self.told(event)


class ConfluenceCommentUpkeepNotifyEventHandler(CommentNotifyEventHandler):
    """Tells of comments that were edited or deleted."""

    # Cloud's events are "changed" where the webhook's address does not name them; "deleted" is an older word of it.
    events = ("comment_updated", "comment_removed", "comment_deleted", "comment_changed")
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show on what it was written, and what it says now if it is still there."""
        return self.told(event)


def _page_title(event: Event) -> str:
    return container_title(event) or remembered(event)


def _happening(event: Event) -> str:
    happening = event.name.partition("_")[2]
    if happening == "created" and (thing_of(event).has("inReplyTo") or thing_of(event).has("parent.content_type")):
        return "reply"
    return "removed" if happening == "deleted" else happening


def _text(event: Event) -> str:
    return event.findings.text("text") or thing_of(event).text("excerpt")
