"""Issues and other work items, by their type: opened, closed, given to somebody or a due date."""

import re
from collections.abc import Sequence
from typing import ClassVar

from posthouse import Code, Event, Inline, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, quote_markdown
from posthouse.webhooks.gitlab.changes import action_of, added, change, has_changed, removed, silence, switched, titles
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
from posthouse.webhooks.gitlab.people import issue_mentions

#: What GitLab calls its work items, as (Chinese, English with its article).
TYPES = {
    "issue": ("议题", "an issue"),
    "incident": ("事件", "an incident"),
    "task": ("任务", "a task"),
    "epic": ("史诗", "an epic"),
    "objective": ("目标", "an objective"),
    "key result": ("关键结果", "a key result"),
    "requirement": ("需求", "a requirement"),
    "test case": ("测试用例", "a test case"),
    "ticket": ("工单", "a ticket"),
    "work item": ("工作项", "a work item"),
}
#: What happened, as (Chinese, English). An action of GitLab's, or what an update turned out to be.
WORDS = {
    "open": ("{who} 新建了{item}", "{who} opened {item}"),
    "close": ("{who} 关闭了{item}", "{who} closed {item}"),
    "reopen": ("{who} 重新打开了{item}", "{who} reopened {item}"),
    "assigned": ("{who} 将{item} 指派给 {people}", "{who} assigned {item} to {people}"),
    "unassigned": ("{who} 取消了 {people} 在{item} 上的指派", "{who} unassigned {people} from {item}"),
    "due_date_set": ("{who} 将{item} 的截止日期设为 {day}", "{who} set the due date of {item} to {day}"),
    "due_date_removed": ("{who} 取消了{item} 的截止日期", "{who} removed the due date of {item}"),
    "made_public": ("{who} 将{item} 设为公开", "{who} made {item} public"),
    "made_confidential": ("{who} 将{item} 设为机密", "{who} made {item} confidential"),
    "title_changed": ("{who} 更改了{item} 的标题", "{who} changed the title of {item}"),
    "description_changed": ("{who} 修改了{item} 的描述", "{who} edited the description of {item}"),
    "labels_changed": ("{who} 更改了{item} 的标记", "{who} changed the labels of {item}"),
    "milestone_changed": ("{who} 更改了{item} 的里程碑", "{who} changed the milestone of {item}"),
    "update": ("{who} 更新了{item}", "{who} updated {item}"),
}
#: When people look at an issue for the first time, or at a description that is new.
INTRODUCTIONS = frozenset({"open", "made_public", "description_changed"})
#: A date, alone or at the beginning of a time.
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class IssueHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of the life of issues and work items, of who has them now, and until when.

    To be chosen are GitLab's actions and what an update may be about; several of them may come in one event. Off by
    default are `made_public`, `title_changed`, `description_changed`, `labels_changed` and `milestone_changed`.

    Mentioned are assignees when they are given an issue or it is opened again, and who is called by `@username` in the
    description of a new one.
    """

    events = ("Issue Hook",)
    happenings: ClassVar = {
        "open": True,
        "close": True,
        "reopen": True,
        "assigned": True,
        "unassigned": True,
        "due_date_set": True,
        "due_date_removed": True,
        "made_public": False,
        "title_changed": False,
        "description_changed": False,
        "labels_changed": False,
        "milestone_changed": False,
    }

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about other updates, and about unknown actions."""
        what = self.what(event)
        return self.told(event, what, silence=silence(event.reader, "issue", what))

    def message(self, event: Event) -> Message:
        """Show who has it, its labels and its due date; what it is about when it is opened."""
        issue = event.reader
        what = self.what(event)
        attributes = issue.at("object_attributes")
        labels = label_titles(issue) or label_titles(attributes)
        return Message(
            title=self.titled(self._headline(issue, what), name(attributes, "title")),
            blocks=(
                *self.about(issue),
                *fields(*self._pairs(issue, what, labels)),
                *(quote_markdown(attributes.text("description")) if what in INTRODUCTIONS else ()),
                *buttons(self.link(issue)),
            ),
            level=Level.INFO,
            facts=self.facts(
                issue, type=item_type(issue), action=what, status=word(attributes, "state"), labels=labels
            ),
            story=issue_story(issue, attributes),
            occurrence=occurrence("issue", number(attributes, "id"), what, attributes.text("updated_at")),
            mentions=issue_mentions(issue, what, told=self.told_of(event)),
        )

    def what(self, event: Event) -> str:
        """Return the action, or what is worth telling of the update; empty if the payload does not say."""
        action = action_of(event.reader.at("object_attributes"))
        return self.foremost(event, (*_updates(event.reader), "update")) if action == "update" else action

    def _headline(self, issue: Reader, what: str) -> Line:
        zh, en = WORDS.get(what, WORDS["update"])
        people: Inline = self.names((removed if what == "unassigned" else added)(issue, "assignees"))
        return self.say(
            zh=zh,
            en=en,
            who=self.actor(issue),
            item=self.choose(**item_words(item_type(issue), number(issue, "object_attributes.iid"))),
            people=people or self.choose(zh="他人", en="somebody"),
            day=_day(change(issue, "due_date").text("current")),
        )

    def _pairs(self, issue: Reader, what: str, labels: Sequence[str]) -> list[tuple[str, Line | str]]:
        old_title = name(change(issue, "title"), "previous") if what == "title_changed" else ""
        more, fewer = (titles(find(issue, "labels")) if what == "labels_changed" else () for find in (added, removed))
        return [
            (self.choose(zh="原标题", en="Title before"), old_title),
            (self.choose(zh="指派给", en="Assignees"), self.names(issue.each("assignees"))),
            (self.choose(zh="新增的标记", en="Labels added"), self.listed(map(Code, more))),
            (self.choose(zh="移除的标记", en="Labels removed"), self.listed(map(Code, fewer))),
            (self.choose(zh="标记", en="Labels"), self.listed(map(Code, labels))),
            (self.choose(zh="截止日期", en="Due date"), _day(issue.text("object_attributes.due_date"))),
        ]

    def link(self, issue: Reader) -> Link:
        """Return the issue's page."""
        project, iid = self.project(issue).url, number(issue, "object_attributes.iid")
        page = "issues" if item_type(issue) == "issue" else "work_items"
        built = f"{project}/-/{page}/{iid}" if project and iid else ""
        return Link(self.choose(zh="查看详情", en="Open in GitLab"), issue.link("object_attributes.url") or built)


