"""Pushes of tags: who, which tag, what its message says."""

from typing import ClassVar
from urllib.parse import quote as quoted

from posthouse import Code, Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, plain, quote_markdown
from posthouse.webhooks.gitlab.payload import (
    TAG_PREFIX,
    GitlabNotifyEventHandler,
    is_no_commit,
    occurrence,
    project_id,
    ref_name,
    short_sha,
    story,
)


class TagPushHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of new and moved tags, and of the end of protected ones.

    To be chosen are `create`, `move`, `delete_protected`, and `delete`, which is the end of any tag and off by default.
    """

    events = ("Tag Push Hook",)
    happenings: ClassVar = {"create": True, "move": True, "delete_protected": True, "delete": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about the end of a tag, unless the tag was protected."""
        push = event.reader
        match _action(push):
            case "delete" if push.flag("ref_protected"):
                what = self.foremost(event, ("delete_protected", "delete"))
                return self.told(event, what, silence="a protected tag was deleted")
            case "delete":
                return self.told(event, "delete", silence="a tag that is not protected was deleted")
            case "move":
                return self.told(event, "move", silence="a tag was moved")
            case _:
                return self.told(event, "create", silence="a tag was created")

    def message(self, event: Event) -> Message:
        """Show the tag's commit and, for an annotated tag, its message."""
        push = event.reader
        tag = ref_name(push.text("ref"))
        action = _action(push)
        return Message(
            title=plain(self._headline(push, tag=tag, action=action)),
            blocks=(
                *self.about(push),
                *fields((self.choose(zh="提交", en="Commit"), self._commit(push))),
                *quote_markdown(push.text("message")),
                *buttons(self._link(push, action=action)),
            ),
            level=Level.WARNING if action == "delete" else Level.INFO,
            facts=self.facts(push, ref=tag, action=action),
            story=story("tag", project_id(push), f":{tag}" if tag else ""),
            occurrence=occurrence(
                "tag_push", project_id(push), push.text("ref"), push.text("before"), push.text("after")
            ),
        )

    def _headline(self, push: Reader, *, tag: str, action: str) -> Line:
        who = self.actor(push)
        name = Code(tag) if tag else self.choose(zh="（未知）", en="(unknown)")
        match action:
            case "delete":
                return self.say(zh="{who} 删除了标签 {tag}", en="{who} deleted tag {tag}", who=who, tag=name)
            case "move":
                return self.say(zh="{who} 移动了标签 {tag}", en="{who} moved tag {tag}", who=who, tag=name)
            case _:
                return self.say(zh="{who} 新建了标签 {tag}", en="{who} created tag {tag}", who=who, tag=name)

    def _commit(self, push: Reader) -> Line:
        """Return the commit that the tag points to; ``after`` may be the id of the tag itself."""
        sha = push.text("checkout_sha")
        listed = next((commit for commit in push.each("commits") if commit.text("id") == sha), None)
        if listed is not None:
            return self.commit(listed)
        project = self.project(push).url
        return (Link(short_sha(sha), f"{project}/-/commit/{quoted(sha)}" if project else ""),) if sha else ()

    def _link(self, push: Reader, *, action: str) -> Link:
        project = self.project(push).url
        tag = push.text("ref").removeprefix(TAG_PREFIX)
        if not project or not tag or action == "delete":
            return Link(self.choose(zh="查看项目", en="Open project"), project)
        return Link(self.choose(zh="查看标签", en="Open tag"), f"{project}/-/tags/{quoted(tag)}")


def _action(push: Reader) -> str:
    before, after = push.text("before"), push.text("after")
    if is_no_commit(after):
        return "delete"
    return "move" if before and not is_no_commit(before) else "create"
