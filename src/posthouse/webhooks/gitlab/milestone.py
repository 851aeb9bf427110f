"""Milestones: planned, done, taken up again or given up. GitLab does not say by whom."""

from typing import ClassVar

from posthouse import Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, quote_markdown
from posthouse.webhooks.gitlab.dates import day_text
from posthouse.webhooks.gitlab.payload import (
    GitlabNotifyEventHandler,
    marked,
    name,
    number,
    occurrence,
    project_id,
    story,
    word,
)

#: What happened, as (Chinese, English).
WORDS = {
    "create": ("新的里程碑", "New milestone"),
    "close": ("里程碑已关闭", "Milestone closed"),
    "reopen": ("里程碑已重新打开", "Milestone reopened"),
    "delete": ("里程碑已删除", "Milestone deleted"),
}


class MilestoneHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of the life of milestones.

    To be chosen are `create`, `close`, `reopen` and `delete`.
    """

    events = ("Milestone Hook",)
    # Told by default: there are few of them, each concerns everybody in the project, and GitLab sends none unless
    # somebody ticks the box.
    happenings: ClassVar = dict.fromkeys(WORDS, True)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about unknown actions."""
        action = _action(event.reader)
        return self.told(event, action, silence=f"the milestone's action is {action or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show until when it is to be reached, and what it is about when it is new."""
        milestone, attributes = event.reader, event.reader.at("object_attributes")
        action, own, zone = _action(milestone), number(attributes, "id"), self.site.time_zone
        return Message(
            title=self.titled(self._headline(action), name(attributes, "title")),
            blocks=(
                *self.about(milestone),
                *fields(
                    (self.choose(zh="开始日期", en="Start date"), day_text(attributes.text("start_date"), zone)),
                    (self.choose(zh="截止日期", en="Due date"), day_text(attributes.text("due_date"), zone)),
                ),
                *(quote_markdown(attributes.text("description")) if action == "create" else ()),
                *buttons(self._link(milestone, action)),
            ),
            level=Level.WARNING if action == "delete" else Level.INFO,
            facts=self.facts(
                milestone, action=action, status=word(attributes, "state"), milestone=name(attributes, "title")
            ),
            story=_story(milestone),
            occurrence=occurrence("milestone", own, action, word(attributes, "updated_at")),
        )

    def _headline(self, action: str) -> Line:
        zh, en = WORDS.get(action, ("里程碑有更新", "Milestone updated"))
        return (self.choose(zh=zh, en=en),)

    def _link(self, milestone: Reader, action: str) -> Link:
        """Return the milestone's page, which GitLab does not send; that of all milestones once it is gone."""
        project, iid = self.project(milestone).url, number(milestone, "object_attributes.iid")
        if action == "delete":
            return Link(
                self.choose(zh="查看所有里程碑", en="All milestones"), f"{project}/-/milestones" if project else ""
            )
        built = f"{project}/-/milestones/{iid}" if project and iid else ""
        return Link(self.choose(zh="查看里程碑", en="Open milestone"), built)


def _action(milestone: Reader) -> str:
    """Return what happened. GitLab's page names the second place, its payloads have it in the first."""
    return word(milestone, "action") or word(milestone, "object_attributes.action")


def _story(milestone: Reader) -> str | None:
    """Return what joins a milestone's messages; those of groups belong to no project."""
    own = number(milestone, "object_attributes.id")
    in_project = story("milestone", project_id(milestone), marked("%", number(milestone, "object_attributes.iid")))
    return in_project or (f"gitlab:milestone:{own}" if own else None)
