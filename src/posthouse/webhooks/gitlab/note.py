"""Comments on commits, merge requests, issues and snippets: who said what about what."""

from typing import ClassVar

from posthouse import Code, Event, Line, Link, Message, No, Reader, Yes, buttons, fields, quote_markdown
from posthouse.webhooks.gitlab.payload import (
    GitlabNotifyEventHandler,
    is_bot,
    label_titles,
    name,
    number,
    occurrence,
    word,
)
from posthouse.webhooks.gitlab.people import note_mentions
from posthouse.webhooks.gitlab.target import target_of, thing_story, thing_title, thing_words


class NoteHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of new comments that people wrote.

    To be chosen are `create`, and `update` (the text was edited), which is off by default. Mentioned is who is called
    by `@username` in a new comment.
    """

    events = ("Note Hook",)
    happenings: ClassVar = {"create": True, "update": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about edits, about bots and about what GitLab writes itself."""
        note = event.reader
        if note.flag("object_attributes.system"):
            return No("the comment was written by GitLab itself")
        if is_bot(note):
            return No("the comment was written by a bot")
        action = note_action(note)
        edited = "the comment was edited"
        return self.told(event, action, silence=edited if action == "update" else f"the comment's action is {action}")

    def message(self, event: Event) -> Message:
        """Quote the comment and say where in the code it stands."""
        note = event.reader
        target, thing = target_of(note)
        return Message(
            title=self.titled(self._headline(note, target, thing), thing_title(thing)),
            blocks=(
                *self.about(note),
                *fields((self.choose(zh="文件", en="File"), _place(note))),
                *quote_markdown(note.text("object_attributes.note")),
                *buttons(self.link(note)),
            ),
            facts=self.facts(
                note,
                target=target,
                action=note_action(note),
                ref=name(thing, "target_branch"),
                labels=label_titles(thing),
            ),
            story=thing_story(note, target, thing),
            occurrence=occurrence(
                "note",
                number(note, "object_attributes.id"),
                note_action(note),
                note.text("object_attributes.updated_at"),
            ),
            mentions=note_mentions(note, note_action(note)),
        )

    def _headline(self, note: Reader, target: str, thing: Reader) -> Line:
        if not target:
            return self.say(zh="{who} 发表了评论", en="{who} wrote a comment", who=self.actor(note))
        zh, en = "{who} 评论了{thing}", "{who} commented on {thing}"
        if note_action(note) == "update":
            zh, en = "{who} 修改了对{thing} 的评论", "{who} edited a comment on {thing}"
        return self.say(zh=zh, en=en, who=self.actor(note), thing=self.choose(**thing_words(target, thing)))

    def link(self, note: Reader) -> Link:
        """Return the comment's page."""
        _, thing = target_of(note)
        return Link(
            self.choose(zh="查看评论", en="Open comment"), note.link("object_attributes.url") or thing.link("url")
        )


def note_action(note: Reader) -> str:
    """Return the action. Before GitLab 16.11 comments have none, and all of them are new."""
    return word(note, "object_attributes.action") or "create"


def _place(note: Reader) -> Line:
    """Return the file and line that a comment on a diff stands at."""
    attributes = note.at("object_attributes")
    path = name(attributes, "position.new_path", "position.old_path", "st_diff.new_path", "st_diff.old_path")
    line = attributes.count("position.new_line") or attributes.count("position.old_line")
    return (Code(f"{path}:{line}" if line else path),) if path else ()
