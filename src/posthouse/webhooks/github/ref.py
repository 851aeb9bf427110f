"""New and deleted branches and tags, for webhooks that get no pushes: every push tells the same, and more."""

from urllib.parse import quote as quoted

from posthouse import Code, Event, Level, Line, Link, Message, No, Reader, Yes, buttons, plain
from posthouse.webhooks.github.payload import GitHubNotifyEventHandler, name, number, occurrence, story, word

#: What GitHub calls refs, as (Chinese, English).
KINDS = {"branch": ("分支", "branch"), "tag": ("标签", "tag")}
#: What may come or go; both are told.
HAPPENINGS = {"branch": True, "tag": True}


class GitHubRefNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of new and deleted branches and tags."""

    events = ("create", "delete")
    on_by_default = False
    happenings = HAPPENINGS

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about what is neither a branch nor a tag."""
        kind = word(event.reader, "ref_type")
        if not kind:
            return No("the ref's type is missing")
        return Yes() if self.tells(event, kind) else No(f"the ref's type is {kind}")

    def message(self, event: Event) -> Message:
        """Say who and which; there is no more in the payload."""
        change, deleted = event.reader, event.name == "delete"
        kind, ref = word(change, "ref_type"), name(change, "ref")
        # The time of the push tells apart what happens to one name again and again.
        ids = (number(change, "repository.id"), kind, ref, number(change, "repository.pushed_at"))
        return Message(
            title=plain(self._headline(change, kind=kind, ref=ref, deleted=deleted)),
            blocks=(*self.about(change), *buttons(self._link(change, kind=kind, deleted=deleted))),
            level=Level.WARNING if deleted else Level.INFO,
            facts=self.facts(change, ref=ref, type=kind, action=event.name),
            story=story(change, kind, ref) if kind else None,
            occurrence=occurrence(event.name, *ids),
        )

    def _headline(self, change: Reader, *, kind: str, ref: str, deleted: bool) -> Line:
        zh, en = KINDS.get(kind, ("引用", "ref"))
        return self.say(
            zh="{who} 删除了{kind} {ref}" if deleted else "{who} 新建了{kind} {ref}",
            en="{who} deleted {kind} {ref}" if deleted else "{who} created {kind} {ref}",
            who=self.actor(change),
            kind=self.choose(zh=zh, en=en),
            ref=Code(ref) if ref else self.choose(zh="（未知）", en="(unknown)"),
        )

    def _link(self, change: Reader, *, kind: str, deleted: bool) -> Link:
        repository, ref = change.link("repository.html_url"), quoted(change.text("ref"))
        if not repository or not ref or deleted:
            return Link(self.choose(zh="查看仓库", en="Open repository"), repository)
        page = "releases/tag" if kind == "tag" else "tree"
        return Link(self.choose(zh="查看详情", en="Open in GitHub"), f"{repository}/{page}/{ref}")
