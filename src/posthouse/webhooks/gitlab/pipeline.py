"""Pipelines: whether they went well, and if not, which jobs failed and why."""

from posthouse import Block, Bold, Code, Event, Items, Level, Line, Link, Message, No, Reader, Text, Yes, first_line
from posthouse.webhooks.gitlab.job_failure import has_failed, mark, reason
from posthouse.webhooks.gitlab.payload import (
    NAME,
    SHOWN,
    GitlabNotifyEventHandler,
    buttons,
    fields,
    marked,
    name,
    number,
    project_id,
    ref_name,
    story,
    word,
)

#: How a pipeline ended, as (Chinese, English).
WORDS = {
    "success": ("{pipeline}{place}成功", "{pipeline} passed{place}"),
    "warnings": ("{pipeline}{place}通过，但有警告", "{pipeline} passed with warnings{place}"),
    "failed": ("{pipeline}{place}失败", "{pipeline} failed{place}"),
    "canceled": ("{pipeline}{place}被取消", "{pipeline} was canceled{place}"),
}
LEVELS = {
    "success": Level.SUCCESS,
    "warnings": Level.SUCCESS,
    "failed": Level.FAILURE,
    "canceled": Level.WARNING,
}
#: GitLab sends a pipeline at every change of its status. That one is well again needs its history, which is not here.
TOLD = frozenset({"failed", "canceled"})


class PipelineHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of pipelines that failed or were canceled."""

    events = ("Pipeline Hook",)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about every status that nobody has to act on."""
        status = word(event.reader, "object_attributes.status")
        if not status:
            return No("the pipeline's status is missing")
        return Yes() if status in TOLD else No(f"the pipeline's status is {status}")

    def message(self, event: Event) -> Message:
        """Show what ran on which commit, each stage with its jobs, and why jobs failed. Never the variables."""
        pipeline = event.reader
        attributes = pipeline.at("object_attributes")
        outcome, ref = _outcome(pipeline), ref_name(attributes.text("ref"))
        return Message(
            title=self.titled(self._headline(pipeline, outcome), _title(pipeline)),
            blocks=(
                *self.about(pipeline),
                *fields(*self._pairs(pipeline)),
                *self._stages(pipeline),
                *self._failures(pipeline),
                *buttons(self._link(pipeline), self._request_link(pipeline)),
            ),
            level=LEVELS.get(outcome, Level.INFO),
            facts=self.facts(pipeline, ref=ref, status=word(attributes, "status"), source=word(attributes, "source")),
            story=story("pipeline", project_id(pipeline), marked(":", number(attributes, "id"))),
        )

    def _headline(self, pipeline: Reader, outcome: str) -> Line:
        own, ref = number(pipeline, "object_attributes.id"), ref_name(pipeline.text("object_attributes.ref"))
        iid = number(pipeline, "merge_request.iid")
        place: Line = ()
        if iid:
            place = self.say(zh="在合并请求 !{iid} 中", en=" for merge request !{iid}", iid=iid)
        elif ref:
            place = self.say(zh="在 {ref} 上", en=" on {ref}", ref=Code(ref))
        zh, en = WORDS.get(outcome, ("{pipeline}{place}的状态有变化", "{pipeline} changed its status{place}"))
        return self.say(
            zh=zh,
            en=en,
            pipeline=self.choose(zh=f"流水线 #{own} ", en=f"Pipeline #{own}") if own else self._some(),
            place=place,
        )

    def _some(self) -> str:
        return self.choose(zh="一条流水线", en="A pipeline")

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
            (self.choose(zh="耗时", en="Duration"), self.duration(attributes.number("duration"))),
        ]

    def _status(self, attributes: Reader) -> str:
        """Return a status that the title does not tell."""
        status = word(attributes, "status")
        return "" if status in WORDS else status

    def _stages(self, pipeline: Reader) -> tuple[Block, ...]:
        stages = _by_stage(pipeline)
        lines = tuple(_stage_line(stage, jobs) for stage, jobs in stages.items() if jobs)
        return (Items(lines[:SHOWN], len(lines[SHOWN:])),) if lines else ()

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


def _outcome(pipeline: Reader) -> str:
    status = word(pipeline, "object_attributes.status")
    return "warnings" if status == "success" and any(map(has_failed, _jobs(pipeline))) else status


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
