"""Merge requests: opened, reviewed, approved, changed, merged or closed."""

from typing import ClassVar

from posthouse import (
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
    quote_markdown,
)
from posthouse.webhooks.gitlab.changes import action_of, added, change, identity, removed, silence, titles
from posthouse.webhooks.gitlab.merge_request_update import updates_of
from posthouse.webhooks.gitlab.payload import (
    GitlabNotifyEventHandler,
    label_titles,
    marked,
    name,
    number,
    occurrence,
    project_id,
    story,
    word,
)
from posthouse.webhooks.gitlab.people import merge_request_mentions

#: What happened, as (Chinese, English). An action of GitLab's, or what an update turned out to be.
WORDS = {
    "open": ("{who} 创建了{mr}", "{who} opened {mr}"),
    "close": ("{who} 关闭了{mr}", "{who} closed {mr}"),
    "reopen": ("{who} 重新打开了{mr}", "{who} reopened {mr}"),
    "merge": ("{who} 合并了{mr}", "{who} merged {mr}"),
    "approval": ("{who} 批准了{mr}（还需其他人批准）", "{who} approved {mr} (more approvals are needed)"),
    "approved": ("{who} 批准了{mr}", "{who} approved {mr}"),
    "unapproval": ("{who} 撤回了对{mr} 的批准", "{who} withdrew an approval of {mr}"),
    "unapproved": (
        "{who} 撤回了批准，{mr} 不再是已批准状态",
        "{who} withdrew an approval, so that {mr} is no longer approved",
    ),
    "approvals_reset": (
        "{who} 推送了新提交，{mr} 的批准已被重置",
        "{who} pushed new commits, which reset the approvals of {mr}",
    ),
    "changes_requested": ("{who} 要求修改{mr}", "{who} requested changes to {mr}"),
    "review_requested": ("{who} 请 {people} 再次审核{mr}", "{who} asked {people} to review {mr} again"),
    "new_commits": ("{who} 向{mr} 推送了新提交", "{who} pushed new commits to {mr}"),
    "ready": ("{who} 将{mr} 标记为就绪", "{who} marked {mr} as ready"),
    "draft": ("{who} 将{mr} 标记为草稿", "{who} marked {mr} as draft"),
    "reviewers_added": ("{who} 请 {people} 审核{mr}", "{who} asked {people} to review {mr}"),
    "assignees_added": ("{who} 将{mr} 指派给 {people}", "{who} assigned {mr} to {people}"),
    "target_changed": ("{who} 更改了{mr} 的目标分支", "{who} changed the target branch of {mr}"),
    "title_changed": ("{who} 更改了{mr} 的标题", "{who} changed the title of {mr}"),
    "reviewed": ("{who} 审核了{mr}", "{who} reviewed {mr}"),
    "threads_resolved": ("{who} 解决了{mr} 的全部讨论", "{who} resolved all threads of {mr}"),
    "auto_merge_set": ("{who} 将{mr} 设为自动合并", "{who} set {mr} to merge automatically"),
    "reviewers_removed": ("{who} 不再请 {people} 审核{mr}", "{who} removed {people} from the reviewers of {mr}"),
    "assignees_removed": ("{who} 取消了 {people} 在{mr} 上的指派", "{who} unassigned {people} from {mr}"),
    "description_changed": ("{who} 修改了{mr} 的描述", "{who} edited the description of {mr}"),
    "labels_changed": ("{who} 更改了{mr} 的标记", "{who} changed the labels of {mr}"),
    "milestone_changed": ("{who} 更改了{mr} 的里程碑", "{who} changed the milestone of {mr}"),
    "update": ("{who} 更新了{mr}", "{who} updated {mr}"),
}
#: What is told only to those who ask for it: nobody waits for it.
OFF = frozenset(
    {
        "reviewed",
        "threads_resolved",
        "auto_merge_set",
        "reviewers_removed",
        "assignees_removed",
        "description_changed",
        "labels_changed",
        "milestone_changed",
    }
)
LEVELS = {
    "merge": Level.SUCCESS,
    "approval": Level.SUCCESS,
    "approved": Level.SUCCESS,
    "unapproval": Level.WARNING,
    "unapproved": Level.WARNING,
    "approvals_reset": Level.WARNING,
    "changes_requested": Level.WARNING,
}
#: When people look at a merge request for the first time, or again, and want to know more of it.
INTRODUCTIONS = frozenset({"open", "reopen", "ready"})
#: When they want to read what it is about.
DESCRIBED = INTRODUCTIONS | {"description_changed"}
#: GitLab's own doing after a push, in ``system_action``; the acting user is who pushed.
RESETS = frozenset({"unapproval", "unapproved"})


class MergeRequestHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of each step of a merge request, and of those updates that somebody waits for.

    To be chosen are GitLab's actions, `approvals_reset` (by a push), and what an update may be about; several of them
    may come in one event. Off by default are `reviewed`, `threads_resolved`, `auto_merge_set`, `reviewers_removed`,
    `assignees_removed`, `description_changed`, `labels_changed` and `milestone_changed`.

    Mentioned are reviewers and assignees when they are asked, reviewers of a draft when it is ready, the author when
    changes are requested, and who is called by `@username` in the description of a new one.
    """

    events = ("Merge Request Hook",)
    happenings: ClassVar = {what: what not in OFF for what in WORDS if what != "update"}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about updates of labels, descriptions and the like, and about unknown actions."""
        what = self._what(event)
        return self.told(event, what, silence=silence(event.reader, "merge request", what))

    def message(self, event: Event) -> Message:
        """Show the branches and the people; more when the merge request is introduced."""
        request = event.reader
        what = self._what(event)
        attributes = request.at("object_attributes")
        title = name(attributes, "title")
        return Message(
            title=self.titled(self._headline(request, what), title),
            blocks=(
                *self.about(request),
                *fields(*self._pairs(request, what)),
                *self._last_commit(attributes, what),
                *(quote_markdown(attributes.text("description")) if what in DESCRIBED else ()),
                *buttons(self._link(request), self._compare(request, what)),
            ),
            level=LEVELS.get(what, Level.INFO),
            facts=self.facts(
                request,
                ref=name(attributes, "target_branch"),
                source=name(attributes, "source_branch"),
                action=what,
                status=word(attributes, "state"),
                labels=label_titles(request) or label_titles(attributes),
            ),
            story=story("merge_request", project_id(request), marked("!", number(attributes, "iid"))),
            occurrence=_occurrence(request, what),
            mentions=merge_request_mentions(request, what, told=self.told_of(event)),
        )

    def _what(self, event: Event) -> str:
        """Return the action, or what is worth telling of the update; empty if the payload does not say."""
        attributes = event.reader.at("object_attributes")
        action = action_of(attributes)
        if action in RESETS and attributes.flag("system"):
            return "approvals_reset"
        return self.foremost(event, (*updates_of(event.reader), "update")) if action == "update" else action

    def _headline(self, request: Reader, what: str) -> Line:
        zh, en = WORDS.get(what, WORDS["update"])
        iid = number(request, "object_attributes.iid")
        people: Inline = self.names(updates_of(request).get(what, ())) or self.choose(zh="他人", en="somebody")
        mr = self.choose(zh=f"合并请求 !{iid}", en=f"merge request !{iid}") if iid else self._some()
        return self.say(zh=zh, en=en, who=self.actor(request), mr=mr, people=people)

    def _some(self) -> str:
        return self.choose(zh="一个合并请求", en="a merge request")

    def _pairs(self, request: Reader, what: str) -> list[tuple[str, Line | str]]:
        is_introduced = what in INTRODUCTIONS or what.endswith("_added")
        old_target = _before(request, what, "target_changed", "target_branch")
        more, fewer = (titles(find(request, "labels")) if what == "labels_changed" else () for find in (added, removed))
        labels = label_titles(request) if is_introduced or what == "labels_changed" else ()
        return [
            (self.choose(zh="分支", en="Branches"), _branches(request.at("object_attributes"))),
            (self.choose(zh="指派给", en="Assignees"), self.names(request.each("assignees"))),
            (self.choose(zh="原目标分支", en="Target before"), old_target),
            (self.choose(zh="原标题", en="Title before"), _before(request, what, "title_changed", "title")),
            (self.choose(zh="审核者", en="Reviewers"), self.names(request.each("reviewers")) if is_introduced else ""),
            (self.choose(zh="新增的标记", en="Labels added"), self.listed(map(Code, more))),
            (self.choose(zh="移除的标记", en="Labels removed"), self.listed(map(Code, fewer))),
            (self.choose(zh="标记", en="Labels"), self.listed(map(Code, labels))),
        ]

    def _last_commit(self, attributes: Reader, what: str) -> tuple[Items, ...]:
        commit = attributes.at("last_commit")
        return (Items((self.commit(commit),)),) if what == "new_commits" and commit.text("id") else ()

    def _link(self, request: Reader) -> Link:
        project, iid = self.project(request).url, number(request, "object_attributes.iid")
        built = f"{project}/-/merge_requests/{iid}" if project and iid else ""
        return Link(
            self.choose(zh="查看合并请求", en="Open merge request"), request.link("object_attributes.url") or built
        )

    def _compare(self, request: Reader, what: str) -> Link:
        """Link to what the push changed; the commits are in the project that the branch comes from."""
        attributes = request.at("object_attributes")
        project = attributes.link("source.web_url") or self.project(request).url
        old, new = attributes.text("oldrev"), attributes.text("last_commit.id")
        known = what == "new_commits" and project and old.isalnum() and new.isalnum()
        return Link(self.choose(zh="查看变更", en="Compare"), f"{project}/-/compare/{old}...{new}" if known else "")


def _occurrence(request: Reader, what: str) -> str | None:
    """Name the step by who took it and when as well: approvals do not change ``updated_at``.

    GitLab says since 18.10 when a step was taken.
    """
    attributes = request.at("object_attributes")
    when = attributes.first_text("actioned_at", "updated_at")
    return occurrence("merge_request", number(attributes, "id"), what, identity(request.at("user")), when)


def _branches(attributes: Reader) -> Line:
    source, target = name(attributes, "source_branch"), name(attributes, "target_branch")
    if source and target:
        return (Code(source), " → ", Code(target))
    return (Code(source or target),) if source or target else ()


def _before(request: Reader, what: str, wanted: str, field: str) -> str:
    return name(change(request, field), "previous") if what == wanted else ""
