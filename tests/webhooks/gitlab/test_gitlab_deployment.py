"""One deployment goes through several events; a rejection is told once."""

from typing import Any

import pytest

from making import made_handler
from posthouse import Event, Site
from posthouse.webhooks.gitlab.deployment import DeploymentHookNotifyEventHandler

HANDLER = made_handler(DeploymentHookNotifyEventHandler, Site(language="en"))


def occurrences(*statuses: str, **fields: Any) -> list[str | None]:
    """Return what each of an approval's events is called that come one after another, as a webhook remembers them."""
    memory: dict[str, str] = {}
    found = []
    for status in statuses:
        payload = {"status": status, "deployment_id": 311, "project": {"id": 15}, "approval": {"id": 42}, **fields}
        event = Event(name="Deployment Hook", payload=payload)
        topic = HANDLER.topic(event)
        event = Event(name="Deployment Hook", payload=payload, last=memory.get(topic or ""))
        if topic and (value := HANDLER.remember(event)):
            memory[topic] = value
        found.append(HANDLER.message(event).occurrence)
    return found


def test_a_rejected_deployment_that_fails_is_one_occurrence() -> None:
    _, rejected, failed = occurrences("blocked", "rejected", "failed")
    assert rejected == failed == "gitlab:deployment:15:311:rejected"


def test_a_repeat_of_that_failure_is_the_same_occurrence_still() -> None:
    rejected, failed, again = occurrences("rejected", "failed", "failed")
    assert rejected == failed == again


def test_an_approved_deployment_that_fails_has_failed() -> None:
    *_, failed = occurrences("blocked", "approved", "running", "failed")
    assert failed == "gitlab:deployment:15:311:failed"


def test_every_other_step_is_an_occurrence_of_its_own() -> None:
    steps = occurrences("blocked", "approved", "running", "success")
    assert len(set(steps)) == len(steps)


def test_each_approval_is_an_occurrence_of_its_own() -> None:
    assert occurrences("approved", approval={"id": 42}) != occurrences("approved", approval={"id": 43})


@pytest.mark.parametrize("fields", [{"deployment_id": None}, {"project": None}])
def test_a_deployment_without_ids_is_no_occurrence(fields: dict[str, Any]) -> None:
    assert occurrences("rejected", "failed", **fields) == [None, None]
