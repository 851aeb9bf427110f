"""Pipelines: whether they went well, and if not, which jobs failed and why."""

from typing import ClassVar

from posthouse import (
    Block,
    Bold,
    Code,
    Event,
    Items,
    Level,
    Line,
    Link,
    Message,
    No,
    Reader,
    Text,
    Yes,
    buttons,
    duration,
    fields,
    first_line,
    items,
)
from posthouse.webhooks.gitlab.ci_status import LEVELS, OTHER_STATUS, STATUSES
from posthouse.webhooks.gitlab.job_failure import has_failed, mark, reason
from posthouse.webhooks.gitlab.payload import (
    NAME,
    SHOWN,
    GitlabNotifyEventHandler,
    marked,
    name,
    number,
    occurrence,
    project_id,
    ref_name,
    story,
    word,
)
from posthouse.webhooks.gitlab.people import pipeline_mentions
from posthouse.webhooks.gitlab.pipeline_history import memory_of, status_before, topic_of

#: What statuses do not tell, as (Chinese, English).
WORDS = STATUSES | {
    "warnings": ("{what}{place}通过，但有警告", "{what} passed with warnings{place}"),
    "fixed": ("{what}{place}恢复正常", "{what} is fixed{place}"),
    "still_failing": ("{what}{place}仍然失败", "{what} is still failing{place}"),
}
TOLD = frozenset({"failed", "fixed", "still_failing", "canceled"})


class PipelineHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of pipelines that failed, were canceled, or are fixed.

    To be chosen are GitLab's statuses, `fixed` (passed after a failure, on the same branch, tag or merge request) and
    `still_failing` (failed after a failure). `success` is every pipeline that passes, also with warnings; `failed` is
    the first failure only, so that each of the others can be left out.

    Mentioned are, at the first failure only, who started the pipeline and who wrote the commit that made it start.
    """

    events = ("Pipeline Hook",)
    happenings: ClassVar = {what: what in TOLD for what in WORDS if what != "warnings"}

    def topic(self, event: Event) -> str | None:
        """Remember each branch, tag and merge request by itself."""
        return topic_of(event.reader)

    def remember(self, event: Event) -> str | None:
        """Remember whether the newest pipeline passed or failed."""
        return memory_of(event)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about every status that nobody has to act on."""
        what, status = _happening(event), word(event.reader, "object_attributes.status")
        if not what:
            return No("the pipeline's status is missing")
        if what == "fixed" and self.tells(event, status):
            return Yes()
        still = "the pipeline is still failing"
        return self.told(
            event, what, silence=still if what == "still_failing" else f"the pipeline's status is {status}"
        )

    def message(self, event: Event) -> Message:
        """Show what ran on which commit, each stage with its jobs, and why jobs failed. Never the variables."""
        pipeline = event.reader
        attributes = pipeline.at("object_attributes")
        status = word(attributes, "status")
        what, ref = _happening(event), ref_name(attributes.text("ref"))
        return Message(
            title=self.titled(self._headline(pipeline, what), _title(pipeline)),
            blocks=(
                *self.about(pipeline),
                *fields(*self._pairs(pipeline)),
                *self._stages(pipeline),
                *self._failures(pipeline),
                *buttons(self._link(pipeline), self._request_link(pipeline)),
            ),
            level=LEVELS.get(status, Level.INFO),
            facts=self.facts(pipeline, ref=ref, action=what, status=status, source=word(attributes, "source")),
            story=story("pipeline", project_id(pipeline), marked(":", number(attributes, "id"))),
            occurrence=occurrence("pipeline", number(attributes, "id"), status),
            mentions=pipeline_mentions(pipeline, what),
        )

    def _headline(self, pipeline: Reader, what: str) -> Line:
        own, ref = number(pipeline, "object_attributes.id"), ref_name(pipeline.text("object_attributes.ref"))
        iid = number(pipeline, "merge_request.iid")
        place: Line = ()
        if iid:
            place = self.say(zh="在合并请求 !{iid} 中", en=" for merge request !{iid}", iid=iid)
        elif ref:
            place = self.say(zh="在 {ref} 上", en=" on {ref}", ref=Code(ref))
        has_warnings = what == "success" and any(map(has_failed, _jobs(pipeline)))
        zh, en = WORDS.get("warnings" if has_warnings else what, OTHER_STATUS)
        named = self.choose(zh=f"流水线 #{own} ", en=f"Pipeline #{own}")
        return self.say(zh=zh, en=en, what=named if own else self.choose(zh="一条流水线", en="A pipeline"), place=place)

    def _pairs(self, pipeline: Reader) -> list[tuple[str, Line | str]]:
        attributes, commit = pipeline.at("object_attributes"), pipeline.at("commit")
        ref, request = ref_name(attributes.text("ref")), marked("!", number(pipeline, "merge_request.iid"))
        request_title = " ".join(part for part in (request, name(pipeline, "merge_request.title")) if part)
        is_tag = attributes.flag("tag")
        return [
            (self.choose(zh="状态", en="Status"), self._status(attributes)),
            (
                self.choose(zh="标签" if is_tag else "分支", en="Tag" if is_tag else "Branch"),
                (Code(ref),) if ref else (),
            ),
            (self.choose(zh="合并请求", en="Merge request"), request_title),
            (self.choose(zh="提交", en="Commit"), self.commit(commit) if commit.text("id") else ()),
            (self.choose(zh="触发者", en="Triggered by"), name(pipeline, "user.name", "user.username")),
            (self.choose(zh="上游项目", en="Upstream project"), _upstream(pipeline)),
            (self.choose(zh="耗时", en="Duration"), duration(attributes.number("duration"), self.site.language)),
        ]

    def _status(self, attributes: Reader) -> str:
        """Return a status that the title does not tell."""
        status = word(attributes, "status")
        return "" if status in STATUSES else status

    def _stages(self, pipeline: Reader) -> tuple[Block, ...]:
        stages = _by_stage(pipeline)
        lines = tuple(_stage_line(stage, jobs) for stage, jobs in stages.items() if jobs)
        return items(lines)

    def _failures(self, pipeline: Reader) -> tuple[Block, ...]:
        """List the jobs that made the pipeline fail, not those that may."""
        jobs = [job for job in _jobs(pipeline) if has_failed(job) and not job.flag("allow_failure")]
        project = self.project(pipeline).url
        lines = tuple(self._failure(job, project) for job in jobs[:SHOWN])
        header = Text((Bold(self.choose(zh="失败的作业", en="Failed jobs")),))
        return (header, Items(lines, len(jobs[SHOWN:]))) if lines else ()

    def _failure(self, job: Reader, project: str) -> Line:
        own, why = number(job, "id"), self.choose(**reason(job, "failure_reason"))
        link = Link(_job_name(job), f"{project}/-/jobs/{own}" if project and own else "")
        return self.say(zh="{job}：{why}", en="{job}: {why}", job=link, why=why) if why else (link,)

    def _link(self, pipeline: Reader) -> Link:
        project, own = self.project(pipeline).url, number(pipeline, "object_attributes.id")
        built = f"{project}/-/pipelines/{own}" if project and own else ""
        return Link(self.choose(zh="查看流水线", en="Open pipeline"), pipeline.link("object_attributes.url") or built)

    def _request_link(self, pipeline: Reader) -> Link:
        return Link(self.choose(zh="查看合并请求", en="Open merge request"), pipeline.link("merge_request.url"))


