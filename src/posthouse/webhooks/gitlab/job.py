"""Jobs: off unless they are asked for, as GitLab sends every change of every job."""

from typing import ClassVar
from urllib.parse import quote as quoted

from posthouse import Code, Event, Level, Line, Link, Message, No, Reader, Yes, buttons, duration, fields, first_line
from posthouse.webhooks.gitlab.ci_status import LEVELS, OTHER_STATUS, STATUSES
from posthouse.webhooks.gitlab.job_failure import reason
from posthouse.webhooks.gitlab.payload import (
    NAME,
    GitlabNotifyEventHandler,
    marked,
    name,
    number,
    occurrence,
    project_id,
    ref_name,
    short_sha,
    story,
    word,
)


class JobHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of jobs that failed, where job events are switched on: the message about their pipeline names them too.

    To be chosen are GitLab's statuses; all but `failed` are off by default.
    """

    events = ("Job Hook",)
    on_by_default = False
    happenings: ClassVar = {status: status == "failed" for status in STATUSES}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about every other status."""
        status = word(event.reader, "build_status")
        if not status:
            return No("the job's status is missing")
        return self.told(event, status, silence=f"the job's status is {status}")

    def message(self, event: Event) -> Message:
        """Show where the job ran, why it failed and whether that matters."""
        job = event.reader
        status = word(job, "build_status")
        allowed = status == "failed" and job.flag("build_allow_failure")
        return Message(
            title=self.titled(self._headline(job, status), first_line(job.text("commit.message"), NAME)),
            blocks=(*self.about(job), *fields(*self._pairs(job, allowed=allowed)), *buttons(*self._links(job))),
            level=Level.WARNING if allowed else LEVELS.get(status, Level.INFO),
            facts=self.facts(
                job,
                ref=ref_name(job.text("ref")),
                status=status,
                stage=name(job, "build_stage"),
                job=name(job, "build_name"),
            ),
            # A job belongs to the story of its pipeline.
            story=story("pipeline", project_id(job), marked(":", number(job, "pipeline_id"))),
            occurrence=occurrence("job", number(job, "build_id"), status),
        )

    def _headline(self, job: Reader, status: str) -> Line:
        ref, title = ref_name(job.text("ref")), name(job, "build_name") or marked("#", number(job, "build_id"))
        place = self.say(zh="在 {ref} 上", en=" on {ref}", ref=Code(ref)) if ref else ()
        zh, en = STATUSES.get(status, OTHER_STATUS)
        named = self.say(zh="作业 {name} ", en="Job {name}", name=Code(title))
        return self.say(zh=zh, en=en, what=named if title else self.choose(zh="一个作业", en="A job"), place=place)

    def _pairs(self, job: Reader, *, allowed: bool) -> list[tuple[str, Line | str]]:
        status = word(job, "build_status")
        failed, retries = status == "failed", job.count("retries_count")
        return [
            (self.choose(zh="状态", en="Status"), "" if status in STATUSES else status),
            (
                self.choose(zh="失败原因", en="Reason"),
                self.choose(**reason(job, "build_failure_reason")) if failed else "",
            ),
            (self.choose(zh="允许失败", en="Allowed to fail"), self.choose(zh="是", en="yes") if allowed else ""),
            (self.choose(zh="阶段", en="Stage"), name(job, "build_stage")),
            (self.choose(zh="提交", en="Commit"), self._commit(job)),
            (self.choose(zh="触发者", en="Triggered by"), name(job, "user.name", "user.username")),
            (self.choose(zh="运行器", en="Runner"), name(job, "runner.description")),
            (self.choose(zh="重试次数", en="Retries"), str(retries) if retries else ""),
            (self.choose(zh="耗时", en="Duration"), duration(job.number("build_duration"), self.site.language)),
        ]

    def _commit(self, job: Reader) -> Line:
        """Return the commit; its ``id`` is the pipeline's, and its address has to be built."""
        sha, project = job.text("sha") or job.text("commit.sha"), self.project(job).url
        author = name(job, "commit.author_name")
        link = Link(short_sha(sha), f"{project}/-/commit/{quoted(sha)}" if project else "")
        return (link, f" — {author}" if author else "") if sha else ()

    def _links(self, job: Reader) -> tuple[Link, Link]:
        """Return the addresses of the job and its pipeline, which no payload has."""
        project, own, pipeline = self.project(job).url, number(job, "build_id"), number(job, "pipeline_id")
        return (
            Link(self.choose(zh="查看作业", en="Open job"), f"{project}/-/jobs/{own}" if project and own else ""),
            Link(
                self.choose(zh="查看流水线", en="Open pipeline"),
                f"{project}/-/pipelines/{pipeline}" if project and pipeline else "",
            ),
        )
