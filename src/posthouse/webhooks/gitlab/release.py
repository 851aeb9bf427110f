"""Releases: which version, what it says, what can be downloaded. GitLab does not say who made them."""

import hashlib
import json
from typing import ClassVar
from urllib.parse import quote as quoted

from posthouse import (
    Block,
    Code,
    Event,
    Level,
    Line,
    Link,
    Message,
    No,
    Reader,
    Yes,
    buttons,
    fields,
    items,
    join,
    quote_markdown,
)
from posthouse.webhooks.gitlab.payload import SHOWN, GitlabNotifyEventHandler, name, occurrence, project_id, story, word


class ReleaseHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of new releases and of those that were taken back.

    To be chosen are `create`, `delete`, and `update`, which is off by default.
    """

    events = ("Release Hook",)
    happenings: ClassVar = {"create": True, "delete": True, "update": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about updates: a release is often edited several times after it is made."""
        match _action(event.reader):
            case "":
                return No("the release's action is missing")
            case "update":
                return self.told(event, "update", silence="the release was updated")
            case action:
                return self.told(event, action, silence=f"the release's action is {action}")

    def message(self, event: Event) -> Message:
        """Show the notes and the assets; what is gone is not linked to."""
        release = event.reader
        action, tag, title = _action(release), name(release, "tag"), name(release, "name")
        deleted = action == "delete"
        return Message(
            title=self.titled(self._headline(action, tag=tag), "" if title == tag else title),
            blocks=(
                *self.about(release),
                *fields(
                    (self.choose(zh="标签", en="Tag"), (Code(tag),) if tag else ()),
                    (self.choose(zh="提交", en="Commit"), self._commit(release)),
                    (self.choose(zh="源代码", en="Source code"), () if deleted else _sources(release)),
                ),
                *quote_markdown(release.text("description")),
                *(() if deleted else _assets(release)),
                *buttons(self._link(release, tag=tag, deleted=deleted)),
            ),
            level=Level.WARNING if deleted else Level.INFO,
            facts=self.facts(release, ref=tag, action=action),
            story=story("release", project_id(release), f":{tag}" if tag else ""),
            occurrence=occurrence("release", project_id(release), tag, action, _edition(release)),
        )

    def _headline(self, action: str, *, tag: str) -> Line:
        version = Code(tag) if tag else self.choose(zh="（未知版本）", en="(unknown version)")
        match action:
            case "create":
                return self.say(zh="发布了新版本 {tag}", en="Release {tag} is out", tag=version)
            case "delete":
                return self.say(zh="版本 {tag} 的发布被删除", en="Release {tag} was deleted", tag=version)
            case _:
                return self.say(zh="版本 {tag} 的发布信息有更新", en="Release {tag} was updated", tag=version)

    def _commit(self, release: Reader) -> Line:
        return self.commit(release.at("commit")) if release.text("commit.id") else ()

    def _link(self, release: Reader, *, tag: str, deleted: bool) -> Link:
        project = self.project(release).url
        if deleted:
            return Link(self.choose(zh="查看所有发布", en="All releases"), f"{project}/-/releases" if project else "")
        built = f"{project}/-/releases/{quoted(tag, safe='')}" if project and tag else ""
        return Link(self.choose(zh="查看发布", en="Open release"), release.link("url") or built)


def _action(release: Reader) -> str:
    """Return what happened. GitLab's page names the second place, its payloads have it in the first."""
    return word(release, "action") or word(release, "object_attributes.action")


def _edition(release: Reader) -> str:
    """Return a short mark of all that people can edit: an update does not say when it was made."""
    edited = [release.at(path).value for path in ("id", "name", "description", "released_at", "assets.links")]
    return hashlib.sha256(json.dumps(edited, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _sources(release: Reader) -> Line:
    sources = [Link(name(source, "format"), source.link("url")) for source in release.each("assets.sources")]
    return join((source for source in sources[:SHOWN] if source.text), ", ")


def _assets(release: Reader) -> tuple[Block, ...]:
    links = [Link(name(link, "name", "url"), link.link("url")) for link in release.each("assets.links")]
    lines = tuple((link,) for link in links if link.text)
    return items(lines)