def _happening(event: Event) -> str:
    """Return the pipeline's status, or what it means after the pipeline before; empty if the payload does not say."""
    status = word(event.reader, "object_attributes.status")
    if status_before(event) != "failed":
        return status
    return {"success": "fixed", "failed": "still_failing"}.get(status, status)


def _title(pipeline: Reader) -> str:
    """Return what the pipeline ran for: its merge request, else its own name, else its commit."""
    known = name(pipeline, "merge_request.title", "object_attributes.name", "commit.title")
    return known or first_line(pipeline.text("commit.message"), NAME)


def _upstream(pipeline: Reader) -> Line:
    upstream = pipeline.at("source_pipeline")
    path, url = name(upstream, "project.path_with_namespace"), upstream.link("project.web_url")
    own = number(upstream, "pipeline_id")
    return (Link(path, f"{url}/-/pipelines/{own}" if url and own else url),) if path else ()


def _jobs(pipeline: Reader) -> list[Reader]:
    """Return the jobs in the order they were made; GitLab sends them in none."""
    return sorted(pipeline.each("builds"), key=lambda job: job.number("id") or 0)


def _by_stage(pipeline: Reader) -> dict[str, list[Reader]]:
    """Return the jobs of each stage, in the pipeline's order of stages."""
    stages: dict[str, list[Reader]] = {stage: [] for stage in pipeline.texts("object_attributes.stages")}
    for job in _jobs(pipeline):
        stages.setdefault(job.text("stage"), []).append(job)
    return stages


def _stage_line(stage: str, jobs: list[Reader]) -> Line:
    """Return a stage with its jobs; where there are too many, those that went well are left out first."""
    shown = sorted(jobs, key=lambda job: not has_failed(job))[:SHOWN] if len(jobs) > SHOWN else jobs
    line = " ".join(f"{mark(job)} {_job_name(job)}" for job in shown)
    more = f" … +{len(jobs) - len(shown)}" if len(jobs) > len(shown) else ""
    return (Bold(first_line(stage, NAME)), f" {line}{more}") if stage else (f"{line}{more}",)


def _job_name(job: Reader) -> str:
    return name(job, "name") or marked("#", number(job, "id")) or "?"
