"""What administrators and apps do to Jira itself. Atlassian names these events and describes next to nothing of them.

So what is in their payloads is read where it might be, and told without it where it is not.
"""

from typing import ClassVar

from posthouse import Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields
from posthouse.webhooks.jira.numbered import NumberedIssueNotifyEventHandler
from posthouse.webhooks.jira.payload import JiraNotifyEventHandler, issue_title, name, number
from posthouse.webhooks.jira.people import first_person
from posthouse.webhooks.jira.thing import ThingNotifyEventHandler

#: What can be switched on and off in Jira, as (Chinese, English).
OPTIONS = {
    "option_voting_changed": ("投票", "voting"),
    "option_watching_changed": ("关注", "watching"),
    "option_unassigned_issues_changed": ("允许未分配的问题", "unassigned issues"),
    "option_subtasks_changed": ("子任务", "sub-tasks"),
    "option_attachments_changed": ("附件", "attachments"),
    "option_issuelinks_changed": ("问题链接", "issue links"),
    "option_timetracking_changed": ("时间跟踪", "time tracking"),
    "option_timetracking_provider_changed": ("时间跟踪的提供方", "the provider of time tracking"),
}
SWITCH = {"true": ("已开启", "on"), "false": ("已关闭", "off")}
#: What apps run into, as (Chinese, English).
APPS = {
    "jira_expression_evaluation_failed": ("某个应用的 Jira 表达式执行失败", "A Jira expression of an app failed"),
    "app_access_to_objects_blocked": ("Jira 禁止了某个应用访问部分数据", "Jira blocked an app from some data"),
    "app_access_to_objects_in_container_blocked": (
        "Jira 禁止了某个应用访问部分项目的数据",
        "Jira blocked an app from the data of some projects",
    ),
}


class FilterNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of filters that are made, changed or deleted."""

    kind: ClassVar = "filter"
    words: ClassVar = {
        "filter_created": ("新建了筛选器", "Filter created"),
        "filter_updated": ("筛选器有更新", "Filter updated"),
        "filter_deleted": ("筛选器被删除", "Filter deleted"),
    }
    events = tuple(words)
    on_by_default: ClassVar = False

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return whose it is."""
        return ((self.choose(zh="所有者", en="Owner"), first_person(reader, "filter.owner")),)

    def link(self, reader: Reader) -> Link:
        """Return what the filter finds."""
        return Link(self.choose(zh="查看筛选器", en="Open filter"), reader.link("filter.viewUrl"))


class IssueTypeNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of types of issues that are made, changed or deleted."""

    kind: ClassVar = "issuetype"
    words: ClassVar = {
        "issuetype_created": ("新建了问题类型", "Issue type created"),
        "issuetype_updated": ("问题类型有更新", "Issue type updated"),
        "issuetype_deleted": ("问题类型被删除", "Issue type deleted"),
    }
    events = tuple(words)
    on_by_default: ClassVar = False

    def own_facts(self, reader: Reader) -> dict[str, str]:
        """Return the type as that of an issue would be."""
        return {"type": self.called(reader)}

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return whether issues of this type belong to others."""
        subtask = self.choose(zh="子任务", en="sub-task") if reader.flag("issuetype.subtask") else ""
        return ((self.choose(zh="层级", en="Level"), subtask),)


class IssuePropertyNotifyEventHandler(NumberedIssueNotifyEventHandler):
    """Tells of what apps write to issues out of sight."""

    events = ("issue_property_set", "issue_property_deleted")
    on_by_default: ClassVar = False

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about issues that the payload does not name."""
        return self.says_nothing(event.reader) or Yes()

    def message(self, event: Event) -> Message:
        """Name the property; its value is meant for programs."""
        reader, issue = event.reader, number(event.reader, "issue.id")
        line = (
            self.say(zh="{item}的属性被删除", en="A property of {item} was deleted", item=self.item(reader, issue))
            if event.name == "issue_property_deleted"
            else self.say(zh="{item}的属性被设置", en="A property of {item} was set", item=self.item(reader, issue))
        )
        return Message(
            title=self.titled(line, name(reader, "property.key")).strip(),
            blocks=(
                *fields((self.choose(zh="标题", en="Title"), issue_title(reader))),
                *buttons(Link(self.choose(zh="查看问题", en="Open issue"), self.found_url(reader, issue))),
            ),
            facts=self.facts(reader, action=event.name.removeprefix("issue_").replace("_", " ")),
            story=self.numbered_story(reader, issue),
        )


class OptionNotifyEventHandler(JiraNotifyEventHandler):
    """Tells of what administrators switch on and off for the whole of Jira."""

    events = tuple(OPTIONS)
    on_by_default: ClassVar = False

    def message(self, event: Event) -> Message:
        """Say what was changed, and to what where Jira says so."""
        zh, en = OPTIONS.get(event.name, ("全局选项", "an option"))
        value = event.reader.at("property.value").value
        state = SWITCH.get(str(value).lower(), ("", ""))
        return Message(
            title=self.titled(
                self.say(zh="Jira 的全局设置有更改", en="A setting of Jira was changed"), self.choose(zh=zh, en=en)
            ),
            blocks=fields((self.choose(zh="状态", en="Now"), self.choose(zh=state[0], en=state[1]))),
            facts=self.facts(event.reader, action="option changed"),
        )


class AppNotifyEventHandler(JiraNotifyEventHandler):
    """Tells of apps whose expressions fail, or that may not see some data."""

    events = tuple(APPS)
    on_by_default: ClassVar = False

    def message(self, event: Event) -> Message:
        """Say what happened; which app it was is not to be found in the payload."""
        zh, en = APPS.get(event.name, ("应用出现问题", "An app ran into something"))
        return Message(
            title=self.title(zh=zh, en=en),
            level=Level.WARNING,
            facts=self.facts(event.reader, action=event.name.replace("_", " ")),
        )
