"""Pipelines one after another: what is told of each, and remembered for the next, in whatever order they come."""

from collections.abc import Sequence
from typing import Any

import pytest

from making import made_handler
from posthouse import Event, Level, Message, No, Site
from posthouse.webhooks.gitlab.pipeline import PipelineHookNotifyEventHandler

NAME = "Pipeline Hook"
SILENT = "the pipeline's status is "


def pipeline(number: Any, status: str, ref: str = "main", **attributes: Any) -> dict[str, Any]:
    return {
        "object_attributes": {"id": number, "status": status, "ref": ref, **attributes},
        "project": {"id": 15},
    }


def story_of(*payloads: dict[str, Any], events: Sequence[str] | None = None) -> list[str]:
    """Return what is told of pipelines that come one after another: their action, or the reason for silence."""
    chosen = {} if events is None else {"events": {"pipeline": list(events)}}
    handler = made_handler(PipelineHookNotifyEventHandler, Site(language="en"), **chosen)
    memory: dict[str, str] = {}
    told = []
    for payload in payloads:
        event = Event(name=NAME, payload=payload)
        topic = handler.topic(event)
        event = Event(name=NAME, payload=payload, last=memory.get(topic or ""))
        if topic is not None and (value := handler.remember(event)) is not None:
            memory[topic] = value
        answer = handler.handle(event)
        told.append(answer.reason if isinstance(answer, No) else str(answer[0].facts["action"]))
    return told


def test_after_a_failure_come_still_failing_and_fixed() -> None:
    statuses = ["failed", "failed", "success", "success", "failed"]
    payloads = [pipeline(number, status) for number, status in enumerate(statuses)]
    assert story_of(*payloads) == ["failed", "still_failing", "fixed", SILENT + "success", "failed"]


def test_the_first_success_is_not_called_fixed() -> None:
    assert story_of(pipeline(1, "success"), events=["success", "fixed"]) == ["success"]


@pytest.mark.parametrize("between", ["canceled", "skipped", "running", "pending", "created", "manual", "scheduled"])
def test_what_says_nothing_of_how_it_went_does_not_hide_a_failure(between: str) -> None:
    assert story_of(pipeline(1, "failed"), pipeline(2, between), pipeline(3, "success"))[2] == "fixed"
    assert story_of(pipeline(1, "failed"), pipeline(2, between), pipeline(3, "failed"))[2] == "still_failing"


def test_a_retry_fixes_the_same_pipeline() -> None:
    assert story_of(pipeline(1, "failed"), pipeline(1, "running"), pipeline(1, "success"))[2] == "fixed"


def test_a_success_that_comes_late_does_not_fix_a_newer_failure() -> None:
    answers = story_of(pipeline(2, "failed"), pipeline(1, "success"), pipeline(3, "failed"))
    assert answers == ["failed", SILENT + "success", "still_failing"]


def test_a_failure_that_comes_late_does_not_break_a_newer_success() -> None:
    assert story_of(pipeline(2, "success"), pipeline(1, "failed"), pipeline(3, "success"))[1:] == [
        "failed",
        SILENT + "success",
    ]


def test_what_is_sent_twice_is_told_alike() -> None:
    assert story_of(pipeline(1, "failed"), pipeline(1, "failed")) == ["failed", "failed"]
    assert story_of(pipeline(1, "failed"), pipeline(2, "failed"), pipeline(2, "failed"))[1:] == ["still_failing"] * 2
    assert story_of(pipeline(1, "failed"), pipeline(2, "success"), pipeline(2, "success"))[1:] == ["fixed"] * 2


def test_branches_tags_merge_requests_and_projects_do_not_fix_each_other() -> None:
    others = [
        pipeline(2, "success", ref="v1"),
        pipeline(3, "success", tag=True),
        pipeline(4, "success") | {"merge_request": {"iid": 7}},
        pipeline(5, "success") | {"project": {"id": 16}},
        pipeline(6, "success", source="parent_pipeline"),
    ]
    assert story_of(pipeline(1, "failed"), *others)[1:] == [SILENT + "success"] * len(others)


def test_pipelines_of_one_merge_request_are_compared_though_its_branch_is_renamed() -> None:
    request = {"merge_request": {"iid": 7}}
    assert story_of(pipeline(1, "failed", ref="a") | request, pipeline(2, "success", ref="b") | request)[1] == "fixed"


def test_who_chose_success_hears_of_every_success_and_which_of_them_is_fixed() -> None:
    payloads = [pipeline(1, "failed"), pipeline(2, "success"), pipeline(3, "success")]
    assert story_of(*payloads, events=["success"]) == [SILENT + "failed", "fixed", "success"]


def test_who_chose_failed_and_fixed_hears_of_the_changes() -> None:
    statuses = ["failed", "failed", "success", "success"]
    payloads = [pipeline(number, status) for number, status in enumerate(statuses)]
    answers = story_of(*payloads, events=["failed", "fixed"])
    assert answers == ["failed", "the pipeline is still failing", "fixed", SILENT + "success"]


@pytest.mark.parametrize("memory", ["", "failed", "failed x success", "failed 1", "canceled 1 failed", "失败", "\n"])
def test_a_memory_that_cannot_be_read_is_none(memory: str) -> None:
    handler = made_handler(PipelineHookNotifyEventHandler, Site())
    event = Event(name=NAME, payload=pipeline(2, "success"), last=memory)
    assert handler.handle(event) == No(SILENT + "success")
    assert handler.remember(event) == "success 2 unknown"


@pytest.mark.parametrize("number", [None, "", "x", -1, 1.5, True, 10**40])
def test_a_pipeline_without_a_number_is_not_remembered(number: Any) -> None:
    handler = made_handler(PipelineHookNotifyEventHandler, Site())
    assert handler.remember(Event(name=NAME, payload=pipeline(number, "failed"), last="success 1 unknown")) is None


@pytest.mark.parametrize(
    ("last", "status", "title", "level"),
    [
        ("failed 1 unknown", "success", "Pipeline #12 is fixed on main", Level.SUCCESS),
        ("failed 1 unknown", "failed", "Pipeline #12 is still failing on main", Level.FAILURE),
        ("success 1 unknown", "failed", "Pipeline #12 failed on main", Level.FAILURE),
        ("failed 1 unknown", "canceled", "Pipeline #12 was canceled on main", Level.WARNING),
    ],
)
def test_a_title_says_what_it_means(last: str, status: str, title: str, level: Level) -> None:
    handler = made_handler(PipelineHookNotifyEventHandler, Site(language="en"))
    answer = handler.handle(Event(name=NAME, payload=pipeline(12, status), last=last))
    assert not isinstance(answer, No)
    message: Message = answer[0]
    assert (message.title, message.level, message.facts["status"]) == (title, level, status)
