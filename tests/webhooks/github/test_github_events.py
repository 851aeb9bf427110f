"""What users choose of GitHub's events, what is told once, and what is held back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from making import REGISTRY, WEBHOOKS, event_of, made_handler
from posthouse import Event, Message, No, Site
from posthouse.webhooks.github import (
    GitHubNotifyEventHandler,
    comment,
    deployment_status,
    issues,
    pull_request,
    pull_request_review,
    push,
    release,
    star,
    workflow_run,
)

TABLES = (comment, deployment_status, issues, pull_request, pull_request_review, push, release, star, workflow_run)


def event(case: str) -> Event:
    return event_of(WEBHOOKS / "github" / "payloads" / f"{case}.json", Site())


def changed(case: str, **paths: Any) -> Event:
    """Return the event of a payload file in which some values, by paths with "__" for the dots, are others."""
    payload = json.loads(json.dumps(event(case).payload))
    for path, value in paths.items():
        *keys, last = path.split("__")
        place = payload
        for key in keys:
            place = place[key]
        place[last] = value
    return replace(event(case), payload=payload)


def told(given: Event, chosen: Sequence[str] | bool | None = None) -> Message | No:
    settings = {} if chosen is None else {"events": {given.name: chosen}}
    result = made_handler(REGISTRY.events["GITHUB", given.name], Site(language="en"), **settings).handle(given)
    return result if isinstance(result, No) else result[0]


def remembered(given: Event) -> str | None:
    return made_handler(REGISTRY.events["GITHUB", given.name], Site()).remember(given)


def topic(given: Event) -> str | None:
    return made_handler(REGISTRY.events["GITHUB", given.name], Site()).topic(given)


@pytest.mark.parametrize("module", TABLES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_whatever_may_be_chosen_has_words_of_its_own(module: Any) -> None:
    handlers = [
        found
        for (kind, _), found in REGISTRY.events.items()
        if kind == "GITHUB" and found.__module__ == module.__name__
    ]
    assert handlers
    for found in handlers:
        assert set(found.happenings) == set(module.HAPPENINGS)
    texts = [text for happening in module.HAPPENINGS.values() for text in (happening.zh, happening.en)]
    assert len(set(texts)) == len(texts)


def test_every_handler_builds_on_the_same_words() -> None:
    found = {handler for (kind, name), handler in REGISTRY.events.items() if kind == "GITHUB" and name != "ping"}
    assert all(issubclass(handler, GitHubNotifyEventHandler) for handler in found)


def test_a_merge_is_not_a_close() -> None:
    assert isinstance(told(event("pull_request__merged"), ["merged"]), Message)
    assert isinstance(told(event("pull_request__merged"), ["closed"]), No)
    assert isinstance(told(event("pull_request__closed"), ["merged"]), No)


def test_of_several_edits_the_one_that_is_told_counts() -> None:
    both = changed(
        "pull_request__title_changed",
        changes={"base": {"ref": {"from": "develop"}}, "title": {"from": "修复结算"}, "body": {"from": ""}},
    )
    for chosen in ("target_changed", "title_changed", "description_changed"):
        message = told(both, [chosen])
        assert isinstance(message, Message)
        assert message.facts["action"] == chosen


def test_a_new_branch_counts_only_the_commits_that_no_other_branch_has() -> None:
    message = told(event("push__new_branch"))
    assert isinstance(message, Message)
    assert message.title == "lilei created branch fix/year-end with 1 commit"


def test_an_old_branch_counts_every_commit() -> None:
    message = told(event("push__merge"))
    assert isinstance(message, Message)
    assert message.title == "lilei pushed 3 commits to main"


def test_as_many_commits_as_github_lists_may_be_more() -> None:
    many = changed("push__two_commits", commits=[{"id": "1" * 40, "message": "x"}] * 2048)
    message = told(many)
    assert isinstance(message, Message)
    assert message.title == "lilei pushed 2048+ commits to main"


def test_a_push_without_flags_goes_by_the_empty_commits() -> None:
    for case, what in (
        ("push__new_branch", "branch_created"),
        ("push__deleted_branch", "branch_deleted"),
        ("push__new_tag", "tag_created"),
        ("push__deleted_tag", "tag_deleted"),
    ):
        message = told(changed(case, created=None, deleted=None), [what])
        assert isinstance(message, Message)
        assert message.facts["action"] == what


@pytest.mark.parametrize("case", ["push__two_commits", "pull_request__opened", "issues__closed_completed"])
def test_an_organisations_webhook_tells_the_same_occurrence(case: str) -> None:
    message = told(event(case))
    assert isinstance(message, Message)
    assert message.occurrence
    for organisation in (None, {"login": "finance", "id": 3}):
        again = told(changed(case, organization=organisation))
        assert isinstance(again, Message)
        assert again.occurrence == message.occurrence


def test_closing_again_is_another_occurrence() -> None:
    once = told(event("issues__closed_completed"))
    again = told(changed("issues__closed_completed", issue__updated_at="2026-11-24T04:00:30Z"))
    assert isinstance(once, Message)
    assert isinstance(again, Message)
    assert once.occurrence != again.occurrence


def test_several_reviewers_chosen_at_once_are_one_burst_of_several_occurrences() -> None:
    first, second = (
        told(event("pull_request__review_requested")),
        told(event("pull_request__review_requested_from_team")),
    )
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert first.hold
    assert first.hold == second.hold
    assert first.occurrence != second.occurrence
    assert "hanmeimei, 账务审核组" in second.to_text()


def test_what_a_deleted_comment_said_is_not_told() -> None:
    message = told(event("issue_comment__deleted"), ["deleted"])
    assert isinstance(message, Message)
    assert "税率" not in message.to_text()


def test_a_comment_that_an_app_writes_for_somebody_is_a_bots() -> None:
    answer = told(changed("issue_comment__on_issue", comment__user={"login": "renovate[bot]"}))
    assert answer == No("the comment was written by a bot")


def run(number: int, conclusion: str, last: str | None, attempt: int = 1) -> Event:
    given = changed(
        "workflow_run__failed",
        workflow_run__run_number=number,
        workflow_run__conclusion=conclusion,
        workflow_run__run_attempt=attempt,
    )
    return replace(given, last=last)


def test_runs_are_told_as_a_story() -> None:
    last, actions = None, []
    for number, conclusion, attempt in (
        (1, "success", 1),
        (2, "failure", 1),
        (3, "cancelled", 1),
        (4, "timed_out", 1),
        (6, "success", 1),
        (5, "failure", 1),
        (7, "success", 1),
        (8, "startup_failure", 1),
        (8, "success", 2),
    ):
        given = run(number, conclusion, last, attempt)
        answer = told(given)
        actions.append(answer.reason if isinstance(answer, No) else answer.facts["action"])
        last = remembered(given) or last
    assert actions == [
        "the run's outcome is success",
        "failed",
        "the run's outcome is cancelled",
        "still_failing",
        "fixed",
        "a newer run of the workflow was completed before",
        "the run's outcome is success",
        "failed",
        "fixed",
    ]


def test_a_repeated_delivery_means_the_same_again() -> None:
    for before in (None, "failed 3.1 since 2", "success 3.1 since 3"):
        once = run(4, "failure", before)
        again = replace(once, last=remembered(once))
        first, second = told(once), told(again)
        assert isinstance(first, Message)
        assert isinstance(second, Message)
        assert (first.facts["action"], first.occurrence) == (second.facts["action"], second.occurrence)
        assert remembered(again) == remembered(once)


def test_a_late_run_leaves_the_memory_as_it_is() -> None:
    assert remembered(run(4, "failure", "success 5.1 since 5")) is None
    assert remembered(run(5, "failure", "success 5.2 since 5")) is None


def test_what_is_not_understood_is_not_remembered() -> None:
    for last in ("", "x", "failed 3.1", "failed 3.1 since " + "9" * 5000):
        message = told(run(4, "failure", last))
        assert isinstance(message, Message)
        assert message.facts["action"] == "failed"


def test_every_success_may_be_chosen_and_the_relief_is_one() -> None:
    assert isinstance(told(run(4, "success", "failed 3.1 since 2"), ["success"]), Message)
    assert isinstance(told(run(4, "success", None), ["success"]), Message)


def test_the_first_failure_may_be_chosen_alone() -> None:
    assert isinstance(told(run(4, "failure", None), ["failed"]), Message)
    assert isinstance(told(run(4, "failure", "failed 3.1 since 2"), ["failed"]), No)


def test_each_branch_of_each_repository_has_a_memory_of_its_own() -> None:
    topics = {
        topic(event("workflow_run__failed")),
        topic(event("workflow_run__pull_request")),
        topic(event("workflow_run__action_required")),
        topic(changed("workflow_run__failed", workflow_run__workflow_id=56)),
        topic(changed("workflow_run__failed", repository__id=16)),
    }
    assert len(topics) == 5
    assert topic(changed("workflow_run__failed", workflow_run__head_branch=None)) is None
