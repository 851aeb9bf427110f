"""What an update of a merge request is about: GitLab calls everything "update" that is no step of its own."""

import re

from posthouse import Reader
from posthouse.webhooks.gitlab.changes import added, change, has_changed, removed, switched, turned

#: How a title says that the merge request is a draft; marking it as ready changes the title too.
DRAFT_PREFIX = re.compile(r"\s*(\[(draft|wip)\]|\(draft\)|(draft|wip):)\s*", re.IGNORECASE)


def updates_of(request: Reader) -> dict[str, list[Reader]]:
    """Return what an update is about, the most urgent first, each with the people it concerns."""
    was_pushed = bool(request.text("object_attributes.oldrev"))
    was_draft, is_draft = (change(request, "draft").flag(key) for key in ("previous", "current"))
    found: dict[str, list[Reader] | bool] = {
        "changes_requested": turned(request, "reviewers", "state", "requested_changes"),
        "review_requested": turned(request, "reviewers", "re_requested", value=True),
        "new_commits": was_pushed,
        "ready": was_draft and not is_draft,
        "draft": is_draft and not was_draft,
        "reviewers_added": added(request, "reviewers"),
        # Older GitLabs list assignees as changed with every push (their issue 216874).
        "assignees_added": [] if was_pushed else added(request, "assignees"),
        "target_changed": has_changed(request, "target_branch"),
        "title_changed": _has_new_title(request),
        "reviewed": turned(request, "reviewers", "state", "reviewed"),
        "threads_resolved": switched(request, "blocking_discussions_resolved", to=True),
        "auto_merge_set": switched(request, "merge_when_pipeline_succeeds", to=True),
        "reviewers_removed": removed(request, "reviewers"),
        "assignees_removed": [] if was_pushed else removed(request, "assignees"),
        "description_changed": has_changed(request, "description"),
        "labels_changed": bool(added(request, "labels") or removed(request, "labels")),
        "milestone_changed": has_changed(request, "milestone_id"),
    }
    return {what: happened if isinstance(happened, list) else [] for what, happened in found.items() if happened}


def _has_new_title(request: Reader) -> bool:
    titles = change(request, "title")
    previous, current = (DRAFT_PREFIX.sub("", titles.text(key), count=1) for key in ("previous", "current"))
    return bool(current) and previous != current
