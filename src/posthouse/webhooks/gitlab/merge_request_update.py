"""What an update of a merge request is about: GitLab calls everything "update" that is no step of its own."""

import re
from dataclasses import dataclass

from posthouse import Reader
from posthouse.webhooks.gitlab.changes import added, change, has_changed, turned

#: How a title says that the merge request is a draft; marking it as ready changes the title too.
DRAFT_PREFIX = re.compile(r"\s*(\[(draft|wip)\]|\(draft\)|(draft|wip):)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Update:
    """What changed most, in a word, and whom it concerns; "update" for nothing that somebody waits for."""

    what: str
    people: tuple[Reader, ...] = ()


def update_of(request: Reader) -> Update:
    """Return the most urgent of the changes that came together."""
    if turned(request, "reviewers", "state", "requested_changes"):
        return Update("changes_requested")
    if again := turned(request, "reviewers", "re_requested", value=True):
        return Update("review_requested", tuple(again))
    # Older GitLabs list assignees as changed with every push (their issue 216874), so commits are looked at first.
    if request.text("object_attributes.oldrev"):
        return Update("new_commits")
    was_draft, is_draft = (change(request, "draft").flag(key) for key in ("previous", "current"))
    if was_draft != is_draft:
        return Update("draft" if is_draft else "ready")
    if reviewers := added(request, "reviewers"):
        return Update("reviewers_added", tuple(reviewers))
    if assignees := added(request, "assignees"):
        return Update("assignees_added", tuple(assignees))
    if has_changed(request, "target_branch"):
        return Update("target_changed")
    return Update("title_changed" if _has_new_title(request) else "update")


def _has_new_title(request: Reader) -> bool:
    titles = change(request, "title")
    previous, current = (DRAFT_PREFIX.sub("", titles.text(key), count=1) for key in ("previous", "current"))
    return bool(current) and previous != current