def item_type(issue: Reader) -> str:
    """Return the type of a work item in lower case; before GitLab 17.2 only its kind is known."""
    kind = word(issue, "object_attributes.type") or word(issue, "object_kind") or "issue"
    return kind.replace("_", " ").lower()


def item_words(kind: str, iid: str, *, confidential: bool = False) -> dict[str, str]:
    """Return a work item with its number, or as one of its kind, in both languages."""
    zh, en = TYPES.get(kind, (f" {kind}", f"the {kind}"))
    if confidential:
        zh, en = f"机密{zh}", f"a confidential {en.partition(' ')[2]}"
    mark = "&" if kind == "epic" else "#"
    if not iid:
        return {"zh": f"一个{zh}", "en": en}
    return {"zh": f"{zh} {mark}{iid}", "en": f"{en.partition(' ')[2]} {mark}{iid}"}


def issue_story(reader: Reader, issue: Reader) -> str | None:
    """Return what joins an issue's messages with those of its comments; epics belong to no project."""
    own = number(issue, "id")
    in_project = story("issue", project_id(reader), marked("#", number(issue, "iid")))
    return in_project or (f"gitlab:issue:{own}" if own else None)


def _updates(issue: Reader) -> list[str]:
    """Return what an update is about, the most urgent first."""
    has_day = _day(change(issue, "due_date").text("current"))
    found = {
        "made_public": switched(issue, "confidential", to=False),
        "made_confidential": switched(issue, "confidential", to=True),
        "assigned": added(issue, "assignees"),
        "unassigned": removed(issue, "assignees"),
        "due_date_set": has_changed(issue, "due_date") and has_day,
        "due_date_removed": has_changed(issue, "due_date") and not has_day,
        "title_changed": has_changed(issue, "title"),
        "description_changed": has_changed(issue, "description"),
        "labels_changed": added(issue, "labels") or removed(issue, "labels"),
        "milestone_changed": has_changed(issue, "milestone_id"),
    }
    return [what for what, happened in found.items() if happened]


def _day(text: str) -> str:
    found = DAY.match(text)
    return found.group() if found else ""
