"""What all of GitLab's handlers read alike: the project, the person who acted, branches, commits, labels."""

import re
from collections.abc import Iterator

from posthouse import Bold, Code, Line, Link, NotifyEventHandler, Reader, first_line, join
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

#: How many commits, jobs or files a message shows before it says "… 12 more".
SHOWN = 10
#: How much of a description or a comment a message quotes, in characters.
QUOTED = 300
BRANCH_PREFIX = "refs/heads/"
TAG_PREFIX = "refs/tags/"
#: A commit that does not exist, in a push that creates or deletes its ref: only zeros, 40 or 64 of them.
NO_COMMIT = re.compile(r"0+\Z")


class GitlabNotifyEventHandler(NotifyEventHandler):
    """A handler of GitLab's events, with the words that stand in for what a payload does not say."""

    webhook_type = GitlabWebhookHandler

    def project(self, reader: Reader) -> Link:
        """Return the project with its path, or what comes nearest; group-level objects have none."""
        text = reader.first_text(
            "project.path_with_namespace",
            "project.name",
            "repository.name",
            "project_name",
            "group.full_path",
        )
        url = reader.link("project.web_url") or reader.link("repository.homepage") or reader.link("group.web_url")
        return Link(text or self.choose(zh="未知项目", en="an unknown project"), url)

    def actor(self, reader: Reader) -> Bold:
        """Return who did it. Some payloads have a ``user`` object, older ones flat fields, some have nobody."""
        name = reader.first_text("user.name", "user.username", "user_name", "user_username")
        return Bold(name or self.choose(zh="有人", en="Somebody"))

    def facts(self, reader: Reader, **more: str | tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
        """Return what rules may match on; empty values are left out."""
        project = reader.first_text("project.path_with_namespace", "project.name", "project_name")
        author = reader.first_text("user.username", "user_username", "user.name", "user_name")
        facts = {"project": project, "author": author, **more}
        return {name: value for name, value in facts.items() if value}

    def commit(self, commit: Reader) -> Line:
        """Return one line for a commit: short id with link, first line of its message, author."""
        short = Link(short_sha(commit.text("id")), commit.link("url"))
        subject = first_line(commit.first_text("title", "message")) or self.choose(zh="（无说明）", en="(no message)")
        author = commit.text("author.name")
        line: Line = (short, f" {subject}") if short.text else (subject,)
        return (*line, f" — {author}") if author else line

    def names(self, people: Iterator[Reader]) -> str:
        """Return the names of people in one string; empty when there is nobody."""
        return ", ".join(name for person in people if (name := person.first_text("name", "username")))


def short_sha(sha: str) -> str:
    """Return the first eight digits of a commit's id, as GitLab shows it."""
    return sha[:8]


def is_no_commit(sha: str) -> bool:
    """Tell whether a push's ``before`` or ``after`` says that there was, or is, nothing."""
    return bool(NO_COMMIT.match(sha))


def ref_name(ref: str) -> str:
    """Return the name of a branch or a tag; only the prefix is taken off, as names have slashes too."""
    return ref.removeprefix(BRANCH_PREFIX).removeprefix(TAG_PREFIX)


def label_titles(reader: Reader, path: str = "labels") -> tuple[str, ...]:
    """Return the titles of the labels at ``path``."""
    return tuple(title for label in reader.each(path) if (title := label.first_text("title", "name")))


def codes(names: tuple[str, ...]) -> Line:
    """Return names set apart as code, with commas between them."""
    return join((Code(name) for name in names), ", ")
