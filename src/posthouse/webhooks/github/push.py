"""Pushes to branches and tags: who, what is new or gone, which commits."""

import re
from urllib.parse import quote as quoted

from posthouse import (
    Block,
    Code,
    Event,
    Inline,
    Items,
    Level,
    Line,
    Link,
    Message,
    No,
    Reader,
    Yes,
    buttons,
    fields,
    plain,
)
from posthouse.webhooks.github.payload import (
    SHOWN,
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    name,
    number,
    occurrence,
    story,
)

BRANCH_PREFIX = "refs/heads/"
TAG_PREFIX = "refs/tags/"
#: A commit that does not exist, in a push that creates or deletes its ref: only zeros.
NO_COMMIT = re.compile(r"0+\Z")
#: GitHub lists this many commits of a push and no more, and does not say how many there are.
LISTED = 2048
#: What may happen to a branch or a tag. Nothing in a push says that a branch is protected, so the end of one, which
#: mostly follows its merge, is not told.
HAPPENINGS = {
    "pushed": Happening("{who} 推送了 {count} 个提交到 {ref}", "{who} pushed {count} commit{s} to {ref}"),
    "force_pushed": Happening("{who} 强制推送了 {ref}", "{who} force-pushed {ref}", level=Level.WARNING),
    "branch_created": Happening("{who} 新建了分支 {ref}{with_}", "{who} created branch {ref}{with_}"),
    "branch_deleted": Happening(
        "{who} 删除了分支 {ref}", "{who} deleted branch {ref}", told=False, level=Level.WARNING
    ),
    "tag_created": Happening("{who} 新建了标签 {ref}", "{who} created tag {ref}"),
    "tag_moved": Happening("{who} 移动了标签 {ref}", "{who} moved tag {ref}"),
    "tag_deleted": Happening("{who} 删除了标签 {ref}", "{who} deleted tag {ref}", told=False, level=Level.WARNING),
}
#: Why a happening is not told, where it is not.
REASONS = {
    "pushed": "commits were pushed",
    "force_pushed": "a branch was force-pushed",
    "branch_created": "a branch was created",
    "branch_deleted": "a branch was deleted",
    "tag_created": "a tag was created",
    "tag_moved": "a tag was moved",
    "tag_deleted": "a tag was deleted",
}


class GitHubPushNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of new commits, of force pushes, of new branches, and of new and moved tags."""

    events = ("push",)
    happenings = defaults(HAPPENINGS)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about branches and tags that are deleted, and about pushes that move nothing."""
        push, what = event.reader, _happening(event.reader)
        if what == "pushed" and not _commits(push):
            return No("the push has no new commits")
        return Yes() if self.tells(event, what) else No(REASONS[what])

    def message(self, event: Event) -> Message:
        """Show at most ten commits, the newest first; of a tag only the commit that it stands at."""
        push = event.reader
        what, ref = _happening(push), _ref(push)
        is_tag = what.startswith("tag_")
        return Message(
            title=plain(self._headline(push, what=what, ref=ref)),
            blocks=(
                *self.about(push),
                *(self._head(push) if is_tag or not _commits(push) else self._items(push)),
                *buttons(self._link(push, what=what)),
            ),
            level=HAPPENINGS[what].level,
            facts=self.facts(push, ref=ref, action=what),
            story=story(push, "tag" if is_tag else "branch", ref),
            occurrence=occurrence(
                "push", number(push, "repository.id"), ref, name(push, "before"), name(push, "after"), what
            ),
        )

    def _headline(self, push: Reader, *, what: str, ref: str) -> Line:
        total = len(_commits(push))
        parts: dict[str, Inline] = {
            "who": self.actor(push),
            "ref": Code(ref) if ref else self.choose(zh="（未知）", en="(unknown)"),
            "count": f"{total}+" if total >= LISTED else str(total),
            "s": "" if total == 1 else "s",
        }
        with_ = self.say(zh="，含 {count} 个提交", en=" with {count} commit{s}", **parts) if total else ()
        return self.say(zh=HAPPENINGS[what].zh, en=HAPPENINGS[what].en, with_=with_, **parts)

    def _items(self, push: Reader) -> tuple[Block, ...]:
        """List the commits. GitHub puts the oldest first."""
        commits = _commits(push)
        newest = commits[: -SHOWN - 1 : -1]
        return (Items(tuple(self.commit(commit) for commit in newest), len(commits) - len(newest)),)

    def _head(self, push: Reader) -> tuple[Block, ...]:
        """Show where the branch or the tag stands now; for a tag's own message GitHub has no place."""
        head = push.at("head_commit")
        return fields((self.choose(zh="提交", en="Commit"), self.commit(head) if head.text("id") else ()))

    def _link(self, push: Reader, *, what: str) -> Link:
        repository, ref = push.link("repository.html_url"), quoted(_full_ref(push))
        if what in {"pushed", "force_pushed"} and push.link("compare"):
            return Link(self.choose(zh="查看变更", en="Compare"), push.link("compare"))
        if not repository or not ref or what.endswith("_deleted"):
            return Link(self.choose(zh="查看仓库", en="Open repository"), repository)
        if what.startswith("tag_"):
            return Link(self.choose(zh="查看标签", en="Open tag"), f"{repository}/releases/tag/{ref}")
        return Link(self.choose(zh="查看分支", en="Open branch"), f"{repository}/tree/{ref}")


def _happening(push: Reader) -> str:
    """Return what the push did; the flags and the empty commits say the same."""
    before, after = push.text("before"), push.text("after")
    created = push.flag("created") or bool(NO_COMMIT.match(before))
    deleted = push.flag("deleted") or bool(NO_COMMIT.match(after))
    if push.text("ref").startswith(TAG_PREFIX):
        return "tag_deleted" if deleted else "tag_created" if created or not before else "tag_moved"
    if deleted:
        return "branch_deleted"
    return "branch_created" if created else "force_pushed" if push.flag("forced") else "pushed"


def _commits(push: Reader) -> list[Reader]:
    """Return the commits that are news, the oldest first.

    For a new branch GitHub also lists what other branches have; on an old one that is news all the same.
    """
    commits = list(push.each("commits"))
    if _happening(push) == "branch_created":
        return [commit for commit in commits if commit.at("distinct").value is not False]
    return commits


def _full_ref(push: Reader) -> str:
    return push.text("ref").removeprefix(BRANCH_PREFIX).removeprefix(TAG_PREFIX)


def _ref(push: Reader) -> str:
    """Return the name of the branch or the tag; only the prefix is taken off, as names have slashes too."""
    return name(Reader({"ref": _full_ref(push)}), "ref")
