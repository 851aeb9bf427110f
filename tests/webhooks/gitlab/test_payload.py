"""What GitLab's handlers read alike."""

import json
from pathlib import Path
from typing import Any

import pytest

from making import made_handler
from posthouse import Event, Items, Message, Reader, Site
from posthouse.webhooks.gitlab.changes import added, has_changed, removed, silence, turned
from posthouse.webhooks.gitlab.payload import GitlabNotifyEventHandler, is_bot, is_no_commit, ref_name
from posthouse.webhooks.gitlab.pipeline import PipelineHookNotifyEventHandler
from posthouse.webhooks.gitlab.push import PushHookNotifyEventHandler

PAYLOADS = Path(__file__).parent / "payloads"


class Handler(GitlabNotifyEventHandler):
    events = ()

    def message(self, event: Event) -> Message:
        return Message(title=event.name)


ZH, EN = (made_handler(Handler, Site(language=language)) for language in ("zh", "en"))


@pytest.mark.parametrize("username", ["project_15_bot", "project_15_bot2", "project_15_bot_4f9c1e", "group_3_bot_00aa"])
def test_the_users_of_access_tokens_are_bots(username: str) -> None:
    assert is_bot(Reader({"user": {"username": username}}))


@pytest.mark.parametrize("username", ["lilei", "project_bot", "my_project_15_bot", "project_15_bottle", ""])
def test_other_users_are_no_bots(username: str) -> None:
    assert not is_bot(Reader({"user": {"username": username}}))


def test_a_name_is_one_line_and_no_longer_than_in_gitlab() -> None:
    who = EN.actor(Reader({"user": {"name": "Li\nLei" + "x" * 1000}})).text
    assert who == "Li"
    assert len(EN.actor(Reader({"user": {"name": "x" * 1000}})).text) == 256


def test_of_many_people_ten_are_named() -> None:
    people = [Reader({"name": f"P{number}"}) for number in range(12)]
    assert EN.names(people) == "P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 … +2"
    assert ZH.names(people[:2]) == "P0、P1"


def test_a_project_without_a_path_is_called_after_its_address() -> None:
    reader = Reader({"project_name": "Finance / Ledger", "repository": {"homepage": "https://git.example.com/a/b"}})
    assert EN.project(reader).text == "a/b"
    assert EN.facts(reader)["project"] == "a/b"


def test_an_object_without_project_has_no_line_about_it() -> None:
    assert EN.about(Reader({"project": None})) == ()


@pytest.mark.parametrize("sha", ["0" * 40, "0" * 64])
def test_zeros_are_no_commit(sha: str) -> None:
    assert is_no_commit(sha)


@pytest.mark.parametrize("sha", ["", "0" * 39 + "1", "0\n", "x"])
def test_anything_else_is_not_no_commit(sha: str) -> None:
    assert not is_no_commit(sha)


def test_a_branch_keeps_its_slashes() -> None:
    assert ref_name("refs/heads/feature/refs/heads/x") == "feature/refs/heads/x"
    assert ref_name("refs/tags/v1") == "v1"


@pytest.mark.parametrize("people", [{"previous": [{"id": 1}], "current": [{"id": 2}]}, [[{"id": 1}], [{"id": 2}]]])
def test_people_are_told_apart_in_both_shapes_of_changes(people: Any) -> None:
    reader = Reader({"changes": {"reviewers": people}})
    assert [person.label("id") for person in added(reader, "reviewers")] == ["2"]
    assert [person.label("id") for person in removed(reader, "reviewers")] == ["1"]


def test_a_reviewer_turns_once() -> None:
    both = {"previous": [{"id": 1, "state": "requested_changes"}], "current": [{"id": 1, "state": "requested_changes"}]}
    assert turned(Reader({"changes": {"reviewers": both}}), "reviewers", "state", "requested_changes") == []


def test_a_field_that_is_listed_but_the_same_has_not_changed() -> None:
    assert not has_changed(
        Reader({"changes": {"due_date": {"previous": "2026-03-10", "current": "2026-03-10"}}}), "due_date"
    )


def test_the_reason_for_silence_is_short_whatever_is_listed() -> None:
    changes = {f"{number:03}{'x' * 1000}": {} for number in range(100)} | {"updated_at": {}}
    update = {"object_attributes": {"action": "update"}, "changes": changes}
    assert len(silence(Reader(update), "issue", "update")) < 600


def test_a_push_of_35_commits_counts_them_all() -> None:
    message = told(PushHookNotifyEventHandler, "push_hook__20_of_35_commits")
    assert "35 commits" in message.title
    (items,) = (block for block in message.blocks if isinstance(block, Items))
    assert (len(items.lines), items.more) == (10, 25)


def test_a_pipeline_shows_its_stages_in_order_however_its_jobs_are_sent() -> None:
    message = told(PipelineHookNotifyEventHandler, "pipeline_hook__failed")
    stages, failures = (block for block in message.blocks if isinstance(block, Items))
    assert [line[0].text for line in stages.lines] == ["build", "test", "deploy"]
    assert [line[0].text for line in failures.lines] == ["unit", "integration"]


def told(handler: type[GitlabNotifyEventHandler], payload: str) -> Message:
    value = json.loads((PAYLOADS / f"{payload}.json").read_text(encoding="utf-8"))
    return made_handler(handler, Site(language="en")).message(Event(name="x", payload=value))
