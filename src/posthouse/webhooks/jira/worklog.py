"""Work logs: who spent how much time on which issue.

Jira Cloud sends neither the issue nor who acted, only the issue's number and the log's authors. Older Jiras call the
event ``jira:worklog_updated`` whatever happened, and send the issue.
"""

from typing import ClassVar

from posthouse import Block, Event, Line, Link, Message, No, Reader, Text, Yes, buttons, fields
from posthouse.webhooks.jira.dates import day
from posthouse.webhooks.jira.handler import is_restricted
from posthouse.webhooks.jira.numbered import NumberedIssueNotifyEventHandler
from posthouse.webhooks.jira.payload import issue_title, number, quote, word
from posthouse.webhooks.jira.people import first_person, user_name

#: What happened, as (Chinese, English), and the same where the time is known.
WORDS = {
    "created": ("{who} 在{item}上登记了工时", "{who} logged work on {item}"),
    "updated": ("{who} 修改了{item}的工时记录", "{who} changed a work log on {item}"),
    "deleted": ("{who} 删除了{item}的工时记录", "{who} deleted a work log on {item}"),
}
LOGGED = ("{who} 在{item}上登记了 {spent} 工时", "{who} logged {spent} on {item}")
#: A deleted log in Jira Cloud, which only says whose it was.
GONE = ("{who} 在{item}上的工时记录被删除", "A work log by {who} on {item} was deleted")


class WorklogNotifyEventHandler(NumberedIssueNotifyEventHandler):
    """Tells of time that was logged, changed and deleted; of restricted logs only that there is one."""

    events = ("worklog_created", "worklog_updated", "worklog_deleted", "jira:worklog_updated")
    on_by_default: ClassVar = False

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about restricted logs where ``restricted_comments`` is ``hide``."""
        if is_restricted(event.reader.at("worklog")) and self.settings.restricted_comments == "hide":
            return No("the work log is restricted, and restricted_comments is hide")
        return self.says_nothing(event.reader) or Yes()

    def message(self, event: Event) -> Message:
        """Show how much time it was and what it was for; not for a log that not everybody may see."""
        log, action = event.reader, _action(event)
        issue = number(log, "worklog.issueId") or number(log, "issue.id")
        shown = not is_restricted(log.at("worklog")) or self.settings.restricted_comments == "full"
        return Message(
            title=self.titled(self._headline(log, action, issue, shown=shown), issue_title(log)),
            blocks=(
                *self.about(log),
                *(self._details(log, action) if shown else (self._omission(),)),
                *buttons(Link(self.choose(zh="查看问题", en="Open issue"), self.found_url(log, issue))),
            ),
            facts=self.facts(log, action=f"worklog {action}", author=_author(log)),
            story=self.numbered_story(log, issue),
            occurrence=self.occurrence(log, "worklog", number(log, "worklog.id"), action, word(log, "worklog.updated")),
        )

    def _headline(self, log: Reader, action: str, issue: str, *, shown: bool) -> Line:
        spent = word(log, "worklog.timeSpent") if shown else ""
        gone = action == "deleted" and not first_person(log, "user")
        zh, en = LOGGED if action == "created" and spent else GONE if gone else WORDS[action]
        whose = ("worklog.author", "worklog.updateAuthor") if gone else ("worklog.updateAuthor", "worklog.author")
        return self.say(zh=zh, en=en, who=self.actor(log, "user", *whose), item=self.item(log, issue), spent=spent)

    def _details(self, log: Reader, action: str) -> tuple[Block, ...]:
        return (
            *fields(
                (
                    self.choose(zh="耗时", en="Time spent"),
                    "" if action == "created" else word(log, "worklog.timeSpent"),
                ),
                (self.choose(zh="工作日期", en="Date"), day(log, "worklog.started", self.site.time_zone)),
            ),
            *(() if action == "deleted" else quote(log, "worklog.comment")),
        )

    def _omission(self) -> Text:
        return Text(
            self.say(
                zh="工时记录只对部分人可见，详情从略。", en="Only some people may see the work log, so it is left out."
            )
        )


def _action(event: Event) -> str:
    return event.name.rpartition("_")[2]


def _author(log: Reader) -> str:
    people = (log.at(path) for path in ("user", "worklog.updateAuthor", "worklog.author"))
    return next((found for person in people if (found := user_name(person))), "")
