"""Comments on issues: who said what about what, and nothing of what not everybody may read.

Jira Server sends a new comment twice: in an event of its own without the issue, and complete in an update of the issue.
Both name one occurrence, and the bare one is held back for the complete one to take its place. Jira Cloud sends one
event, with a small issue and without the one who acted. Sources: Atlassian's pages "Webhooks" (Jira Cloud platform,
Jira Data Center), and the payloads that Jiras were seen to send.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from posthouse import Block, Event, Hold, Line, Link, Mention, Message, No, Reader, Text, Yes, buttons, mentions
from posthouse.webhooks.jira.handler import is_restricted
from posthouse.webhooks.jira.numbered import NumberedIssueNotifyEventHandler
from posthouse.webhooks.jira.payload import issue_key, issue_title, number, quote, word
from posthouse.webhooks.jira.people import first_mention, mentions_in, person_name, user_name

#: How long a comment without its issue waits for the complete one, in seconds. Jira sends both at once.
PATIENCE = 5.0
#: Where a comment's link to itself has the number of its issue, which is all that Server says of it.
ISSUE_NUMBER = re.compile(r"/issue/(?P<number>[0-9]{1,18})/comment/")
#: What happened to the comment in an update of an issue, by Jira's type of the update.
ACTIONS = {
    "issue_commented": "created",
    "issue_comment_edited": "updated",
    "issue_comment_deleted": "deleted",
}
#: Who acted: Cloud leaves out ``user``.
ACTORS = ("user", "comment.updateAuthor", "comment.author")
#: What happened to which kind of comment, as (Chinese, English).
WORDS = {
    ("created", "open"): ("{who} 评论了{thing}", "{who} commented on {thing}"),
    ("created", "restricted"): ("{who} 对{thing}发表了受限评论", "{who} wrote a restricted comment on {thing}"),
    ("created", "internal"): ("{who} 对{thing}发表了内部评论", "{who} wrote an internal comment on {thing}"),
    ("updated", "open"): ("{who} 修改了对{thing}的评论", "{who} edited a comment on {thing}"),
    ("updated", "restricted"): ("{who} 修改了对{thing}的受限评论", "{who} edited a restricted comment on {thing}"),
    ("updated", "internal"): ("{who} 修改了对{thing}的内部评论", "{who} edited an internal comment on {thing}"),
}


class CommentCreatedNotifyEventHandler(NumberedIssueNotifyEventHandler):
    """Tells of new comments that people wrote.

    Mentioned is who is mentioned in them, unless not everybody may read them.
    """

    events: ClassVar[tuple[str, ...]] = ("comment_created",)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about what apps write; the text of restricted comments is left out."""
        reader = event.reader
        comment = reader.at("comment")
        if is_restricted(comment) and self.settings.restricted_comments == "hide":
            return No("the configuration says restricted_comments: hide")
        if "app" in (word(comment, "updateAuthor.accountType"), word(comment, "author.accountType")):
            return No("the comment was written by an app")
        return (None if comment.value else self.says_nothing(reader)) or Yes()

    def message(self, event: Event) -> Message:
        """Quote the comment, unless it is restricted or was deleted."""
        reader, action = event.reader, comment_action(event)
        return Message(
            title=self.titled(self._headline(reader, action), issue_title(reader)),
            blocks=(
                *self.about(reader),
                *(self.said(reader) if action != "deleted" else ()),
                *buttons(self._link(reader, action)),
            ),
            facts=self.facts(reader, action=f"comment {action}", author=_author(reader, action)),
            story=self.numbered_story(reader, _issue_number(reader)),
            occurrence=self.comment_occurrence(event),
            hold=self.hold(event),
            mentions=mentions(self.called(event), without=first_mention(reader, *ACTORS)),
        )

    def said(self, reader: Reader) -> tuple[Block, ...]:
        """Return what the comment says, or that not everybody may read it; nothing at all where that is hidden."""
        setting = self._setting(reader)
        if setting == "full":
            return quote(reader, "comment.body")
        note = self.say(
            zh="评论仅部分人可见，内容从略。", en="Only some people may read the comment; it is left out here."
        )
        return (Text(note),) if setting == "redact" else ()

    def called(self, event: Event) -> Iterator[Mention | None]:
        """Yield who is mentioned in a comment that is shown; in one that was edited they were mentioned before."""
        if comment_action(event) == "created" and self._setting(event.reader) == "full":
            yield from mentions_in(event.reader, "comment.body")

    def comment_occurrence(self, event: Event) -> str | None:
        """Return what names the comment in its present state, whichever event brings it."""
        reader = event.reader
        own, updated = number(reader, "comment.id"), word(reader, "comment.updated")
        return self.occurrence(reader, "comment", own, comment_action(event), updated)

    def hold(self, event: Event) -> Hold | None:
        """Let a comment without its issue wait, and let the complete one take its place at once."""
        burst = self.comment_occurrence(event)
        if not burst or comment_action(event) == "deleted":
            return None
        return Hold(burst, 0.0 if issue_key(event.reader) else PATIENCE)

    def _setting(self, reader: Reader) -> str:
        """Return how much of the comment is told."""
        return self.settings.restricted_comments if is_restricted(reader.at("comment")) else "full"

    def _headline(self, reader: Reader, action: str) -> Line:
        if action == "deleted":
            return self._deleted(reader)
        comment = reader.at("comment")
        restricted = "restricted" if comment.at("visibility").value else "internal"
        zh, en = WORDS[action, restricted if is_restricted(comment) else "open"]
        return self.say(zh=zh, en=en, who=self.actor(reader, *ACTORS), thing=self.thing(reader))

    def _deleted(self, reader: Reader) -> Line:
        """Say whose comment is gone. Without ``user`` nobody knows who deleted it."""
        who, author = person_name(reader.at("user")), person_name(reader.at("comment.author"))
        if who and who == author:
            zh, en = "{who} 删除了自己对{thing}的评论", "{who} deleted their own comment on {thing}"
        elif who and author:
            zh, en = "{who} 删除了 {author} 对{thing}的评论", "{who} deleted a comment by {author} on {thing}"
        elif who:
            zh, en = "{who} 删除了对{thing}的一条评论", "{who} deleted a comment on {thing}"
        elif author:
            zh, en = "{author} 对{thing}的评论已被删除", "A comment by {author} on {thing} was deleted"
        else:
            zh, en = "对{thing}的一条评论已被删除", "A comment on {thing} was deleted"
        return self.say(zh=zh, en=en, who=who, author=author, thing=self.thing(reader))

    def _link(self, reader: Reader, action: str) -> Link:
        if action == "deleted" or not issue_key(reader):
            return Link(self.choose(zh="查看问题", en="Open issue"), self.found_url(reader, _issue_number(reader)))
        url = self.comment_url(reader, number(reader, "comment.id"))
        return Link(self.choose(zh="查看评论", en="Open comment"), url)


class CommentChangedNotifyEventHandler(CommentCreatedNotifyEventHandler):
    """Tells of comments that were edited or deleted."""

    events = ("comment_updated", "comment_deleted")
    on_by_default = False


def comment_action(event: Event) -> str:
    """Return whether the comment was created, updated or deleted.

    Servers before Jira 7 do not say what an update of an issue is about: a comment that is new was never edited.
    """
    if event.name.startswith("comment_"):
        return event.name.removeprefix("comment_")
    reader = event.reader
    action = ACTIONS.get(reader.text("issue_event_type_name"))
    edited = reader.text("comment.created") != reader.text("comment.updated")
    return action or ("updated" if edited else "created")


def _issue_number(reader: Reader) -> str:
    found = ISSUE_NUMBER.search(reader.link("comment.self"))
    return number(reader, "issue.id") or (found["number"] if found else "")


def _author(reader: Reader, action: str) -> str:
    """Return who acted, for rules; of a deleted comment that is known only where the payload says so."""
    paths = ACTORS[:1] if action == "deleted" else ACTORS
    return next((found for path in paths if (found := user_name(reader.at(path)))), "")
