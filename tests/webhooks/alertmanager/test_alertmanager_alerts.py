"""What is told of alerts, where a golden file would not show why."""

from typing import Any

import pytest

from making import made_handler
from posthouse import Event, Items, Level, Message, No, Site, Yes
from posthouse.webhooks.alertmanager.alerts import AlertmanagerNotifyEventHandler

START, END = "2026-11-24T08:02:29.950580576Z", "2026-11-24T09:15:41.5Z"


def alert(number: int = 1, *, status: str = "firing", start: str = START, end: str = "", **labels: str) -> dict:
    own = {"alertname": "DiskFull", "instance": f"db{number}.example.com", **labels}
    zero = "0001-01-01T00:00:00Z"
    return {"status": status, "labels": own, "startsAt": start, "endsAt": end or zero, "fingerprint": f"f{number}"}


def group(*alerts: dict, **more: Any) -> dict[str, Any]:
    status = "firing" if any(found["status"] == "firing" for found in alerts) else "resolved"
    return {"status": status, "alerts": list(alerts), "groupKey": '{}:{alertname="DiskFull"}', **more}


def handler(site: Site | None = None, **settings: Any) -> AlertmanagerNotifyEventHandler:
    made = made_handler(AlertmanagerNotifyEventHandler, site or Site(language="en"), **settings)
    assert isinstance(made, AlertmanagerNotifyEventHandler)
    return made


def message(payload: dict[str, Any], site: Site | None = None) -> Message:
    return handler(site).message(Event("Alerts", payload))


def decision(payload: dict[str, Any], **settings: Any) -> Yes | No:
    return handler(**settings).should_notify(Event("Alerts", payload))


def items(payload: dict[str, Any]) -> Items:
    return next(block for block in message(payload).blocks if isinstance(block, Items))


# One occurrence is told once


def test_both_of_a_pair_of_alertmanagers_tell_of_one_occurrence() -> None:
    one = group(alert(1), alert(2), externalURL="http://alertmanager-0:9093")
    other = group(alert(2), alert(1), externalURL="http://alertmanager-1:9093")
    assert message(one).occurrence == message(other).occurrence


def test_an_end_that_differs_in_both_of_a_pair_is_no_news() -> None:
    one, other = (group(alert(status="resolved", end=end)) for end in (END, "2026-11-24T09:15:42Z"))
    assert message(one).occurrence == message(other).occurrence


@pytest.mark.parametrize(
    "later",
    [
        group(alert(1, status="resolved", end=END)),
        group(alert(1), alert(2)),
        group(alert(2)),
        group(alert(1, start="2026-11-24T10:00:00Z")),
        group(alert(1), groupKey="{}:{}"),
    ],
    ids=["resolved", "one more", "another one", "fires again", "another group"],
)
def test_whatever_has_changed_is_news(later: dict[str, Any]) -> None:
    before = message(group(alert(1))).occurrence
    assert before
    assert message(later).occurrence not in {None, before}


def test_messages_about_one_group_are_one_story() -> None:
    firing, resolved = message(group(alert())), message(group(alert(status="resolved", end=END)))
    assert firing.story
    assert firing.story == resolved.story
    assert message(group(alert(), groupKey="{}:{}")).story != firing.story


# How bad it is


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("critical", Level.FAILURE),
        ("Critical", Level.FAILURE),
        ("page", Level.FAILURE),
        ("P1", Level.FAILURE),
        ("紧急", Level.FAILURE),
        ("warning", Level.WARNING),
        ("", Level.WARNING),
        ("whatever", Level.WARNING),
        ("info", Level.INFO),
        ("提示", Level.INFO),
    ],
)
def test_the_level_is_that_of_the_severity(severity: str, level: Level) -> None:
    assert message(group(alert(severity=severity))).level == level


def test_the_worst_alert_that_fires_decides_the_level() -> None:
    calm, bad = alert(1, severity="info"), alert(2, severity="critical")
    assert message(group(calm, bad)).level == Level.FAILURE
    assert message(group(calm, {**bad, "status": "resolved"})).level == Level.INFO
    assert message(group({**calm, "status": "resolved"}, {**bad, "status": "resolved"})).level == Level.SUCCESS


