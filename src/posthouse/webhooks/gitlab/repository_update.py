"""What a push moved, in one event for all its branches and tags, as system hooks report it."""

from urllib.parse import quote

from posthouse import Code, Event, Items, Line, Link, Message, No, Reader, Yes, buttons, plain
from posthouse.webhooks.gitlab.instance import story_of
from posthouse.webhooks.gitlab.payload import (
    SHOWN,
    TAG_PREFIX,
    GitlabNotifyEventHandler,
    is_no_commit,
    occurrence,
    project_id,
    ref_name,
    short_sha,
)


class RepositoryUpdateHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of pushes by the branches and tags they moved, without commits."""

    events = ("Repository Update Hook",)
    #: Each of these branches and tags has an event of its own, which says more. This one is for whoever wants to hear
    #: of pushes with many of them: GitLab sends no other for more than three.
    on_by_default = False

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about updates that name no branch or tag."""
        return Yes() if _changes(event.reader) else No("the update names no branch or tag")

    def message(self, event: Event) -> Message:
        """Show ten of the branches and tags, and what became of them."""
        update = event.reader
        changes = _changes(update)
        lines = tuple(self._line(update, change) for change in changes[:SHOWN])
        return Message(
            title=plain(self._headline(update, changes)),
            blocks=(
                *self.about(update),
                *((Items(lines, len(changes) - len(lines)),) if lines else ()),
                *buttons(Link(self.choose(zh="查看项目", en="Open project"), self.project(update).url)),
            ),
            facts=self.facts(update, ref=tuple(ref_name(change.text("ref")) for change in changes[:SHOWN])),
            story=story_of("repository", project_id(update)),
            occurrence=_occurrence(update, changes),
        )

    def _headline(self, update: Reader, changes: list[Reader]) -> Line:
        who, count = self.actor(update), len(changes)
        if count == 1:
            return self.say(zh="{who} 更新了{ref}", en="{who} updated {ref}", who=who, ref=self._ref(changes[0]))
        return self.say(
            zh="{who} 更新了 {count} 个分支和标签",
            en="{who} updated {count} branches and tags",
            who=who,
            count=str(count),
        )

    def _ref(self, change: Reader) -> Line:
        ref = Code(ref_name(change.text("ref")))
        if change.text("ref").startswith(TAG_PREFIX):
            return self.say(zh="标签 {ref}", en="tag {ref}", ref=ref)
        return self.say(zh="分支 {ref}", en="branch {ref}", ref=ref)

    def _line(self, update: Reader, change: Reader) -> Line:
        before, after, ref = change.text("before"), change.text("after"), self._ref(change)
        if is_no_commit(after):
            return self.say(zh="{ref}：已删除", en="{ref}: deleted", ref=ref)
        if is_no_commit(before):
            return self.say(zh="{ref}：新建", en="{ref}: new", ref=ref)
        return (*ref, self.choose(zh="：", en=": "), self._compare(update, before, after)) if before and after else ref

    def _compare(self, update: Reader, before: str, after: str) -> Link:
        project = self.project(update).url
        url = f"{project}/-/compare/{quote(before)}...{quote(after)}" if project else ""
        return Link(f"{short_sha(before)} → {short_sha(after)}", url)


def _changes(update: Reader) -> list[Reader]:
    """Return what was moved; the names alone where the payload has no more."""
    changes = [change for change in update.each("changes") if ref_name(change.text("ref"))]
    return changes or [Reader({"ref": ref}) for ref in update.texts("refs") if ref_name(ref)]


def _occurrence(update: Reader, changes: list[Reader]) -> str | None:
    """Name the push after the first ref that it moved: no other push moved that one from and to the same commits."""
    first = changes[0] if changes else Reader(None)
    parts = (first.text(part) for part in ("ref", "before", "after"))
    return occurrence("repository_update", project_id(update), *parts)
