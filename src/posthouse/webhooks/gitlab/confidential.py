"""Confidential issues and comments: as much of them as the configuration allows, which is next to nothing by default.

What is left out is left out here, before a message is stored or routed; which robots hear of it is decided later.
"""

from dataclasses import replace
from typing import ClassVar

from posthouse import Event, Line, Link, Message, No, Reader, Yes, buttons
from posthouse.webhooks.gitlab.handler import GitlabWebhookSettings
from posthouse.webhooks.gitlab.issue import IssueHookNotifyEventHandler, item_type, item_words
from posthouse.webhooks.gitlab.note import NoteHookNotifyEventHandler, note_action
from posthouse.webhooks.gitlab.payload import GitlabNotifyEventHandler, name, number
from posthouse.webhooks.gitlab.target import target_of, thing_title, thing_words

#: What happened to an issue, as (Chinese, English), in words that tell nothing of what is in it.
WORDS = {
    "open": ("{who} 新建了{item}", "{who} opened {item}"),
    "close": ("{who} 关闭了{item}", "{who} closed {item}"),
    "reopen": ("{who} 重新打开了{item}", "{who} reopened {item}"),
    "update": ("{who} 更新了{item}", "{who} updated {item}"),
}
#: What happened to a comment: on a confidential issue, internal, or on something unknown; made anew, or edited.
COMMENTS = {
    ("issue", False): ("{who} 评论了{thing}", "{who} commented on {thing}"),
    ("issue", True): ("{who} 修改了对{thing} 的评论", "{who} edited a comment on {thing}"),
    ("internal", False): ("{who} 在{thing} 上发表了内部评论", "{who} wrote an internal comment on {thing}"),
    ("internal", True): ("{who} 修改了{thing} 上的内部评论", "{who} edited an internal comment on {thing}"),
    ("", False): ("{who} 发表了机密评论", "{who} wrote a confidential comment"),
    ("", True): ("{who} 修改了机密评论", "{who} edited a confidential comment"),
}
#: The facts that rules may match on all the same: who did what to which kind of thing, and where.
FACTS = frozenset({"project", "author", "action", "type", "target"})


class ConfidentialIssueHookNotifyEventHandler(IssueHookNotifyEventHandler):
    """Tells of confidential issues and work items, like any other, but not what is in them.

    How much is said is `confidential` in the webhook's settings. To be chosen is what can be chosen for issues, but
    `made_confidential` in place of `made_public`.
    """

    events = ("Confidential Issue Hook",)
    happenings: ClassVar = {
        "made_confidential" if what == "made_public" else what: told
        for what, told in IssueHookNotifyEventHandler.happenings.items()
    }

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about other updates, about unknown actions, and about everything with `confidential: hide`."""
        return _hidden(self.settings) or super().should_notify(event)

    def message(self, event: Event) -> Message:
        """Say who did what to which issue, and where it is."""
        issue = event.reader
        what = self.what(event)
        zh, en = WORDS.get(what, WORDS["update"])
        item = item_words(item_type(issue), number(issue, "object_attributes.iid"), confidential=True)
        headline = self.say(zh=zh, en=en, who=self.actor(issue), item=self.choose(**item))
        title = name(issue, "object_attributes.title") if self.settings.confidential == "title" else ""
        return _disclosed(self, event, super().message(event), self.titled(headline, title), self.link(issue))


class ConfidentialNoteHookNotifyEventHandler(NoteHookNotifyEventHandler):
    """Tells of new internal comments, and of those on confidential issues, without saying what is in them.

    How much is said is `confidential` in the webhook's settings. To be chosen are `create`, and `update` (the text was
    edited), which is off by default.
    """

    events = ("Confidential Note Hook",)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about edits, about bots, and about everything with `confidential: hide`."""
        return _hidden(self.settings) or super().should_notify(event)

    def message(self, event: Event) -> Message:
        """Say who commented on what, and where it is; the title of what is not confidential itself is no secret."""
        note = event.reader
        target, thing = target_of(note)
        known = self.settings.confidential == "title" or _is_public(note, target, thing)
        title = thing_title(thing) if known else ""
        headline = self.titled(self._short_headline(note, target, thing), title)
        return _disclosed(self, event, super().message(event), headline, self.link(note))

    def _short_headline(self, note: Reader, target: str, thing: Reader) -> Line:
        """Say what is confidential: the comment, as it is internal, or the issue that it stands on, or both."""
        is_internal = note.flag("object_attributes.internal") or target != "issue"
        kind = "internal" if target and is_internal else target
        zh, en = COMMENTS[kind, note_action(note) == "update"]
        words = thing_words(target, thing, confidential=thing.flag("confidential") or not is_internal)
        return self.say(zh=zh, en=en, who=self.actor(note), thing=self.choose(**words))


def _hidden(settings: GitlabWebhookSettings) -> No | None:
    return No("the configuration says confidential: hide") if settings.confidential == "hide" else None


def _disclosed(handler: GitlabNotifyEventHandler, event: Event, full: Message, headline: str, link: Link) -> Message:
    """Return the whole message with a mark in its title where the settings say so, else one with the headline alone."""
    if handler.settings.confidential == "full":
        return replace(full, title=handler.title(zh="【机密】{title}", en="[Confidential] {title}", title=full.title))
    return Message(
        title=headline,
        blocks=(*handler.about(event.reader), *buttons(link)),
        facts={fact: value for fact, value in full.facts.items() if fact in FACTS},
        story=full.story,
        occurrence=full.occurrence,
    )


def _is_public(note: Reader, target: str, thing: Reader) -> bool:
    """Tell whether only the comment is confidential; in doubt, what it is about is confidential too."""
    is_open = target == "merge_request" or thing.at("confidential").value is False
    return is_open and note.flag("object_attributes.internal")