# What is shown


def test_times_are_those_of_the_sites_time_zone() -> None:
    assert "Since: 11-24 16:02" in message(group(alert())).to_text()
    elsewhere = Site(language="en", time_zone="America/New_York")
    assert "Since: 11-24 03:02" in message(group(alert()), elsewhere).to_text()


@pytest.mark.parametrize("start", ["", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-13-01"])
def test_a_time_that_is_none_is_not_shown(start: str) -> None:
    assert "Since" not in message(group(alert(start=start))).to_text()


def test_a_time_without_a_zone_is_universal() -> None:
    assert "Since: 11-24 16:02" in message(group(alert(start="2026-11-24T08:02:00"))).to_text()


@pytest.mark.parametrize("end", ["2026-11-24T08:00:00Z", "0001-01-01T00:00:00Z", "soon"])
def test_a_duration_that_cannot_be_true_is_not_shown(end: str) -> None:
    assert "Lasted" not in message(group(alert(status="resolved", end=end))).to_text()


def test_ten_alerts_are_shown_those_that_fire_and_the_worst_first() -> None:
    alerts = [alert(number, status="resolved", end=END) for number in range(50_000)]
    alerts += [alert(1, severity="info"), alert(2, severity="critical"), alert(3)]
    found = items(group(*alerts, truncatedAlerts=7))
    assert len(found.lines) == 10
    assert found.more == 50_003 - 10 + 7
    shown = [getattr(line[0], "text", line[0]) for line in found.lines]
    assert [next(number for number in "1230" if f"db{number}." in text) for text in shown[:4]] == ["2", "3", "1", "0"]


def test_a_title_shows_how_many_there_are_at_least() -> None:
    assert message(group(alert(1), truncatedAlerts=3)).title == "[1+ firing] DiskFull: db1.example.com"


def test_long_labels_are_cut_and_no_address_is_made_of_them() -> None:
    long = group(alert(1, instance="x" * 5000), alert(2, job="y" * 5000, alertname="z\nz" * 5000))
    text = message(long).to_text()
    assert len(text) < 2000
    assert "z\nz" not in message(long).title


def test_a_runbook_that_is_no_address_is_no_link() -> None:
    bad = {**alert(), "annotations": {"runbook_url": "javascript:alert(1)"}}
    assert "javascript" not in message(group(bad)).to_text()


# What is told


@pytest.mark.parametrize(
    ("told", "firing", "resolved", "watchdog"),
    [
        ({}, True, True, False),
        ({"events": {"alerts": ["firing"]}}, True, False, False),
        ({"events": {"Alerts": ["resolved"]}}, False, True, False),
        ({"events": {"alerts": ["watchdog"]}}, False, False, True),
    ],
    ids=str,
)
def test_what_is_told_can_be_chosen(told: dict[str, Any], firing: bool, resolved: bool, watchdog: bool) -> None:
    assert isinstance(decision(group(alert()), **told), Yes) == firing
    assert isinstance(decision(group(alert(status="resolved")), **told), Yes) == resolved
    for_machines = [alert(status=status, severity="none") for status in ("firing", "resolved")]
    assert [isinstance(decision(group(found), **told), Yes) for found in for_machines] == [watchdog, watchdog]


def test_a_group_for_machines_with_one_alert_for_people_is_told() -> None:
    assert isinstance(decision(group(alert(1, severity="none"), alert(2))), Yes)


def test_silence_has_a_reason() -> None:
    assert decision(group()) == No("the group has no alerts")
    assert decision(group(alert(severity="none"))) == No("the alerts' severity is none")
    assert decision(group(alert()) | {"status": "pending"}) == No("the group's status is pending")
    assert decision(group(alert()), events={"alerts": ["resolved"]}) == No("the group's status is firing")


def test_a_group_that_does_not_say_its_status_has_that_of_its_alerts() -> None:
    assert message(group(alert(1), alert(2, status="resolved")) | {"status": None}).facts["status"] == "firing"
    assert message(group(alert(2, status="resolved")) | {"status": None}).facts["status"] == "resolved"
