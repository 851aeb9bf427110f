"""Deployments: whether they went well, and who let them through or stopped them."""

from typing import ClassVar

from posthouse import (
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
    mentions,
    quote_markdown,
)
from posthouse.webhooks.gitlab.payload import (
    GitlabNotifyEventHandler,
    marked,
    name,
    number,
    occurrence,
    project_id,
    short_sha,
    story,
    word,
)
from posthouse.webhooks.gitlab.people import mention_of

#: What happened to a deployment, as (Chinese, English).
WORDS = {
    "running": ("{place} 环境开始部署", "Deployment to {place} started"),
    "success": ("{place} 环境部署成功", "Deployment to {place} succeeded"),
    "failed": ("{place} 环境部署失败", "Deployment to {place} failed"),
    "canceled": ("{place} 环境的部署被取消", "Deployment to {place} was canceled"),
    "blocked": (
        "{place} 环境的部署在等待批准或手动执行",
        "Deployment to {place} is waiting for approval or a manual start",
    ),
    "approved": ("{who} 批准了 {place} 环境的部署", "{who} approved the deployment to {place}"),
    "rejected": ("{who} 拒绝了 {place} 环境的部署", "{who} rejected the deployment to {place}"),
}
LEVELS = {
    "success": Level.SUCCESS,
    "failed": Level.FAILURE,
    "canceled": Level.WARNING,
    "blocked": Level.WARNING,
    "approved": Level.SUCCESS,
    "rejected": Level.FAILURE,
}
#: What an approver decides. What becomes of the deployment is to be understood from it.
VERDICTS = frozenset({"approved", "rejected"})
#: What makes a deployment come to nothing, so that who started it is mentioned.
FAILURES = frozenset({"failed", "rejected"})


class DeploymentHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of deployments that succeeded or failed, that wait for somebody, and of who approved or rejected them.

    To be chosen are `success`, `failed`, `blocked`, `approved` and `rejected`, and, off by default, `running` and
    `canceled`. Mentioned is who started a deployment that failed or was rejected.
    """

    events = ("Deployment Hook",)
    #: Who cancels a deployment knows it, and its pipeline tells the others.
    happenings: ClassVar = {status: status not in {"running", "canceled"} for status in WORDS}

    def topic(self, event: Event) -> str | None:
        """Remember for each deployment what its approvers decided."""
        return _story(event.reader)

    def remember(self, event: Event) -> str | None:
        """Keep the last verdict, whatever comes after it."""
        status = _status(event.reader)
        return status if status in VERDICTS else None

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about those that start or are canceled."""
        status = _status(event.reader)
        return self.told(event, status, silence=f"the deployment's status is {status or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show what was deployed where, and on whose word."""
        deployment, status = event.reader, _status(event.reader)
        return Message(
            title=self.titled(self._headline(deployment, status), name(deployment, "commit_title")),
            blocks=(
                *self.about(deployment),
                *fields(*self._pairs(deployment)),
                *quote_markdown(deployment.text("approval.comment")),
                *buttons(*self._links(deployment)),
            ),
            level=LEVELS.get(status, Level.INFO),
            facts=self.facts(
                deployment,
                status=status,
                environment=name(deployment, "environment"),
                tier=word(deployment, "environment_tier"),
                approver=name(deployment, "approver.username", "approver.name"),
            ),
            story=_story(deployment),
            occurrence=_occurrence(event),
            mentions=mentions(
                (mention_of(deployment.at("user")),) if status in FAILURES else (),
                without=mention_of(deployment.at("approver")),
            ),
        )

    def _headline(self, deployment: Reader, status: str) -> Line:
        zh, en = WORDS.get(status, ("{place} 环境的部署状态有变化", "Deployment to {place} changed its status"))
        place = name(deployment, "environment")
        return self.say(
            zh=zh,
            en=en,
            place=Code(place) if place else self.choose(zh="未知", en="an unknown environment"),
            who=self.actor(Reader({"user": deployment.at("approver").value})),
        )

    def _pairs(self, deployment: Reader) -> list[tuple[str, Line | str]]:
        status, sha = _status(deployment), short_sha(deployment.text("short_sha"))
        return [
            (self.choose(zh="状态", en="Status"), "" if status in WORDS else status),
            (self.choose(zh="环境", en="Environment"), self._environment(deployment)),
            (self.choose(zh="提交", en="Commit"), (Link(sha, deployment.link("commit_url")),)),
            (self.choose(zh="触发者", en="Triggered by"), name(deployment, "user.name", "user.username")),
            (self.choose(zh="审批规则", en="Approval rule"), self._rule(deployment.at("approval.approval_rule"))),
        ]

    def _environment(self, deployment: Reader) -> Line:
        """Return the environment, which leads to what runs there; its tier says how much it matters."""
        environment, tier = name(deployment, "environment"), word(deployment, "environment_tier")
        link = Link(environment, deployment.link("environment_external_url"))
        if not environment or not tier or tier == environment:
            return (link,)
        return self.say(zh="{link}（{tier}）", en="{link} ({tier})", link=link, tier=tier)

    def _rule(self, rule: Reader) -> str:
        """Return who may approve, in words that may be a user's or a group's own name, and how many have to."""
        whose, count = name(rule, "access_level_description"), rule.count("required_approvals")
        need = self.choose(zh=f"需要 {count} 人批准", en=f"approvals needed: {count}") if count else ""
        return self.choose(zh="，", en=", ").join(part for part in (whose, need) if part)

    def _links(self, deployment: Reader) -> tuple[Link, Link]:
        """Return the job, which deployments from outside do not have, and where deployments are approved."""
        project = self.project(deployment).url
        return (
            Link(self.choose(zh="查看作业", en="Open job"), deployment.link("deployable_url")),
            Link(self.choose(zh="查看环境", en="Open environments"), f"{project}/-/environments" if project else ""),
        )


def _status(deployment: Reader) -> str:
    return word(deployment, "status")


def _story(deployment: Reader) -> str | None:
    return story("deployment", project_id(deployment), marked(":", number(deployment, "deployment_id")))


def _occurrence(event: Event) -> str | None:
    """Return what happened, once: several people approve one deployment, but one rejection is the end of it.

    GitLab then sends ``failed`` for the same deployment, as its page on webhook events says, and nothing in it tells
    of the rejection.
    """
    deployment, status = event.reader, _status(event.reader)
    what = "rejected" if status == "failed" and event.last == "rejected" else status
    parts = (project_id(deployment), number(deployment, "deployment_id"), what)
    return occurrence("deployment", *parts, *((number(deployment, "approval.id"),) if what == "approved" else ()))
