"""Whom messages mention: those who have something to do now, and those who are called by name in a text.

A mention interrupts somebody, so that good news mention nobody, and nobody is mentioned for what they did themselves.
"""

import re
from collections.abc import Collection, Iterator

from posthouse import Mention, Reader, mention, mentioned_in, mentions
from posthouse.webhooks.gitlab.changes import action_of, added
from posthouse.webhooks.gitlab.merge_request_update import updates_of
from posthouse.webhooks.gitlab.payload import BOT, name, number, word

#: What names of GitLab's begin with.
KIND = "gitlab"
#: The address that GitLab makes up for the commits of users who show none: "Use an automatically-generated private
#: commit email" on its page "Profile".
PRIVATE_ADDRESS = re.compile(r"[0-9]+-(?P<username>[A-Za-z0-9_.-]+)@users\.noreply\.")
#: What an update of a merge request asks of people.
ASKED = ("review_requested", "reviewers_added", "assignees_added")
#: What starts a pipeline because of its commit, by GitLab's ``source``. A schedule, another pipeline or a person may
#: start one long after the commit was made, and who made it has nothing to do with it.
BY_COMMIT = frozenset({"push", "merge_request_event", "external_pull_request_event", "parent_pipeline", ""})


def mention_of(user: Reader) -> Mention | None:
    """Return the mention of a user; none of nobody, and of an access token's, who reads nothing."""
    username = name(user, "username")
    if BOT.match(username):
        return None
    return mention(KIND, username, text=name(user, "name", "username"), email=user.text("email"))


def mention_of_author(commit: Reader) -> Mention | None:
    """Return the mention of who wrote a commit, which is a guess: Git believes what people say of themselves."""
    address = commit.text("author.email")
    found = PRIVATE_ADDRESS.match(address)
    username = found["username"] if found else ""
    return mention(KIND, username, text=name(commit, "author.name"), email=address, guess=True)


def merge_request_mentions(request: Reader, what: str, *, told: Collection[str]) -> tuple[Mention, ...]:
    """Return who is asked for something, and the author of what was found wanting.

    An update may ask several people for several things; ``told`` is what the configuration tells of.
    """
    return mentions(_asked(request, what, told), without=mention_of(request.at("user")))


def issue_mentions(issue: Reader, what: str, *, told: Collection[str]) -> tuple[Mention, ...]:
    """Return who has something to do: whom the issue was given to, also if it was done and no longer is."""
    return mentions(_given(issue, what, told), without=mention_of(issue.at("user")))


def note_mentions(note: Reader, action: str) -> tuple[Mention, ...]:
    """Return who is called in a comment; in one that was edited they were called before."""
    text = note.text("object_attributes.note") if action == "create" else ""
    return mentions(mentioned_in(text, KIND), without=mention_of(note.at("user")))


def pipeline_mentions(pipeline: Reader, what: str) -> tuple[Mention, ...]:
    """Return who can do something about a pipeline that failed: who started it, and who wrote its commit.

    Who pushes to a branch that fails already has not broken it, and a schedule would call the same person again.
    """
    if what != "failed":
        return ()
    by_commit = word(pipeline, "object_attributes.source") in BY_COMMIT
    author = mention_of_author(pipeline.at("commit")) if by_commit else None
    return mentions((mention_of(pipeline.at("user")), author))


def _asked(request: Reader, what: str, told: Collection[str]) -> Iterator[Mention | None]:
    attributes = request.at("object_attributes")
    # Before GitLab 14 a draft was a work in progress. Nobody reviews it before it is ready.
    is_draft = attributes.flag("draft") or attributes.flag("work_in_progress")
    if what == "ready" or (what == "open" and not is_draft):
        yield from map(mention_of, request.each("reviewers"))
    if what == "open":
        yield from map(mention_of, request.each("assignees"))
        yield from mentioned_in(attributes.text("description"), KIND)
    if what == "changes_requested":
        yield _author(request)
    if action_of(attributes) == "update":
        updates = updates_of(request)
        for asked in ASKED:
            yield from map(mention_of, updates.get(asked, ()) if asked in told else ())


def _author(request: Reader) -> Mention | None:
    """Return who opened a merge request. GitLab sends only a number; if nobody there has it, guess the committer."""
    own, attributes = number(request, "object_attributes.author_id"), request.at("object_attributes")
    people = (request.at("user"), *request.each("assignees"), *request.each("reviewers"))
    author = next((person for person in people if own and number(person, "id") == own), None)
    return mention_of_author(attributes.at("last_commit")) if author is None else mention_of(author)


def _given(issue: Reader, what: str, told: Collection[str]) -> Iterator[Mention | None]:
    if what in {"open", "reopen"}:
        yield from map(mention_of, issue.each("assignees"))
    if what == "open":
        yield from mentioned_in(issue.text("object_attributes.description"), KIND)
    if action_of(issue.at("object_attributes")) == "update" and "assigned" in told:
        yield from map(mention_of, added(issue, "assignees"))
