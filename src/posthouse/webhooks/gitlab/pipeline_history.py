"""How the pipelines of one branch went before: GitLab has no event for one that is fixed."""

import re

from posthouse import Event, Reader
from posthouse.webhooks.gitlab.payload import number, project_id, ref_name, word

#: The statuses that say how it went. A pipeline that was canceled or skipped does not say, and is not remembered.
VERDICTS = frozenset({"success", "failed"})
#: What is remembered: a pipeline's status, its id, and the status of the one that was remembered before it.
ENTRY = re.compile(r"(?P<status>success|failed) (?P<id>[0-9]{1,30}) (?P<before>success|failed|unknown)")


def topic_of(pipeline: Reader) -> str | None:
    """Name what pipelines are compared by: their branch, their tag or their merge request.

    The child of another pipeline of the same branch runs other jobs, and says nothing about that branch.
    """
    attributes, project = pipeline.at("object_attributes"), project_id(pipeline)
    ref, request = ref_name(attributes.text("ref")), number(pipeline, "merge_request.iid")
    if not project or not (ref or request) or word(attributes, "source") == "parent_pipeline":
        return None
    if request:
        return f"pipeline:{project}!{request}"
    return f"pipeline:{project}:{'tags' if attributes.flag('tag') else 'heads'}/{ref}"


def status_before(event: Event) -> str:
    """Return the verdict on the pipeline before; "unknown" where there is none, and for a pipeline that comes late.

    GitLab does not send events in order, but gives newer pipelines higher ids.
    """
    own, last = _id(event), ENTRY.fullmatch(event.last or "")
    if own is None or last is None or own < int(last["id"]):
        return "unknown"
    if own == int(last["id"]) and last["status"] == word(event.reader, "object_attributes.status"):
        return last["before"]  # the same again: several hooks may send it
    return last["status"]


def memory_of(event: Event) -> str | None:
    """Return what is remembered of a pipeline; None leaves what was remembered, also where that is newer."""
    own, last = _id(event), ENTRY.fullmatch(event.last or "")
    status = word(event.reader, "object_attributes.status")
    if status not in VERDICTS or own is None or (last is not None and own < int(last["id"])):
        return None
    return f"{status} {own} {status_before(event)}"


def _id(event: Event) -> int | None:
    return event.reader.count("object_attributes.id")
