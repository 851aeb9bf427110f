"""Updates of issues: what changed, told by the most important change, and the comments that come with it."""

from collections.abc import Iterator
from typing import ClassVar

from posthouse import (
    Block,
    Bold,
    Event,
    Level,
    Line,
    Mention,
    Message,
    No,
    Reader,
    Site,
    Text,
    Yes,
    buttons,
    fields,
    first_line,
    join,
    mentions,
)
from posthouse.webhooks.jira.changelog import Change, changes, silence
from posthouse.webhooks.jira.comment import CommentCreatedNotifyEventHandler, comment_action
from posthouse.webhooks.jira.handler import JiraWebhookSettings
from posthouse.webhooks.jira.issue import IssueNotifyEventHandler, is_urgent
from posthouse.webhooks.jira.payload import SHOWN, WORD, is_cloud, issue_title, named, word
from posthouse.webhooks.jira.people import first_mention, first_person, mention_by, person_name
from posthouse.webhooks.jira.sentences import NAMES, NEWS, UPDATED, foremost, rank, sentence


class IssueUpdatedNotifyEventHandler(IssueNotifyEventHandler):
    """Tells of what people act on: transitions, who has an issue now, how urgent it is, until when, and comments.

    Comments follow the switches of their own events, ``comment_created`` and ``comment_updated``, as Server puts them
    into updates. What automation rules and webhooks without a body send is always told, as nobody says what changed.

    Mentioned are who has an issue now that was given to them or is open again, and who is mentioned in a new comment.
    """

    events = ("jira:issue_updated",)
    # By default: what somebody must do something about now. Planning changes many issues at once, so it is left out.
    happenings: ClassVar = {
        "status": True,
        "resolved": True,
        "reopened": True,
        "assigned": True,
        "priority": True,
        "due_date": True,
        "flagged": True,
        "moved": True,
        "attachment": False,
        "component": False,
        "description": False,
        "environment": False,
        "fix_version": False,
        "labels": False,
        "link": False,
        "parent": False,
        "reporter": False,
        "security": False,
        "sprint": False,
        "summary": False,
        "type": False,
        "version": False,
        "other": False,
    }

    def __init__(self, settings: JiraWebhookSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._comments = CommentCreatedNotifyEventHandler(settings, site)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about other fields, about what changes by itself, and about quiet bulk edits."""
        answer = super().should_notify(event)
        if isinstance(answer, No) or self._is_told(event):
            return answer
        if event.reader.at("comment").value:
            return self._comment_told(event)
        if word(event.reader, "issue_event_type_name") == "issue_comment_deleted":
            return No("a comment was deleted, which an event of its own tells")
        return No(silence(event.reader))

    def message(self, event: Event) -> Message:
        """Tell a comment that comes alone as a comment, else what changed, with the comment that came with it."""
        issue = event.reader
        commented = bool(issue.at("comment").value)
        if commented and not self._is_told(event):
            return self._comments.message(event)
        news = changes(issue)
        # In an order that every process agrees on.
        kinds = sorted(dict.fromkeys(change.kind for change in news), key=rank)
        return Message(
            title=self.titled(self._headline(issue, news), issue_title(issue)),
            blocks=(
                *self.about(issue),
                *self._fields(issue, news),
                *(self._comments.said(issue) if commented else ()),
                *buttons(self.details(issue)),
            ),
            level=_level(issue, news),
            facts=self.facts(issue, action=tuple(kinds) or "updated"),
            story=self.story(issue),
            occurrence=self.occurrence_of(issue, "issue_updated"),
            hold=self._comments.hold(event) if commented else None,
            mentions=mentions(self._called(event, news), without=first_mention(issue, "user")),
        )

    def _called(self, event: Event, news: tuple[Change, ...]) -> Iterator[Mention | None]:
        """Yield who has something to do now, and who is mentioned in the comment that came with it."""
        issue, given = event.reader, {change.kind: change for change in news if self.tells(event, change.kind)}
        if "reopened" in given or ("assigned" in given and given["assigned"].after):
            has_it = first_mention(issue, "issue.fields.assignee")
            assigned = given.get("assigned")
            yield has_it or (mention_by(issue, assigned.identity, assigned.after) if assigned else None)
        if issue.at("comment").value:
            yield from self._comments.called(event)

    def _is_told(self, event: Event) -> bool:
        """Tell whether a change is worth a message, or whether nobody says what changed but sent it all the same."""
        news = changes(event.reader)
        unnamed = not news and not event.reader.has("webhookEvent")
        return unnamed or any(self.tells(event, change.kind) for change in news)

    def _comment_told(self, event: Event) -> Yes | No:
        issue, action = event.reader, comment_action(event)
        if is_cloud(issue, self.base(issue)):
            return No("Jira Cloud tells of comments in events of their own")
        told = self.settings.told(f"comment_{action}")
        if not (action == "created" if told is None else told):
            return No(f"the comment was {action}, and comment_{action} is off")
        return self._comments.should_notify(event)

    def _headline(self, issue: Reader, news: tuple[Change, ...]) -> Line:
        who, thing, change = self.actor(issue), self.thing(issue), foremost(news)
        if change is None:
            zh, en = UPDATED if first_person(issue, "user") else NEWS
            return self.say(zh=zh, en=en, who=who, thing=thing)
        zh, en = sentence(change, own=_is_own(issue, change))
        before, after = change.shown
        name = self._name(change).lower() if change.kind in NAMES else f"“{self._name(change)}”"
        return self.say(
            zh=zh,
            en=en,
            who=who,
            thing=thing,
            name=name,
            before=before,
            after=after,
            added=self.listed(change.added),
            removed=self.listed(change.removed),
        )

    def _fields(self, issue: Reader, news: tuple[Change, ...]) -> tuple[Block, ...]:
        """Return the changes, and what people ask next: who has an issue that moved on, and how one stands."""
        about, kinds = issue.at("issue.fields"), {change.kind for change in news}
        moved_on = not news or ("status" in kinds and "assigned" not in kinds)
        more = len(news) - SHOWN
        note = self.say(zh="另有 {count} 项改动", en="and {count} more", count=str(more))
        return (
            *fields(
                *((self._name(change), self._value(change)) for change in news[:SHOWN]),
                (self.choose(zh="状态", en="Status"), "" if news else named(about, "status")),
                (self.choose(zh="经办人", en="Assignee"), person_name(about.at("assignee")) if moved_on else ""),
            ),
            *((Text(note),) if more > 0 else ()),
        )

    def _name(self, change: Change) -> str:
        if change.kind not in NAMES:
            return first_line(change.field, WORD) or self.choose(zh="其他", en="Other")
        zh, en = NAMES[change.kind]
        return self.choose(zh=zh, en=en)

    def _value(self, change: Change) -> Line:
        if change.added or change.removed:
            added = self.say(zh="新增 {names}", en="added {names}", names=self.listed(change.added))
            removed = self.say(zh="去掉 {names}", en="removed {names}", names=self.listed(change.removed))
            parts = [part for part, values in ((added, change.added), (removed, change.removed)) if values]
            return join(parts, self.choose(zh="；", en="; "))
        before, after = change.shown
        if not before and not after and change.kind != "assigned":
            return (self.choose(zh="已修改", en="changed"),)
        new = Bold(after) if after else self.choose(zh="无", en="none")
        return (f"{before} → ", new) if before else (new,)


def _is_own(issue: Reader, change: Change) -> bool:
    """Tell whether the one who acted is the one whom it was given to, or taken from."""
    identities = {issue.text(f"user.{key}") for key in ("accountId", "name", "key")} - {""}
    return change.identity in identities


def _level(issue: Reader, news: tuple[Change, ...]) -> Level:
    """Judge by what changed: an issue that is done is good news, one that is open again or urgent is none."""
    kinds = {change.kind: change for change in news}
    stopped = "flagged" in kinds and bool(kinds["flagged"].after)
    if "reopened" in kinds or stopped or ("priority" in kinds and is_urgent(kinds["priority"].after)):
        return Level.WARNING
    done = issue.text("issue.fields.status.statusCategory.key") == "done"
    return Level.SUCCESS if "resolved" in kinds or ("status" in kinds and done) else Level.INFO
