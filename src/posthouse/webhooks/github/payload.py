"""What all of GitHub's handlers read alike: the repository, the person who acted, refs, commits, labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from posthouse import Block, Bold, Event, Hold, Level, Line, Link, No, NotifyEventHandler, Reader, Text, Yes, first_line
from posthouse.webhooks.github.handler import GitHubWebhookHandler

#: How many commits a message shows before it says "… +12".
SHOWN = 10
#: How long a name may be before it is cut, in characters; GitHub's limit for titles is 256.
NAME = 255
#: How much of a word or an id from a payload is repeated, in characters.
WORD = 40
#: What GitHub reports for each person on its own, although somebody chose all of them at once.
ONE_BY_ONE = frozenset({"assigned", "review_requested"})
#: What happens to a thing on behalf of another one, by where that other one stands in the payload.
CONCERNED = {
    "assigned": ("assignee.login",),
    "unassigned": ("assignee.login",),
    "review_requested": ("requested_reviewer.login", "requested_team.name", "requested_team.slug"),
    "review_request_removed": ("requested_reviewer.login", "requested_team.name", "requested_team.slug"),
    "labeled": ("label.name",),
    "unlabeled": ("label.name",),
    "milestoned": ("milestone.title",),
    "demilestoned": ("milestone.title",),
}
#: What an edit of an issue or a pull request is called, by the fields it changed.
EDITS = {"base": "target_changed", "title": "title_changed", "body": "description_changed"}
#: What happens to a thing only once.
ONCE = frozenset({"opened", "merged", "deleted", "transferred"})
#: How long a message waits for others of its burst, in seconds.
BURST_SECONDS = 10.0
#: How the login of a GitHub App ends, such as dependabot's.
BOT = "[bot]"


@dataclass(frozen=True, slots=True)
class Happening:
    """What may happen to something: how it is told, how good or bad that is, and whether it is told by default."""

    zh: str
    en: str
    told: bool = True
    level: Level = Level.INFO


def defaults(happenings: Mapping[str, Happening]) -> Mapping[str, bool]:
    """Return which of them are told by default."""
    return {what: happening.told for what, happening in happenings.items()}


class GitHubNotifyEventHandler(NotifyEventHandler):
    """A handler of GitHub's events, with the words that stand in for what a payload does not say."""

    webhook_type = GitHubWebhookHandler

    def told(self, event: Event, noun: str, what: str) -> Yes | No:
        """Decide whether what happened to something is told: by the configuration, or by default."""
        if not what:
            return No(f"the {noun}'s action is missing")
        return Yes() if self.tells(event, what) else No(f"the {noun}'s action is {what}")

    def action(self, event: Event) -> str:
        """Return what happened: GitHub's action, or of an edit the first change in `EDITS` that is told."""
        action = word(event.reader, "action")
        found = [what for field, what in EDITS.items() if action == "edited" and event.reader.has(f"changes.{field}")]
        return next((what for what in found if self.tells(event, what)), next(iter(found), action))

    def told_of(self, event: Event) -> frozenset[str]:
        """Return which of the handler's happenings are told."""
        return frozenset(what for what in self.happenings if self.tells(event, what))

    def about(self, reader: Reader) -> tuple[Block, ...]:
        """Return the line that says which repository it is about; none where the payload does not say."""
        repository = Link(name(reader, "repository.full_name"), reader.link("repository.html_url"))
        line = self.say(zh="仓库 {repository}", en="Repository {repository}", repository=repository)
        return (Text(line),) if repository.text else ()

    def actor(self, reader: Reader) -> Bold:
        """Return the login of who did it; GitHub sends nobody's full name."""
        return Bold(name(reader, "sender.login", "pusher.name") or self.choose(zh="有人", en="Somebody"))

    def facts(self, reader: Reader, **more: str | tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
        """Return what rules may match on; empty values are left out."""
        project, author = name(reader, "repository.full_name"), name(reader, "sender.login", "pusher.name")
        facts = {"project": project, "author": author, **more}
        return {fact: value for fact, value in facts.items() if value}

    def commit(self, commit: Reader, url: str = "") -> Line:
        """Return one line for a commit: short id with link, first line of its message, author."""
        sha, author = short_sha(commit.text("id")), name(commit, "author.name", "author.username")
        subject = first_line(commit.text("message")) or self.choose(zh="（无说明）", en="(no message)")
        line: Line = (Link(sha, commit.link("url") or url), f" {subject}") if sha else (subject,)
        return (*line, f" — {author}") if author else line

    def concerned(self, reader: Reader, what: str) -> str:
        """Return the person, the label or the milestone that something was given, or that was taken from it."""
        return name(reader, *CONCERNED.get(what, ())) or self.choose(zh="（未知）", en="(unknown)")

    def pull_request(self, number: str) -> str:
        """Return a pull request with its number, or as any one. In Chinese it brings its own space in front."""
        if not number:
            return self.choose(zh="一个 PR", en="a pull request")
        return self.choose(zh=f" PR #{number}", en=f"pull request #{number}")

    def issue(self, number: str) -> str:
        """Return an issue with its number, or as any one."""
        if not number:
            return self.choose(zh="一个议题", en="an issue")
        return self.choose(zh=f"议题 #{number}", en=f"issue #{number}")


def name(reader: Reader, *paths: str) -> str:
    """Return the first text there is as one line that is no longer than names are in GitHub."""
    return first_line(reader.first_text(*paths), NAME)


def word(reader: Reader, path: str) -> str:
    """Return a word of GitHub's own, such as an action or a state, short enough to be repeated in a reason."""
    return first_line(reader.text(path), WORD)


def number(reader: Reader, path: str) -> str:
    """Return an id as text, however it is written."""
    return first_line(reader.label(path), WORD)


def logins(people: Iterable[Reader]) -> list[str]:
    """Return what people are called; those without a login are passed over."""
    return [login for person in people if (login := name(person, "login"))]


def labels(reader: Reader) -> tuple[str, ...]:
    """Return the names of an issue's or a pull request's labels; GitHub allows a hundred."""
    return tuple(title for label in islice(reader.each("labels"), 100) if (title := name(label, "name")))


def is_bot(user: Reader) -> bool:
    """Tell whether a user is a GitHub App, such as dependabot or github-actions."""
    return user.text("type") == "Bot" or user.text("login").endswith(BOT)


def short_sha(sha: str) -> str:
    """Return the first seven digits of a commit's id, as GitHub shows it."""
    return first_line(sha, NAME)[:7]


def story(reader: Reader, kind: str, reference: str) -> str | None:
    """Return what joins the messages about one object; none if the payload does not say which one it is."""
    repository = number(reader, "repository.id")
    return f"github:{kind}:{repository}:{reference}" if repository and reference else None


def occurrence(kind: str, *ids: str) -> str | None:
    """Return what happened in GitHub's own ids, so that two webhooks tell it once; none where an id is missing."""
    return ":".join(("github", kind, *ids)) if all(ids) else None


def when(reader: Reader, thing: Reader, what: str) -> tuple[str, ...]:
    """Return what tells apart several happenings of one kind to one thing, for its `occurrence`."""
    if what in ONCE:
        return ()
    concerned = (name(reader, *CONCERNED[what]),) if what in CONCERNED else ()
    return (name(thing, "updated_at"), *concerned)


def hold(of: str | None, what: str) -> Hold | None:
    """Wait for the last of several people that are chosen at once, so that one message names them all."""
    return Hold(f"{of}:{what}", BURST_SECONDS) if of and what in ONE_BY_ONE else None
