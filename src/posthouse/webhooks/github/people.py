"""Whom messages mention: those who have something to do now, and those who are called by name in a text.

A mention interrupts somebody, so that good news mention nobody, and nobody is mentioned for what they did themselves.
A team is nobody: nothing says who is in it.
"""

import re
from collections.abc import Collection, Iterator

from posthouse import Mention, Reader, mention, mentioned_in, mentions
from posthouse.webhooks.github.payload import is_bot, name, word

#: What names of GitHub's begin with.
KIND = "github"
#: The address that GitHub makes up for the commits of users who show none, also with their number in front: "Email
#: addresses reference" in its documentation.
PRIVATE_ADDRESS = re.compile(r"(?:[0-9]+\+)?(?P<login>[A-Za-z0-9_-]+)@users\.noreply\.")
#: What starts a workflow because of its commit, by GitHub's ``event``. A schedule or a person may start one long after
#: the commit was made, and who made it has nothing to do with it.
BY_COMMIT = frozenset({"push", "pull_request", "pull_request_target", "merge_group", ""})


def mention_of(user: Reader) -> Mention | None:
    """Return the mention of a user; none of nobody, and of an app, which reads nothing."""
    login = name(user, "login")
    return None if is_bot(user) else mention(KIND, login, text=login)


def mention_of_author(commit: Reader) -> Mention | None:
    """Return the mention of who wrote a commit, which is a guess: Git believes what people say of themselves."""
    address = commit.text("author.email")
    found = PRIVATE_ADDRESS.match(address)
    login = name(commit, "author.username") or (found["login"] if found else "")
    return mention(KIND, login, text=name(commit, "author.name"), email=address, guess=True)


def issue_mentions(change: Reader, what: str, *, told: Collection[str]) -> tuple[Mention, ...]:
    """Return who has something to do: whom the issue was given to, also if it was done and no longer is.

    ``told`` is what the configuration tells of.
    """
    issue = change.at("issue")
    people = [*_given(change, issue, what, told)]
    if what == "reopened":
        people += map(mention_of, issue.each("assignees"))
    return mentions(people, without=mention_of(change.at("sender")))


def pull_request_mentions(change: Reader, what: str, *, told: Collection[str]) -> tuple[Mention, ...]:
    """Return who has something to do: whom the pull request was given to, or who is asked to review it."""
    request = change.at("pull_request")
    people = [*_given(change, request, what, told)]
    if what == "review_requested":
        people.append(mention_of(change.at("requested_reviewer")))
    if what in {"review_requested", "ready_for_review"} or (what == "opened" and "review_requested" not in told):
        people += map(mention_of, request.each("requested_reviewers"))
    return mentions(people, without=mention_of(change.at("sender")))


def review_mentions(change: Reader, what: str) -> tuple[Mention, ...]:
    """Return whose changes are found wanting, and who is called in a review that is new."""
    people = [mention_of(change.at("pull_request.user"))] if what == "changes_requested" else []
    if word(change, "action") == "submitted":
        people += mentioned_in(change.text("review.body"), KIND)
    return mentions(people, without=mention_of(change.at("sender")))


def comment_mentions(comment: Reader, what: str) -> tuple[Mention, ...]:
    """Return who is called in a comment; in one that was edited they were called before."""
    text = comment.text("comment.body") if what == "created" else ""
    return mentions(mentioned_in(text, KIND), without=mention_of(comment.at("sender")))


def workflow_run_mentions(run: Reader, what: str) -> tuple[Mention, ...]:
    """Return who can do something about a run that failed: who started it, and who wrote its commit.

    Who pushes to a branch that fails already has not broken it, and a schedule would call the same person again.
    """
    if what != "failed":
        return ()
    starter = run.at("triggering_actor" if run.text("triggering_actor.login") else "actor")
    author = mention_of_author(run.at("head_commit")) if word(run, "event") in BY_COMMIT else None
    return mentions((mention_of(starter), author))


def _given(change: Reader, thing: Reader, what: str, told: Collection[str]) -> Iterator[Mention | None]:
    """Yield who an issue or a pull request is given to, and who is called in the text of a new one.

    GitHub sends an event of its own for each who is chosen, also while it is opened. Of those who are chosen at once
    only the last event is told, so that it mentions all.
    """
    if what == "assigned":
        yield mention_of(change.at("assignee"))
    if what == "assigned" or (what == "opened" and "assigned" not in told):
        yield from map(mention_of, thing.each("assignees"))
    if what == "opened":
        yield from mentioned_in(thing.text("body"), KIND)
