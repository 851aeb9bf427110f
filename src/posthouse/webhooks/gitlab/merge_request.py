"""Merge requests: opened, reviewed, approved, changed, merged or closed."""

from posthouse import Code, Event, Inline, Items, Level, Line, Link, Message, No, Reader, Yes
from posthouse.webhooks.gitlab.changes import action_of, change, told
from posthouse.webhooks.gitlab.merge_request_update import update_of
from posthouse.webhooks.gitlab.payload import (
    GitlabNotifyEventHandler,
    buttons,
    fields,
    label_titles,
    marked,
    name,
    number,
    project_id,
    quote,
    story,
    word,
)

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
    "update": ("{who} 更新了{mr}", "{who} updated {mr}"),
}
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
#: GitLab's own doing after a push, in ``system_action``; the acting user is who pushed.
RESETS = frozenset({"unapproval", "unapproved"})


class MergeRequestHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of each step of a merge request, and of those updates that somebody waits for."""

    events = ("Merge Request Hook",)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about updates of labels, descriptions and the like, and about unknown actions."""
        return told(event.reader, "merge request", _happening(event.reader), WORDS)

    def message(self, event: Event) -> Message:
        """Show the branches and the people; more when the merge request is introduced."""
        request = event.reader
        what = _happening(request)
        attributes = request.at("object_attributes")
        title = name(attributes, "title")
        return Message(
            title=self.titled(self._headline(request, what), title),
            blocks=(
                *self.about(request),
                *fields(*self._pairs(request, what)),
                *self._last_commit(attributes, what),
                *(quote(attributes.text("description")) if what in INTRODUCTIONS else ()),
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
        )

    def _headline(self, request: Reader, what: str) -> Line:
        zh, en = WORDS.get(what, WORDS["update"])
        iid = number(request, "object_attributes.iid")
        people: Inline = self.names(update_of(request).people) or self.choose(zh="他人", en="somebody")
        mr = self.choose(zh=f"合并请求 !{iid}", en=f"merge request !{iid}") if iid else self._some()
        return self.say(zh=zh, en=en, who=self.actor(request), mr=mr, people=people)

    def _some(self) -> str:
        return self.choose(zh="一个合并请求", en="a merge request")

    def _pairs(self, request: Reader, what: str) -> list[tuple[str, Line | str]]:
        attributes = request.at("object_attributes")
        pairs: list[tuple[str, Line | str]] = [
            (self.choose(zh="分支", en="Branches"), _branches(attributes)),
            (self.choose(zh="指派给", en="Assignees"), self.names(request.each("assignees"))),
            (
                self.choose(zh="原目标分支", en="Target before"),
                _before(request, what, "target_changed", "target_branch"),
            ),
            (self.choose(zh="原标题", en="Title before"), _before(request, what, "title_changed", "title")),
        ]
        if what in INTRODUCTIONS or what.endswith("_added"):
            pairs += [
                (self.choose(zh="审核者", en="Reviewers"), self.names(request.each("reviewers"))),
                (self.choose(zh="标记", en="Labels"), self.codes(label_titles(request))),
            ]
        return pairs

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


def _happening(request: Reader) -> str:
    """Return the action, or what the update is about; empty if the payload does not say."""
    attributes = request.at("object_attributes")
    action = action_of(attributes)
    if action in RESETS and attributes.flag("system"):
        return "approvals_reset"
    return update_of(request).what if action == "update" else action


def _branches(attributes: Reader) -> Line:
    source, target = name(attributes, "source_branch"), name(attributes, "target_branch")
    if source and target:
        return (Code(source), " → ", Code(target))
    return (Code(source or target),) if source or target else ()


def _before(request: Reader, what: str, wanted: str, field: str) -> str:
    return name(change(request, field), "previous") if what == wanted else ""
