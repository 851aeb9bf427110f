"""What all of GitLab's handlers read alike: the project, the person who acted, branches, commits, labels."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from posthouse import Block, Bold, Event, Line, Link, No, NotifyEventHandler, Reader, Text, Yes, first_line, plain
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler, GitlabWebhookSettings

#: How many commits, jobs or files a message shows before it says "… 12 more".
SHOWN = 10
#: How long a name may be before it is cut, in characters; GitLab's own limit.
NAME = 255
#: How much of a word from a payload a reason repeats, in characters.
WORD = 40
BRANCH_PREFIX = "refs/heads/"
TAG_PREFIX = "refs/tags/"
#: A commit that does not exist, in a push that creates or deletes its ref: only zeros, 40 or 64 of them.
NO_COMMIT = re.compile(r"0+\Z")
#: The names of the users behind project and group access tokens; nothing else in a payload says that it is a bot.
BOT = re.compile(r"(project|group)_[0-9]+_bot(_[0-9a-f]+|[0-9]*)\Z")


class GitlabNotifyEventHandler(NotifyEventHandler):
    """A handler of GitLab's events, with the words that stand in for what a payload does not say."""

    webhook_type = GitlabWebhookHandler
    settings: GitlabWebhookSettings

    def told(self, event: Event, what: str, *, silence: str) -> Yes | No:
        """Decide about one of the handler's ``happenings``; ``silence`` is why it is not told."""
        return Yes() if self.tells(event, what) else No(silence)

    def told_of(self, event: Event) -> frozenset[str]:
        """Return which of the handler's happenings are told."""
        return frozenset(what for what in self.happenings if self.tells(event, what))

    def foremost(self, event: Event, found: Sequence[str]) -> str:
        """Return which of the happenings that came in one event is told, the first if none is; empty without any."""
        return next((what for what in found if self.tells(event, what)), next(iter(found), ""))

    def project(self, reader: Reader) -> Link:
        """Return the project with its path, or what comes nearest; without text where there is no project at all."""
        return Link(_project_name(reader), _project_url(reader))

    def about(self, reader: Reader) -> tuple[Block, ...]:
        """Return the line that says which project it is about; none for an object of a group."""
        project = self.project(reader)
        line = self.say(zh="项目 {project}", en="Project {project}", project=project)
        return (Text(line),) if project.text else ()

    def actor(self, reader: Reader) -> Bold:
        """Return who did it. Some payloads have a ``user`` object, older ones flat fields, some have nobody."""
        who = name(reader, "user.name", "user.username", "user_name", "user_username")
        return Bold(who or self.choose(zh="有人", en="Somebody"))

    def facts(self, reader: Reader, **more: str | tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
        """Return what rules may match on; empty values are left out."""
        author = name(reader, "user.username", "user_username", "user.name", "user_name")
        facts = {"project": _project_name(reader), "author": author, **more}
        return {fact: value for fact, value in facts.items() if value}

    def commit(self, commit: Reader) -> Line:
        """Return one line for a commit: short id with link, first line of its message, author."""
        sha, author = short_sha(commit.text("id")), name(commit, "author.name")
        subject = first_line(commit.first_text("title", "message")) or self.choose(zh="（无说明）", en="(no message)")
        line: Line = (Link(sha, commit.link("url")), f" {subject}") if sha else (subject,)
        return (*line, f" — {author}") if author else line

    def names(self, people: Iterable[Reader]) -> str:
        """Return the names of people in one string, ten at most; empty when there is nobody."""
        return plain(self.listed(name(person, "name", "username") for person in people))


def name(reader: Reader, *paths: str) -> str:
    """Return the first text there is as one line that is no longer than names are in GitLab."""
    return first_line(reader.first_text(*paths), NAME)


def word(reader: Reader, path: str) -> str:
    """Return a word of GitLab's own, such as an action or a status, short enough to be repeated in a reason."""
    return first_line(reader.text(path), WORD)


def is_bot(reader: Reader) -> bool:
    """Tell whether the acting user is an access token's."""
    return bool(BOT.match(reader.text("user.username")))


def story(kind: str, project: str, reference: str) -> str | None:
    """Return what joins the messages about one object; none if the payload does not say which one it is."""
    return f"gitlab:{kind}:{project}{reference}" if project and reference else None


def occurrence(kind: str, *parts: str) -> str | None:
    """Return what names one thing that happened, whichever hook reports it; none if a part that identifies is missing.

    A project hook, a group hook and a system hook send one event with different keys of their own, so that only what
    the payload says of it can tell that it is the same.
    """
    return ":".join(("gitlab", kind, *(first_line(part, NAME) for part in parts))) if all(parts) else None


def project_id(reader: Reader) -> str:
    """Return the number of the project, wherever it stands."""
    paths = ("project.id", "project_id", "object_attributes.target_project_id", "object_attributes.project_id")
    return next((found for path in paths if (found := number(reader, path))), "")


def number(reader: Reader, path: str) -> str:
    """Return an id as text, however it is written."""
    return first_line(reader.label(path), WORD)


def marked(mark: str, number: str) -> str:
    """Return a reference as people write it, such as ``!7``; empty without a number."""
    return f"{mark}{number}" if number else ""


def short_sha(sha: str) -> str:
    """Return the first eight digits of a commit's id, as GitLab shows it."""
    return first_line(sha, NAME)[:8]


def is_no_commit(sha: str) -> bool:
    """Tell whether a push's ``before`` or ``after`` says that there was, or is, nothing."""
    return bool(NO_COMMIT.match(sha))


def ref_name(ref: str) -> str:
    """Return the name of a branch or a tag; only the prefix is taken off, as names have slashes too."""
    return first_line(ref.removeprefix(BRANCH_PREFIX).removeprefix(TAG_PREFIX), NAME)


def label_titles(reader: Reader, path: str = "labels") -> tuple[str, ...]:
    """Return the titles of the labels at ``path``."""
    return tuple(title for label in reader.each(path) if (title := name(label, "title", "name")))


def _project_url(reader: Reader) -> str:
    """Return the project's page; old payloads of jobs have it in ``repository`` only."""
    return reader.link("project.web_url") or reader.link("repository.homepage") or reader.link("group.web_url")


def _project_name(reader: Reader) -> str:
    """Return the project's path, which rules match on; a name only where no path is to be had."""
    path = name(reader, "project.path_with_namespace") or urlsplit(_project_url(reader)).path.strip("/")
    return path or name(reader, "project.name", "repository.name", "project_name", "group.full_path")
