"""Issues that come and go: what they are about, and who has them now."""

from posthouse import Block, Code, Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, mentions
from posthouse.webhooks.jira.payload import (
    JiraNotifyEventHandler,
    issue_title,
    labels,
    name,
    named,
    named_all,
    number,
    quote,
)
from posthouse.webhooks.jira.people import first_mention, first_person, mentions_in, person_name

#: What is urgent by the names that Jira's own priorities have and had; an administrator may call them anything.
URGENT = frozenset({"blocker", "critical", "highest", "最高", "最高级", "紧急", "阻塞"})
#: Who created an issue; the first of them is the one who acted.
CREATORS = ("user", "issue.fields.creator", "issue.fields.reporter")


class IssueNotifyEventHandler(JiraNotifyEventHandler):
    """A handler of what happens to issues."""

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about bulk edits whose author chose to send no mail."""
        if event.reader.at("bulkOperationMetaData.sendMail").value is False:
            return No("it is part of a bulk edit that sends no mail")
        return self.says_nothing(event.reader) or Yes()

    def occurrence_of(self, issue: Reader, kind: str) -> str | None:
        """Return what names this one thing that happened to the issue, for every webhook that reports it alike."""
        changelog = number(issue, "changelog.id")
        when = f"changelog-{changelog}" if changelog else number(issue, "timestamp")
        return self.occurrence(issue, kind, number(issue, "issue.id"), when)

    def details(self, issue: Reader) -> Link:
        """Return the way to the issue."""
        return Link(self.choose(zh="查看问题", en="Open issue"), self.issue_url(issue))


class IssueCreatedNotifyEventHandler(IssueNotifyEventHandler):
    """Tells of new issues, of urgent ones as a warning.

    Mentioned are who has it, and who is mentioned in its description.
    """

    events = ("jira:issue_created",)

    def message(self, event: Event) -> Message:
        """Say what the issue is about and who has it. Its status is left out: so early it may still be wrong."""
        issue = event.reader
        return Message(
            title=self.titled(self._headline(issue), issue_title(issue)),
            blocks=(
                *self.about(issue),
                *self._fields(issue),
                *quote(issue, "issue.fields.description"),
                *buttons(self.details(issue)),
            ),
            level=Level.WARNING if is_urgent(named(issue, "issue.fields.priority")) else Level.INFO,
            facts=self.facts(issue, action="created"),
            story=self.story(issue),
            occurrence=self.occurrence_of(issue, "issue_created"),
            mentions=mentions(
                (first_mention(issue, "issue.fields.assignee"), *mentions_in(issue, "issue.fields.description")),
                without=first_mention(issue, *CREATORS),
            ),
        )

    def _headline(self, issue: Reader) -> Line:
        who, item = self.actor(issue, *CREATORS), self.typed(issue)
        return self.say(zh="{who} 新建了{item}", en="{who} created {item}", who=who, item=item)

    def _fields(self, issue: Reader) -> tuple[Block, ...]:
        about = issue.at("issue.fields")
        reporter, creator = person_name(about.at("reporter")), first_person(issue, *CREATORS)
        return fields(
            (self.choose(zh="优先级", en="Priority"), named(about, "priority")),
            (self.choose(zh="经办人", en="Assignee"), person_name(about.at("assignee"))),
            (self.choose(zh="报告人", en="Reporter"), "" if reporter == creator else reporter),
            (self.choose(zh="上级", en="Parent"), _parent(about)),
            (self.choose(zh="到期日", en="Due date"), name(about, "duedate")),
            (self.choose(zh="修复版本", en="Fix versions"), self.listed(map(Code, named_all(about, "fixVersions")))),
            (self.choose(zh="模块", en="Components"), self.listed(map(Code, named_all(about, "components")))),
            (self.choose(zh="标签", en="Labels"), self.listed(map(Code, labels(issue)))),
        )


class IssueDeletedNotifyEventHandler(IssueNotifyEventHandler):
    """Tells of deleted issues."""

    events = ("jira:issue_deleted",)

    def message(self, event: Event) -> Message:
        """Say who deleted what; there is nothing left to link to."""
        issue = event.reader
        about = issue.at("issue.fields")
        who, item = self.actor(issue), self.typed(issue)
        line = self.say(zh="{who} 删除了{item}", en="{who} deleted {item}", who=who, item=item)
        return Message(
            title=self.titled(line, issue_title(issue)),
            blocks=(
                *self.about(issue),
                *fields(
                    (self.choose(zh="状态", en="Status"), named(about, "status")),
                    (self.choose(zh="经办人", en="Assignee"), person_name(about.at("assignee"))),
                    (self.choose(zh="报告人", en="Reporter"), first_person(about, "reporter", "creator")),
                ),
            ),
            level=Level.WARNING,
            facts=self.facts(issue, action="deleted"),
            story=self.story(issue),
            occurrence=self.occurrence_of(issue, "issue_deleted"),
        )


def is_urgent(priority: str) -> bool:
    """Tell whether a priority is one of those that should not wait."""
    return priority.casefold() in URGENT


def _parent(about: Reader) -> str:
    parent = about.at("parent")
    return " ".join(text for text in (name(parent, "key"), name(parent, "fields.summary")) if text)
