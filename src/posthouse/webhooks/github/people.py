"""Whom messages mention: those who have something to do now, and those who are called by name in a text.

A mention interrupts somebody, so that good news mention nobody, and nobody is mentioned for what they did themselves.
A team is nobody: nothing says who is in it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from posthouse import Event, Mention, Reader, mention, mentioned_in, mentions
from posthouse.webhooks.github.payload import BURST_SECONDS, ONE_BY_ONE, is_bot, name, word

#: What names of GitHub's begin with.
KIND = "github"
#: The address that GitHub makes up for the commits of users who show none, also with their number in front: "Email
#: addresses reference" in its documentation.
PRIVATE_ADDRESS = re.compile(r"(?:[0-9]+\+)?(?P<login>[A-Za-z0-9_-]+)@users\.noreply\.")
#: What starts a workflow because of its commit, by GitHub's ``event``. A schedule or a person may start one long after
#: the commit was made, and who made it has nothing to do with it.
BY_COMMIT = frozenset({"push", "pull_request", "pull_request_target", "merge_group", ""})
#: A `Choice` as it is remembered. The number is bounded, as Python would not read an endless one.
REMEMBERED = re.compile(r"(?P<began_at>[0-9]{1,15})(?P<logins>(?: [A-Za-z0-9_-]+)+)")
LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Choice:
    """The people who are chosen at once, since ``began_at`` (seconds since the epoch): assignees, or reviewers.

    GitHub sends an event for each of them, but one message tells of them all.
    """

    began_at: int
    logins: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((str(self.began_at), *self.logins))


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


def choice(event: Event, what: str) -> Choice | None:
    """Return who is chosen by an event and by those just before it; None for nobody, such as a team."""
    if what not in ONE_BY_ONE:
        return None
    person = event.reader.at("assignee" if what == "assigned" else "requested_reviewer")
    login = "" if is_bot(person) else name(person, "login")
    now, last = int(event.received_at), REMEMBERED.fullmatch(event.last or "")
    began_at, logins = (int(last["began_at"]), last["logins"].split()) if last else (now, [])
    if not began_at <= now <= began_at + BURST_SECONDS:
        began_at, logins = now, []
    chosen = dict.fromkeys((*logins, login) if LOGIN.fullmatch(login) else logins)
    return Choice(began_at, tuple(chosen)) if chosen else None


def issue_mentions(event: Event, what: str, *, told: Collection[str]) -> tuple[Mention, ...]:
    """Return who has something to do: whom the issue was given to, also if it was done and no longer is.

    ``told`` is what the configuration tells of.
    """
    issue = event.reader.at("issue")
    people = [*_given(event, issue, what, told)]
    if what == "reopened":
        people += map(mention_of, issue.each("assignees"))
    return mentions(people, without=mention_of(event.reader.at("sender")))


def pull_request_mentions(event: Event, what: str, *, told: Collection[str]) -> tuple[Mention, ...]:
    """Return who has something to do: whom the pull request was given to, or who is asked to review it."""
    request = event.reader.at("pull_request")
    people = [*_given(event, request, what, told)]
    if what == "ready_for_review" or (what == "opened" and "review_requested" not in told):
        people += map(mention_of, request.each("requested_reviewers"))
    return mentions(people, without=mention_of(event.reader.at("sender")))


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


def _given(event: Event, thing: Reader, what: str, told: Collection[str]) -> Iterator[Mention | None]:
    """Yield whom an issue or a pull request is given to, and who is called in the text of a new one.

    Who is chosen while it is opened has an event of their own, which mentions them unless nobody hears of it.
    """
    chosen = choice(event, what)
    for login in chosen.logins if chosen else ():
        yield mention(KIND, login, text=login)
    if what == "opened" and "assigned" not in told:
        yield from map(mention_of, thing.each("assignees"))
    if what == "opened":
        yield from mentioned_in(thing.text("body"), KIND)
