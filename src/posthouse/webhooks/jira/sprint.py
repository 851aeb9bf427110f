"""Sprints: when one starts and ends, and what it is for."""

from typing import ClassVar

from posthouse import Line, Link, Reader, first_line
from posthouse.webhooks.jira.dates import day
from posthouse.webhooks.jira.payload import number
from posthouse.webhooks.jira.thing import ThingNotifyEventHandler

#: How much of a goal is shown, in characters.
GOAL = 300


class SprintNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of sprints that start and end, with their goal and their days."""

    events: ClassVar[tuple[str, ...]] = ("sprint_started", "sprint_closed")
    kind: ClassVar = "sprint"
    words: ClassVar = {
        "sprint_started": ("Sprint 开始", "Sprint started"),
        "sprint_closed": ("Sprint 结束", "Sprint closed"),
        "sprint_created": ("新建了 Sprint", "Sprint created"),
        "sprint_updated": ("Sprint 有更新", "Sprint updated"),
        "sprint_deleted": ("Sprint 被删除", "Sprint deleted"),
    }

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return the goal and the days, in the readers' time zone."""
        done = day(reader, "sprint.completeDate", self.site.time_zone)
        return (
            (self.choose(zh="目标", en="Goal"), first_line(reader.text("sprint.goal"), GOAL)),
            (self.choose(zh="日期", en="Dates"), self._days(reader)),
            (self.choose(zh="实际结束", en="Closed on"), done),
        )

    def link(self, reader: Reader) -> Link:
        """Return the board that the sprint was made on."""
        base, board = self.base(reader), number(reader, "sprint.originBoardId")
        url = f"{base}/secure/RapidBoard.jspa?rapidView={board}" if base and board else ""
        return Link(self.choose(zh="查看面板", en="Open board"), url)

    def _days(self, reader: Reader) -> Line | str:
        start = day(reader, "sprint.startDate", self.site.time_zone)
        end = day(reader, "sprint.endDate", self.site.time_zone)
        if start and end:
            return self.say(zh="{start} 至 {end}", en="{start} to {end}", start=start, end=end)
        if start:
            return self.say(zh="{day} 起", en="from {day}", day=start)
        return self.say(zh="至 {day}", en="until {day}", day=end) if end else ""


class SprintPlanNotifyEventHandler(SprintNotifyEventHandler):
    """Tells of sprints that are planned: made, changed and deleted."""

    events: ClassVar[tuple[str, ...]] = ("sprint_created", "sprint_updated", "sprint_deleted")
    # Who plans them sits together.
    on_by_default: ClassVar = False
