"""Pushes to branches: who, which branch, what is new or gone, which commits."""

from typing import ClassVar
from urllib.parse import quote

from posthouse import Code, Event, Hold, Inline, Items, Level, Line, Link, Message, No, Reader, Yes, buttons, plain
from posthouse.webhooks.gitlab.payload import (
    BRANCH_PREFIX,
    SHOWN,
    GitlabNotifyEventHandler,
    is_no_commit,
    occurrence,
    project_id,
    ref_name,
    story,
)

#: How long a push without its commits waits for one that has them, in seconds.
PATIENCE = 5.0


class PushHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of new commits, of new branches, and of the end of branches that mattered.

    To be chosen are `push`, `create`, `delete_protected` (of a protected branch or the default branch), and `delete`,
    which is the end of any branch and off by default.
    """

    events = ("Push Hook",)
    happenings: ClassVar = {"push": True, "create": True, "delete_protected": True, "delete": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about branches that go after their merge, and about pushes that move nothing."""
        push = event.reader
        match _action(push):
            case "delete" if _is_protected(push):
                what = self.foremost(event, ("delete_protected", "delete"))
                return self.told(event, what, silence="a protected branch was deleted")
            case "delete":
                return self.told(event, "delete", silence="a branch that is not protected was deleted")
            case "create":
                return self.told(event, "create", silence="a branch was created")
            case _ if not _total(push):
                return No("the push has no new commits")
            case _:
                return self.told(event, "push", silence="commits were pushed to a branch")

    def message(self, event: Event) -> Message:
        """Show at most ten commits, the newest first, and count the others by GitLab's true total."""
        push = event.reader
        branch = ref_name(push.text("ref"))
        shown = tuple(self.commit(commit) for commit in _newest_first(push)[:SHOWN])
        more = max(_total(push) - len(shown), 0)
        action = _action(push)
        created, deleted = action == "create", action == "delete"
        headline = self._headline(push, branch=branch, created=created, deleted=deleted)
        what = occurrence("push", project_id(push), push.text("ref"), push.text("before"), push.text("after"))
        return Message(
            title=plain(headline),
            blocks=(
                *self.about(push),
                *([Items(shown, more)] if shown else []),
                *buttons(self._link(push, created=created, deleted=deleted)),
            ),
            level=Level.WARNING if deleted else Level.INFO,
            facts=self.facts(push, ref=branch, action=action),
            story=story("branch", project_id(push), f":{branch}" if branch else ""),
            occurrence=what,
            # A system hook may leave the commits out; the project's hook, if there is one, tells them in a moment.
            hold=Hold(what, 0.0 if shown or not _total(push) else PATIENCE) if what else None,
        )

    def _headline(self, push: Reader, *, branch: str, created: bool, deleted: bool) -> Line:
        total = _total(push)
        parts: dict[str, Inline] = {
            "who": self.actor(push),
            "branch": Code(branch) if branch else self.choose(zh="未知分支", en="an unknown branch"),
            "count": str(total),
            "s": "" if total == 1 else "s",
        }
        if deleted:
            return self.say(zh="{who} 删除了分支 {branch}", en="{who} deleted branch {branch}", **parts)
        if created and not total:
            return self.say(zh="{who} 新建了分支 {branch}", en="{who} created branch {branch}", **parts)
        if created:
            return self.say(
                zh="{who} 新建了分支 {branch}，含 {count} 个提交",
                en="{who} created branch {branch} with {count} commit{s}",
                **parts,
            )
        return self.say(
            zh="{who} 推送了 {count} 个提交到 {branch}",
            en="{who} pushed {count} commit{s} to {branch}",
            **parts,
        )

    def _link(self, push: Reader, *, created: bool, deleted: bool) -> Link:
        project = self.project(push).url
        before, after = push.text("before"), push.text("after")
        branch = push.text("ref").removeprefix(BRANCH_PREFIX)
        if not project or deleted or not branch:
            return Link(self.choose(zh="查看项目", en="Open project"), project)
        if created or not before or not after:
            return Link(self.choose(zh="查看分支", en="Open branch"), f"{project}/-/tree/{quote(branch)}")
        return Link(self.choose(zh="查看变更", en="Compare"), f"{project}/-/compare/{quote(before)}...{quote(after)}")


def _action(push: Reader) -> str:
    """Return what became of the branch; a push that deletes one says nothing of what was there before."""
    if is_no_commit(push.text("after")):
        return "delete"
    return "create" if is_no_commit(push.text("before")) else "push"


def _is_protected(push: Reader) -> bool:
    """Tell whether the branch matters to everybody; GitLab says so of protected ones only."""
    default = push.text("project.default_branch")
    return push.flag("ref_protected") or (bool(default) and ref_name(push.text("ref")) == default)


def _total(push: Reader) -> int:
    """Return how many commits were pushed; GitLab lists 20 at most but counts all."""
    total = push.count("total_commits_count")
    return total if total is not None else sum(1 for _ in push.each("commits"))


def _newest_first(push: Reader) -> list[Reader]:
    """Return the listed commits. Real pushes list the oldest first, GitLab's test pushes the newest."""
    commits = list(push.each("commits"))
    is_newest_first = bool(commits) and commits[0].text("id") == push.text("after")
    return commits if is_newest_first else commits[::-1]
