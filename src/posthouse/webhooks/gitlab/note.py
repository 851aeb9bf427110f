"""Comments on commits, merge requests, issues and snippets: who said what about what."""

from typing import ClassVar

from posthouse import Code, Event, Line, Link, Message, No, Reader, Yes, first_line
from posthouse.webhooks.gitlab.issue import issue_story, item_words
from posthouse.webhooks.gitlab.payload import (
    NAME,
    GitlabNotifyEventHandler,
    buttons,
    fields,
    is_bot,
    label_titles,
    marked,
    name,
    number,
    occurrence,
    project_id,
    quote,
    short_sha,
    story,
    word,
)

#: Where the thing that is commented on stands in the payload; there is only one of them.
TARGETS = ("merge_request", "issue", "snippet", "commit")


class NoteHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of new comments that people wrote.

    To be chosen are `create`, and `update` (the text was edited), which is off by default.
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
        title = name(thing, "title") or first_line(thing.text("message"), NAME)
        return Message(
            title=self.titled(self._headline(note, target, thing), title),
            blocks=(
                *self.about(note),
                *fields((self.choose(zh="文件", en="File"), _place(note))),
                *quote(note.text("object_attributes.note")),
                *buttons(self.link(note)),
            ),
            facts=self.facts(
                note,
                target=target,
                action=note_action(note),
                ref=name(thing, "target_branch"),
                labels=label_titles(thing),
            ),
            story=_story(note, target, thing),
            occurrence=occurrence(
                "note",
                number(note, "object_attributes.id"),
                note_action(note),
                note.text("object_attributes.updated_at"),
            ),
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
        thing = next((url for target in TARGETS if (url := note.link(f"{target}.url"))), "")
        return Link(self.choose(zh="查看评论", en="Open comment"), note.link("object_attributes.url") or thing)


def note_action(note: Reader) -> str:
    """Return the action. Before GitLab 16.11 comments have none, and all of them are new."""
    return word(note, "object_attributes.action") or "create"


def target_of(note: Reader) -> tuple[str, Reader]:
    """Return the kind of thing that is commented on, and the thing; an empty kind if it is none that we know."""
    target = next((target for target in TARGETS if note.has(target)), "")
    return target, note.at(target or "nothing")


def thing_words(target: str, thing: Reader, *, confidential: bool = False) -> dict[str, str]:
    """Return the thing with its reference, or as one of its kind, in both languages."""
    iid = number(thing, "iid")
    match target:
        case "merge_request":
            return (
                {"zh": f"合并请求 !{iid}", "en": f"merge request !{iid}"} if iid else _one("合并请求", "merge request")
            )
        case "issue":
            kind = (word(thing, "type") or "issue").replace("_", " ").lower()
            return item_words(kind, iid, confidential=confidential)
        case "snippet":
            own = number(thing, "id")
            return {"zh": f"代码片段 ${own}", "en": f"snippet ${own}"} if own else _one("代码片段", "snippet")
        case _:
            sha = short_sha(thing.text("id"))
            return {"zh": f"提交 {sha}", "en": f"commit {sha}"} if sha else _one("提交", "commit")


def _one(zh: str, en: str) -> dict[str, str]:
    return {"zh": f"一个{zh}", "en": f"a {en}"}


def _place(note: Reader) -> Line:
    """Return the file and line that a comment on a diff stands at."""
    attributes = note.at("object_attributes")
    path = name(attributes, "position.new_path", "position.old_path", "st_diff.new_path", "st_diff.old_path")
    line = attributes.count("position.new_line") or attributes.count("position.old_line")
    return (Code(f"{path}:{line}" if line else path),) if path else ()


def _story(note: Reader, target: str, thing: Reader) -> str | None:
    """Return the story of the thing, so that it is told together with what people say about it."""
    project = project_id(note)
    match target:
        case "merge_request":
            return story(target, project, marked("!", number(thing, "iid")))
        case "issue":
            return issue_story(note, thing)
        case "snippet":
            return story(target, project, marked("$", number(thing, "id")))
        case _:
            return story("commit", project, marked("@", first_line(thing.text("id"), NAME)))
