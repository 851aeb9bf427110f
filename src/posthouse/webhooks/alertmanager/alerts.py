"""Groups of alerts: what fires, where, since when, and what is over."""

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from posthouse import (
    Block,
    Bold,
    Event,
    Items,
    Line,
    Link,
    Message,
    No,
    NotifyEventHandler,
    Reader,
    Site,
    WebhookSettings,
    Yes,
    buttons,
    duration,
    fields,
    first_line,
    plain,
    quote,
)
from posthouse.webhooks.alertmanager.handler import AlertmanagerWebhookHandler
from posthouse.webhooks.alertmanager.payload import (
    DESCRIPTION,
    FOR_MACHINES,
    NAME,
    RUNBOOK,
    SUMMARY,
    Alert,
    Group,
    distinct,
    first_of,
    written,
)

#: How many alerts or labels a message shows before it says "… 12 more".
SHOWN = 10
#: How many names or places a title shows before it says "… +2".
IN_TITLE = 3
#: The labels that stand in the title, or in front of the others.
TOLD_APART = frozenset({"alertname", "severity"})
#: The labels that say where an alert is, the best first.
PLACES = ("instance", "pod", "node", "host")


class AlertmanagerNotifyEventHandler(NotifyEventHandler):
    """Tells of alerts that fire, and that they are over, in one message for each group."""

    webhook_type = AlertmanagerWebhookHandler
    events = ("Alerts",)
    happenings: ClassVar = {"firing": True, "resolved": True, "watchdog": False}

    def __init__(self, settings: WebhookSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._zone = ZoneInfo(site.time_zone)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about alerts of the severity `none`, which are meant for machines, and about empty groups."""
        group = Group.of(event.reader)
        if not group.alerts:
            return No("the group has no alerts")
        if all(alert.severity.casefold() == FOR_MACHINES for alert in group.alerts):
            return Yes() if self.tells(event, "watchdog") else No("the alerts' severity is none")
        return Yes() if self.tells(event, group.status) else No(f"the group's status is {group.status}")

    def message(self, event: Event) -> Message:
        """Show what the alerts have in common once, then each of them with what is its own."""
        group = Group.of(event.reader)
        return Message(
            title=self._title(group),
            blocks=(*self._fields(group), *_description(group), *self._items(group), *self._buttons(group)),
            level=group.level,
            facts=group.facts(),
            story=group.story,
            occurrence=group.occurrence,
        )

    def _title(self, group: Group) -> str:
        """Return how many fire, of which rules, and what is the matter, or at least where."""
        names = distinct(alert.name for alert in group.alerts)
        headline = self.say(
            zh="【{counts}】{names}",
            en="[{counts}] {names}",
            counts=self._counts(group),
            names=self.listed(names, shown=IN_TITLE) or self.choose(zh="未命名的告警", en="unnamed alert"),
        )
        where = plain(self.listed(_places(group) if len(names) <= 1 else group.grouped_by, shown=IN_TITLE))
        detail = first_line(first_of(group.notes, SUMMARY), NAME) or where
        return self.titled(headline, detail)

    def _counts(self, group: Group) -> str:
        over = sum(alert.is_over for alert in group.alerts)
        firing = len(group.alerts) - over
        if group.is_one:
            return self.choose(zh="已恢复", en="resolved") if over else self.choose(zh="告警", en="firing")
        # Those that are left out may be of either kind.
        more = "+" if group.left_out else ""
        counts = (
            self.choose(zh=f"{firing}{more} 条告警", en=f"{firing}{more} firing") if firing else "",
            self.choose(zh=f"{over}{more} 条已恢复", en=f"{over}{more} resolved") if over else "",
        )
        return self.choose(zh="，", en=", ").join(filter(None, counts)) or self.choose(zh="告警", en="firing")

    def _fields(self, group: Group) -> tuple[Block, ...]:
        """Return the labels that all alerts have; of one alone also when it began and how long it lasted."""
        labels = [(name, value) for name, value in group.labels.items() if name not in TOLD_APART]
        pairs = [(self.choose(zh="级别", en="Severity"), group.labels.get("severity", "")), *labels[:SHOWN]]
        if len(labels) > SHOWN:
            pairs.append((self.choose(zh="其他标签", en="More labels"), f"+{len(labels) - SHOWN}"))
        if group.is_one:
            (alert,) = group.alerts
            pairs.append((self.choose(zh="开始时间", en="Since"), self._time(alert.since)))
            pairs.append((self.choose(zh="持续时间", en="Lasted"), duration(alert.lasted, self.site.language)))
        return fields(*((name, first_line(value, NAME)) for name, value in pairs))

    def _items(self, group: Group) -> tuple[Block, ...]:
        if group.is_one or not group.alerts:
            return ()
        lines = tuple(self._item(alert, group) for alert in group.alerts[:SHOWN])
        return (Items(lines, len(group.alerts[SHOWN:]) + group.left_out),)

    def _item(self, alert: Alert, group: Group) -> Line:
        """Return what is an alert's own: labels, what its rule says beyond the others, since when."""
        head = _own(alert, group) or alert.name or self.choose(zh="告警", en="alert")
        said = {name: value for name, value in alert.notes.items() if name not in group.notes}
        detail = first_line(first_of(said, (*SUMMARY, *DESCRIPTION)), NAME)
        runbook = _address(first_of(said, RUNBOOK))
        return (
            Bold(head) if group.graph else Link(head, alert.graph),
            *((self.choose(zh="：", en=": "), detail) if detail else ()),
            *self._when(alert),
            *((" ", Link(self._runbook, runbook)) if runbook else ()),
        )

    def _when(self, alert: Alert) -> Line:
        if not alert.is_over:
            since = self._time(alert.since)
            return self.say(zh="（{since} 起）", en=" (since {since})", since=since) if since else ()
        if lasted := duration(alert.lasted, self.site.language):
            return self.say(zh="（持续 {lasted}后恢复）", en=" (resolved after {lasted})", lasted=lasted)
        return (self.choose(zh="（已恢复）", en=" (resolved)"),)

    def _buttons(self, group: Group) -> tuple[Block, ...]:
        return buttons(
            Link(self.choose(zh="查看告警", en="Open Alertmanager"), group.page),
            Link(self.choose(zh="查看图表", en="Open graph"), group.graph),
            Link(self._runbook, _address(first_of(group.notes, RUNBOOK))),
        )

    @property
    def _runbook(self) -> str:
        return self.choose(zh="处理手册", en="Runbook")

    def _time(self, found: datetime | None) -> str:
        return f"{found.astimezone(self._zone):%m-%d %H:%M}" if found else ""


def _description(group: Group) -> tuple[Block, ...]:
    """Quote what the rule says about all alerts, unless the title has said it."""
    text = first_of(group.notes, DESCRIPTION)
    return quote(text) if text != first_of(group.notes, SUMMARY) else ()


def _own(alert: Alert, group: Group) -> str:
    """Return the labels that tell an alert from the others of its group, after the name of its rule."""
    rule = "" if "alertname" in group.labels else alert.name
    return first_line(f"{rule} {', '.join(written(alert.labels, but={'alertname', *group.labels}))}", NAME)


def _places(group: Group) -> tuple[str, ...]:
    """Return where the alerts are, by the label that says it best; it tells them apart, unless there is only one."""
    common = group.labels if len(group.alerts) > 1 else {}
    owns = ({name: value for name, value in alert.labels.items() if name not in common} for alert in group.alerts)
    return distinct(first_line(first_of(own, PLACES), NAME) for own in owns)


def _address(text: str) -> str:
    """Return a text if it is an address that can be a link."""
    return Reader({"address": text}).link("address")
