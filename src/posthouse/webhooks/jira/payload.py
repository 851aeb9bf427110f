"""What all of Jira's handlers read alike: the issue, its project, its links, and what must not be told of it.

Sources: Atlassian's pages "Webhooks" (Jira Cloud platform) and "Managing webhooks" (Jira Data Center), and the payloads
that Jiras were seen to send.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote as quoted
from urllib.parse import urlsplit

from posthouse import (
    Block,
    Bold,
    Buttons,
    Event,
    Line,
    Link,
    Message,
    No,
    NotifyEventHandler,
    Quote,
    Reader,
    Text,
    first_line,
    plain,
)
from posthouse.webhooks.jira.handler import JiraWebhookHandler, JiraWebhookSettings, has_security_level
from posthouse.webhooks.jira.markup import excerpt_of
from posthouse.webhooks.jira.people import first_person, people, user_name

#: How many changes a message or a reason shows before it says "… +12".
SHOWN = 10
#: How long a name may be before it is cut, in characters; Jira's own limit for titles.
NAME = 255
#: How much of a word from a payload a reason repeats, in characters.
WORD = 40
#: Jira's address is what stands in front of its interface, be it a host or a folder of one.
SELF = re.compile(r"(?P<base>https?://[^?#]+?)/rest/(?:api|agile|servicedeskapi|greenhopper)/")
#: Objects with a link to themselves, the likeliest first.
WITH_SELF = ("issue", "comment", "user", "project", "version", "worklog", "attachment", "sprint", "board")
#: Where apps that people logged in to find Jira's interface; nothing to open in a browser.
GATEWAY = "api.atlassian.com"
CLOUD_HOSTS = (".atlassian.net", ".jira.com")


class JiraNotifyEventHandler(NotifyEventHandler):
    """A handler of Jira's events, with the words that stand in for what a payload does not say."""

    webhook_type = JiraWebhookHandler
    settings: JiraWebhookSettings

    def handle(self, event: Event) -> Sequence[Message] | No:
        """Do as every handler does, but tell of an issue with a security level only what the settings allow."""
        if not has_security_level(event.reader):
            return super().handle(event)
        if self.settings.confidential == "hide":
            return No("the configuration says confidential: hide")
        told = super().handle(event)
        return told if isinstance(told, No) else [self._discreet(event.reader, message) for message in told]

    def says_nothing(self, reader: Reader) -> No | None:
        """Return why nothing is told of a webhook whose body was excluded: its key alone is no news without a link."""
        if reader.has("webhookEvent") or issue_title(reader) or self.issue_url(reader):
            return None
        if not issue_key(reader):
            return No("the payload does not say which issue it is about")
        return No("the payload has only the key of the issue, and without a base_url nothing can be linked to")

    def base(self, reader: Reader) -> str:
        """Return Jira's address in a browser, without a slash at its end; empty if nothing says it."""
        found = self.settings.base_url or _base(reader)
        return "" if urlsplit(found).hostname == GATEWAY else found

    def issue_url(self, reader: Reader) -> str:
        """Return the page of the issue; empty without an address or a key."""
        return self._page(reader, issue_key(reader))

    def comment_url(self, reader: Reader, comment: str) -> str:
        """Return the page of the issue at the comment of this id; Data Center needs to be told the tab as well."""
        page = self.issue_url(reader)
        if not page or not comment:
            return page
        found = f"{page}?focusedCommentId={quoted(comment, safe='')}"
        if is_cloud(reader, page):
            return found
        tab = "com.atlassian.jira.plugin.system.issuetabpanels:comment-tabpanel"
        return f"{found}&page={tab}#comment-{quoted(comment, safe='')}"

    def project(self, reader: Reader) -> Link:
        """Return the project by its name; without text where there is no project at all."""
        key = project_key(reader)
        return Link(name(reader, "issue.fields.project.name", "project.name") or key, self._page(reader, key))

    def about(self, reader: Reader) -> tuple[Block, ...]:
        """Return the line that says which project it is about."""
        project = self.project(reader)
        line = self.say(zh="项目 {project}", en="Project {project}", project=project)
        return (Text(line),) if project.text else ()

    def thing(self, reader: Reader) -> str:
        """Return the issue's key for a sentence, or that it is an issue.

        Chinese sentences have no spaces around it: it brings those that set Latin text apart.
        """
        key = issue_key(reader)
        return self.choose(zh=f" {key} " if key else "一个问题", en=key or "an issue")

    def typed(self, reader: Reader) -> str:
        """Return the same with the issue's type in front, such as "Bug FIN-12"."""
        kind, key = named(reader, "issue.fields.issuetype"), issue_key(reader)
        if not kind or not key:
            return self.thing(reader)
        return self.choose(zh=f" {kind} {key} " if kind[0].isascii() else f"{kind} {key} ", en=f"{kind} {key}")

    def actor(self, reader: Reader, *paths: str) -> Bold:
        """Return who did it: the first person with a name at one of the paths, ``user`` if there are none."""
        return Bold(first_person(reader, *(paths or ("user",))) or self.choose(zh="有人", en="Somebody"))

    def titled(self, line: Line, title: str) -> str:
        """Do as every handler does, without the spaces that an issue's key brings to a Chinese sentence."""
        return super().titled((plain(line).strip(),), title)

    def facts(self, reader: Reader, **more: str | tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
        """Return what rules may match on; empty values are left out. ``more`` takes the place of what is read here."""
        fields = reader.at("issue.fields")
        facts = {
            "project": project_key(reader),
            "issue": issue_key(reader),
            "type": named(fields, "issuetype"),
            "status": named(fields, "status"),
            "priority": named(fields, "priority"),
            "author": user_name(reader.at("user")),
            "assignee": user_name(fields.at("assignee")),
            "labels": labels(reader),
            "components": named_all(fields, "components"),
            **more,
        }
        return {fact: value for fact, value in facts.items() if value}

    def story(self, reader: Reader) -> str | None:
        """Return what joins the messages about one issue; none if the payload does not say which one it is."""
        site, key = self.instance(reader), issue_key(reader)
        return f"jira:issue:{site}:{key}" if site and key else None

    def occurrence(self, reader: Reader, kind: str, *parts: str) -> str | None:
        """Return what names one thing that happened, whichever webhook reports it; none if a part is missing."""
        named_by = (self.instance(reader), kind, *parts)
        return ":".join(("jira", *(first_line(part, NAME) for part in named_by))) if all(named_by) else None

    def instance(self, reader: Reader) -> str:
        """Return which Jira it is, as its address without the scheme: proxies change that; empty if nothing says it."""
        return (self.settings.base_url or _base(reader)).partition("://")[2].lower()

    def _page(self, reader: Reader, key: str) -> str:
        """Return the page of what has this key: issues and projects are browsed alike."""
        base = self.base(reader)
        return f"{base}/browse/{quoted(key, safe='')}" if base and key else ""

    def _discreet(self, reader: Reader, message: Message) -> Message:
        """Leave out of a message what the settings do not allow for issues with a security level."""
        if self.settings.confidential == "full":
            return message
        blocks = tuple(block for block in message.blocks if isinstance(block, Buttons))
        if self.settings.confidential == "title":
            return replace(message, blocks=(*self.about(reader), *blocks), mentions=())
        title = self.title(
            zh="机密问题 {key} 有新动态", en="There is news of the confidential issue {key}", key=issue_key(reader)
        )
        return replace(message, title=title.strip(), blocks=(*self.about(reader), *blocks), mentions=())


def name(reader: Reader, *paths: str) -> str:
    """Return the first text there is as one line that is no longer than names are in Jira."""
    return first_line(reader.first_text(*paths), NAME)


def word(reader: Reader, path: str) -> str:
    """Return a word of Jira's own, such as an event's type, short enough to be repeated in a reason."""
    return first_line(reader.text(path), WORD)


def number(reader: Reader, path: str) -> str:
    """Return an id as text, however it is written."""
    return first_line(reader.label(path), WORD)


def named(reader: Reader, path: str) -> str:
    """Return the name of an object such as a status or a priority; Atlassian's page also shows it as a plain text."""
    return name(reader, f"{path}.name", f"{path}.value", path)


def named_all(reader: Reader, path: str) -> tuple[str, ...]:
    """Return the names in a list of objects, such as components or versions."""
    return tuple(found for item in reader.each(path) if (found := name(item, "name", "value")))


def labels(reader: Reader) -> tuple[str, ...]:
    """Return the issue's labels."""
    return tuple(first_line(label, NAME) for label in reader.texts("issue.fields.labels"))


def issue_key(reader: Reader) -> str:
    """Return the issue's key, such as FIN-12."""
    return first_line(reader.text("issue.key"), NAME)


def issue_title(reader: Reader) -> str:
    """Return the issue's title, which Jira calls its summary."""
    return name(reader, "issue.fields.summary")


def project_key(reader: Reader) -> str:
    """Return the project's key; an issue's key begins with it."""
    given = name(reader, "issue.fields.project.key", "project.key")
    return given or issue_key(reader).rpartition("-")[0]


def is_cloud(reader: Reader, url: str) -> bool:
    """Tell whether it is Jira Cloud that sends: by its address, and behind one of your own by how it knows people."""
    paths = ("user", "comment.author", "issue.fields.reporter", "issue.fields.creator")
    by_host = (urlsplit(url).hostname or "").endswith(CLOUD_HOSTS)
    return by_host or any(reader.at(path).has("accountId") for path in paths)


def quote(reader: Reader, path: str) -> tuple[Block, ...]:
    """Return an excerpt of what somebody wrote at ``path``, in whatever markup, with the names of who is mentioned."""
    text = excerpt_of(reader.at(path).value, people(reader))
    return (Quote(text),) if text else ()


def _base(reader: Reader) -> str:
    """Return what stands in front of Jira's interface in the first link of an object to itself.

    That keeps the folder where there is one (``https://example.com/jira/rest/…``), and fits the comment events of
    Cloud, whose issue links to ``/rest/api/2/<id>``.
    """
    links = (SELF.match(reader.link(f"{path}.self")) for path in WITH_SELF)
    return next((found["base"] for found in links if found), "")
