"""Issues: opened, closed for a reason, given to somebody."""

from posthouse import Code, Event, Inline, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, quote_markdown
from posthouse.webhooks.github.payload import (
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    hold,
    labels,
    logins,
    name,
    number,
    occurrence,
    story,
    when,
    word,
)
from posthouse.webhooks.github.people import choice, issue_mentions

#: What may happen, by GitHub's actions; an edited one may have a new title. Labels and milestones are set by the dozen.
HAPPENINGS = {
    "opened": Happening("{who} 新建了{issue}", "{who} opened {issue}"),
    "closed": Happening("{who} 关闭了{issue}{reason}", "{who} closed {issue}{reason}"),
    "reopened": Happening("{who} 重新打开了{issue}", "{who} reopened {issue}"),
    "assigned": Happening("{who} 将{issue} 指派给 {thing}", "{who} assigned {issue} to {thing}"),
    "unassigned": Happening("{who} 取消了 {thing} 在{issue} 上的指派", "{who} unassigned {thing} from {issue}"),
    "deleted": Happening("{who} 删除了{issue}", "{who} deleted {issue}", level=Level.WARNING),
    "transferred": Happening("{who} 将{issue} 转移到{repository}", "{who} moved {issue} to {repository}"),
    "title_changed": Happening("{who} 更改了{issue} 的标题", "{who} changed the title of {issue}", told=False),
    "description_changed": Happening(
        "{who} 修改了{issue} 的描述", "{who} edited the description of {issue}", told=False
    ),
    "labeled": Happening("{who} 给{issue} 加了标记「{thing}」", "{who} labeled {issue} as {thing}", told=False),
    "unlabeled": Happening(
        "{who} 去掉了{issue} 的标记「{thing}」", "{who} took the label {thing} off {issue}", told=False
    ),
    "milestoned": Happening(
        "{who} 将{issue} 加入里程碑「{thing}」", "{who} added {issue} to milestone {thing}", told=False
    ),
    "demilestoned": Happening(
        "{who} 将{issue} 移出里程碑「{thing}」", "{who} took {issue} off milestone {thing}", told=False
    ),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{who} 更新了{issue}", "{who} updated {issue}")
#: Why an issue was closed, as (Chinese, English). That it is done goes without saying.
REASONS = {"not_planned": ("（不打算处理）", " as not planned"), "duplicate": ("（重复）", " as a duplicate")}


class GitHubIssuesNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of the life of issues, and of who has them now.

    Mentioned are assignees when they are given an issue or it is opened again, and who is called by `@login` in a new
    one.
    """

    events = ("issues",)
    happenings = defaults(HAPPENINGS)

    def topic(self, event: Event) -> str | None:
        """Remember those who are chosen at once; one message tells of them all."""
        held = hold(issue_story(event.reader), self.action(event))
        return held.burst if held else None

    def remember(self, event: Event) -> str | None:
        """Remember who was chosen, and since when."""
        chosen = choice(event, self.action(event))
        return str(chosen) if chosen else None

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about labels, milestones and edits, and about unknown actions."""
        return self.told(event, "issue", self.action(event))

    def message(self, event: Event) -> Message:
        """Show who has it and its labels; what it is about when it is opened."""
        change = event.reader
        what, issue = self.action(event), change.at("issue")
        return Message(
            title=self.titled(self._headline(change, what), name(issue, "title")),
            blocks=(
                *self.about(change),
                *fields(
                    (self.choose(zh="类型", en="Type"), name(issue, "type.name")),
                    (self.choose(zh="指派给", en="Assignees"), self.listed(logins(issue.each("assignees")))),
                    (self.choose(zh="标记", en="Labels"), self.listed(map(Code, labels(issue)))),
                    (self.choose(zh="里程碑", en="Milestone"), name(issue, "milestone.title")),
                    (self.choose(zh="原标题", en="Title before"), name(change, "changes.title.from")),
                ),
                *(quote_markdown(issue.text("body")) if what == "opened" else ()),
                *buttons(self._link(change, what)),
            ),
            level=HAPPENINGS.get(what, OTHER).level,
            facts=self.facts(
                change,
                type=name(issue, "type.name"),
                action=what,
                status=word(issue, "state"),
                reason=word(issue, "state_reason") if what == "closed" else "",
                labels=labels(issue),
            ),
            story=issue_story(change),
            occurrence=occurrence("issue", number(issue, "id"), what, *when(change, issue, what)),
            hold=hold(issue_story(change), what),
            mentions=issue_mentions(event, what, told=self.told_of(event)),
        )

    def _headline(self, change: Reader, what: str) -> Line:
        happening = HAPPENINGS.get(what, OTHER)
        zh, en = REASONS.get(word(change, "issue.state_reason"), ("", ""))
        return self.say(
            zh=happening.zh,
            en=happening.en,
            who=self.actor(change),
            issue=self.issue(number(change, "issue.number")),
            thing=self.concerned(change, what),
            reason=self.choose(zh=zh, en=en),
            repository=self._destination(change),
        )

    def _destination(self, change: Reader) -> Inline:
        """Return where an issue was moved to."""
        where = name(change, "changes.new_repository.full_name")
        return self.choose(zh=f" {where}" if where else "别的仓库", en=where or "another repository")

    def _link(self, change: Reader, what: str) -> Link:
        """Link to the issue where it is now; what is gone is not linked to."""
        moved = change.link("changes.new_issue.html_url")
        url = "" if what == "deleted" else moved or change.link("issue.html_url")
        return Link(self.choose(zh="查看议题", en="Open issue"), url)


def issue_story(change: Reader) -> str | None:
    """Return what joins an issue's messages with those of its comments."""
    return story(change, "issue", number(change, "issue.number"))
