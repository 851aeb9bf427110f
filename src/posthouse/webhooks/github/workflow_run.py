"""Runs of GitHub Actions workflows: whether they failed, fail still, or are well again."""

from datetime import datetime

from posthouse import Code, Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, first_line
from posthouse.webhooks.github.payload import (
    NAME,
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    name,
    number,
    occurrence,
    story,
    word,
)
from posthouse.webhooks.github.people import workflow_run_mentions
from posthouse.webhooks.github.workflow_history import compared, end_of, is_outdated, outcome, recalled

#: What may come of a run. Only a run whose branch failed before can be fixed.
HAPPENINGS = {
    "failed": Happening("{run}{place}失败", "{run} failed{place}", level=Level.FAILURE),
    "still_failing": Happening("{run}{place}仍然失败", "{run} is still failing{place}", level=Level.FAILURE),
    "fixed": Happening("{run}{place}恢复正常", "{run} works again{place}", level=Level.SUCCESS),
    "success": Happening("{run}{place}成功", "{run} passed{place}", told=False, level=Level.SUCCESS),
    "cancelled": Happening("{run}{place}被取消", "{run} was cancelled{place}", told=False, level=Level.WARNING),
    "action_required": Happening(
        "{run}{place}等待批准", "{run}{place} waits for an approval", told=False, level=Level.WARNING
    ),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{run}{place}的状态有变化", "{run} changed its status{place}")
#: No run takes longer than GitHub's 35 days, in seconds.
LONGEST = 35 * 86400
#: Failures whose conclusion says why, as (Chinese, English).
CAUSES = {"timed_out": ("超时", "timed out"), "startup_failure": ("无法启动", "could not start")}


class GitHubWorkflowRunNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of workflows that fail on a branch, and of those that are well again.

    To be chosen are GitHub's conclusions, and what they mean after the run before: `failed` is the first failure only,
    `still_failing` every further one, `fixed` the first success after it. `success` is every success.

    Mentioned are, at the first failure only, who started the run and who wrote the commit that made it start.
    """

    events = ("workflow_run",)
    happenings = defaults(HAPPENINGS)

    def topic(self, event: Event) -> str | None:
        """Remember each workflow on each branch. A fork may have a branch of the same name."""
        run = event.reader.at("workflow_run")
        repository, workflow = number(event.reader, "repository.id"), number(run, "workflow_id")
        head, branch = number(run, "head_repository.id") or repository, name(run, "head_branch")
        known = repository and workflow and branch
        return f"github:workflow:{repository}:{workflow}:{head}:{branch}" if known else None

    def remember(self, event: Event) -> str | None:
        """Remember how the newest run ended; one that is late leaves the memory as it is."""
        now, last = end_of(event.reader), recalled(event.last)
        return None if now is None or is_outdated(now, last) else str(now.after(last))

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about runs that go on, go well or are cancelled, and about old runs that end late."""
        change, what = event.reader, _happening(event)
        action = word(change, "action")
        if action != "completed":
            return No(f"the run's action is {action}" if action else "the run's action is missing")
        if not what:
            return No("the run's conclusion is missing")
        if is_outdated(end_of(change), recalled(event.last)):
            return No("a newer run of the workflow was completed before")
        told = self.tells(event, what) or (what == "fixed" and self.tells(event, "success"))
        return Yes() if told else No(f"the run's outcome is {what}")

    def message(self, event: Event) -> Message:
        """Show what ran on which commit, why it failed as far as GitHub says, and since when."""
        change, run = event.reader, event.reader.at("workflow_run")
        what = _happening(event)
        return Message(
            title=self.titled(self._headline(change, what), _title(run)),
            blocks=(
                *self.about(change),
                *fields(*self._pairs(change, _since(event, what))),
                *buttons(self._link(run)),
            ),
            level=HAPPENINGS.get(what, OTHER).level,
            facts=self.facts(
                change,
                ref=_branch(change),
                workflow=_workflow(change),
                action=what,
                status=word(run, "conclusion"),
                source=word(run, "event"),
            ),
            story=story(change, "workflow_run", number(run, "id")),
            occurrence=occurrence("workflow_run", number(run, "id"), str(_attempt(run)), word(run, "conclusion")),
            mentions=workflow_run_mentions(run, what),
        )

    def _headline(self, change: Reader, what: str) -> Line:
        happening, branch, own = HAPPENINGS.get(what, OTHER), _branch(change), number(change, "workflow_run.run_number")
        known = " ".join(part for part in (_workflow(change), f"#{own}" if own else "") if part)
        place = self.say(zh="在 {branch} 上", en=" on {branch}", branch=Code(branch)) if branch else ()
        subject = self.choose(zh=f"工作流 {known} ", en=f"Workflow {known}")
        some = self.choose(zh="一个工作流", en="A workflow")
        return self.say(zh=happening.zh, en=happening.en, run=subject if known else some, place=place)

    def _pairs(self, change: Reader, since: str) -> list[tuple[str, Line | str]]:
        run, branch = change.at("workflow_run"), _branch(change)
        zh, en = CAUSES.get(word(run, "conclusion"), ("", ""))
        requests = [f"#{own}" for request in run.each("pull_requests") if (own := number(request, "number"))]
        return [
            (self.choose(zh="原因", en="Reason"), self.choose(zh=zh, en=en)),
            (self.choose(zh="首次失败", en="First failure"), since),
            (self.choose(zh="分支", en="Branch"), (Code(branch),) if branch else ()),
            (self.choose(zh="PR", en="Pull request"), self.listed(requests)),
            (self.choose(zh="提交", en="Commit"), self._commit(run) if run.text("head_commit.id") else ()),
            (self.choose(zh="触发事件", en="Event"), word(run, "event")),
            (self.choose(zh="触发者", en="Triggered by"), name(run, "triggering_actor.login", "actor.login")),
            (self.choose(zh="尝试次数", en="Attempt"), str(_attempt(run)) if _attempt(run) > 1 else ""),
            (self.choose(zh="耗时", en="Duration"), self._duration(run)),
        ]

    def _commit(self, run: Reader) -> Line:
        """Return the commit, with the link that a run's commit comes without."""
        home, sha = run.link("head_repository.html_url"), run.text("head_commit.id")
        return self.commit(run.at("head_commit"), url=f"{home}/commit/{sha}" if home and sha.isalnum() else "")

    def _duration(self, run: Reader) -> str:
        """Return how long the last attempt took, in its two largest units; empty where it cannot be told."""
        seconds = _seconds(run)
        if not 0 < seconds < LONGEST:
            return ""
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        units = ((hours, " 小时", " h"), (minutes, " 分", " min"), (0 if hours else seconds, " 秒", " s"))
        return " ".join(f"{count}{self.choose(zh=zh, en=en)}" for count, zh, en in units if count)

    def _link(self, run: Reader) -> Link:
        return Link(self.choose(zh="查看运行", en="Open run"), run.link("html_url"))


def _happening(event: Event) -> str:
    """Return what the run means after the one before, else GitHub's word for how it ended."""
    now = end_of(event.reader)
    return compared(now, recalled(event.last)) if now else outcome(event.reader)


def _since(event: Event, what: str) -> str:
    """Return the first run of those that failed one after another, where this one is not the first."""
    last = recalled(event.last)
    return f"#{last.since}" if last and what in {"still_failing", "fixed"} else ""


def _workflow(change: Reader) -> str:
    """Return the name of the workflow; one that GitHub could not read goes by its file."""
    return name(change, "workflow.name", "workflow_run.name")


def _branch(change: Reader) -> str:
    """Return the branch, as `owner:branch` in a fork: its main is not the main that everybody cares for."""
    branch, home = name(change, "workflow_run.head_branch"), name(change, "repository.full_name")
    head = name(change, "workflow_run.head_repository.full_name")
    return f"{head.partition('/')[0]}:{branch}" if branch and home and head and head != home else branch


def _title(run: Reader) -> str:
    """Return what the run is about: GitHub shows its commit, its pull request or a title of the workflow's own."""
    return name(run, "display_title") or first_line(run.text("head_commit.message"), NAME)


def _attempt(run: Reader) -> int:
    return run.count("run_attempt") or 1


def _seconds(run: Reader) -> int:
    try:
        begin, end = (datetime.fromisoformat(run.text(key)) for key in ("run_started_at", "updated_at"))
        return round((end - begin).total_seconds())
    except (ValueError, TypeError):  # no time, or one with a zone and one without
        return 0
