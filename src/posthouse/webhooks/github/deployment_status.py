"""Deployments: which environment has a new version, or has not."""

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
from posthouse.webhooks.github.payload import (
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    name,
    number,
    occurrence,
    short_sha,
    story,
    word,
)
from posthouse.webhooks.github.people import mention_of

#: What may become of a deployment, by GitHub's states.
HAPPENINGS = {
    "success": Happening("{ref}已部署到 {place}", "{ref} was deployed to {place}", level=Level.SUCCESS),
    "failure": Happening("{ref}部署到 {place} 失败", "The deployment of {ref} to {place} failed", level=Level.FAILURE),
    "error": Happening(
        "{ref}部署到 {place} 出错", "The deployment of {ref} to {place} ended in an error", level=Level.FAILURE
    ),
    "in_progress": Happening("{ref}正在部署到 {place}", "{ref} is being deployed to {place}", told=False),
    "waiting": Happening(
        "{ref}等待批准部署到 {place}", "{ref} waits for an approval to be deployed to {place}", told=False
    ),
}
#: What makes a deployment come to nothing.
FAILURES = frozenset({"failure", "error"})
#: How anything else is told, should a subclass want to.
OTHER = Happening("{ref}在 {place} 的部署状态有变化", "The deployment of {ref} to {place} changed its status")


class GitHubDeploymentStatusNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of deployments that went well or failed.

    Mentioned is who started one that failed.
    """

    events = ("deployment_status",)
    #: Every preview of a pull request and every GitHub Page is a deployment.
    on_by_default = False
    happenings = defaults(HAPPENINGS)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about deployments that go on, wait, or were replaced."""
        state = word(event.reader, "deployment_status.state")
        if not state:
            return No("the deployment's state is missing")
        return Yes() if self.tells(event, state) else No(f"the deployment's state is {state}")

    def message(self, event: Event) -> Message:
        """Show what was deployed where, by whom, and what GitHub or the tool says about it."""
        change = event.reader
        status, deployment = change.at("deployment_status"), change.at("deployment")
        state, ref, place = word(status, "state"), name(deployment, "ref"), _place(change)
        return Message(
            title=self.titled(self._headline(state, ref=ref, place=place), ""),
            blocks=(
                *self.about(change),
                *fields(
                    (self.choose(zh="提交", en="Commit"), self._commit(change)),
                    (self.choose(zh="部署者", en="Deployed by"), name(deployment, "creator.login")),
                ),
                *quote_markdown(status.text("description")),
                *buttons(
                    Link(self.choose(zh="查看环境", en="Open environment"), status.link("environment_url")),
                    Link(
                        self.choose(zh="查看日志", en="Open log"), status.link("log_url") or status.link("target_url")
                    ),
                ),
            ),
            level=HAPPENINGS.get(state, OTHER).level,
            facts=self.facts(change, ref=ref, environment=place, status=state),
            story=story(change, "deployment", number(deployment, "id")),
            occurrence=occurrence("deployment_status", number(status, "id"), state),
            mentions=mentions((mention_of(deployment.at("creator")),) if state in FAILURES else ()),
        )

    def _headline(self, state: str, *, ref: str, place: str) -> Line:
        happening = HAPPENINGS.get(state, OTHER)
        version: Line = (
            (Code(ref), self.choose(zh=" ", en=""))
            if ref
            else (self.choose(zh="（未知版本）", en="(unknown version)"),)
        )
        unknown = self.choose(zh="未知环境", en="an unknown environment")
        return self.say(zh=happening.zh, en=happening.en, ref=version, place=place or unknown)

    def _commit(self, change: Reader) -> Line:
        repository, sha = change.link("repository.html_url"), change.text("deployment.sha")
        known = repository and sha.isalnum()
        return (Link(short_sha(sha), f"{repository}/commit/{sha}" if known else ""),) if sha else ()


def _place(change: Reader) -> str:
    return name(change, "deployment_status.environment", "deployment.environment")
