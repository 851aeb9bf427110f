"""What is asked of Confluence about an event, and how its answers are read.

Sources: Atlassian's pages "Confluence Server REST API" and "Confluence Cloud REST API v1", and answers that were seen.
"""

import base64
import html
import re
import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from posthouse.core.event import Event, Findings
from posthouse.core.message import first_line
from posthouse.core.reader import Reader
from posthouse.lookups.client import Answer, Client, Question, Server
from posthouse.webhooks.confluence.handler import ConfluenceWebhookSettings
from posthouse.webhooks.confluence.payload import (
    KEYS,
    NAME,
    Found,
    Mentioned,
    actor_ids,
    author_of,
    container_title,
    content_id,
    name,
    thing_of,
)
from posthouse.webhooks.confluence.silent import REASONS

#: For how long answers are kept, in seconds. People and spaces change their names rarely; a page is read again for
#: every event that came in later, so that its answer serves only the events of one burst.
HOURS = 4 * 3600.0
BRIEFLY = 60.0
#: Spaces are found by turning over pages: so many at a time, and no more than so many times.
SPACES = 200
PAGES = 5
#: How much of a comment's HTML is read, and how much of its text is kept, in characters.
MARKUP = 20_000
TEXT = 2_000
#: What is no text in HTML: these elements with all that is in them, the ends of paragraphs, and tags.
UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?(</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
BREAK = re.compile(r"<(br|/p|/li|/div|/h[1-6]|/tr|/pre)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")
#: The link that a mention is shown as: by account id in Cloud, by username in Data Center, and with the person's name.
MENTION = re.compile(
    r"""<a\s(?=[^<>]*\buser-mention\b)[^<>]*\bdata-(?:account-id|username)=["']([^"'<>]+)["'][^<>]*+>([^<>]*)"""
)
#: How many people are looked for in a comment.
MOST_PEOPLE = 20


def server_of(webhook_id: str, settings: ConfluenceWebhookSettings) -> Server | None:
    """Return whom to ask for a webhook; None where the address or the credentials are missing."""
    confluence = settings.conf.confluence
    if confluence.host is None:
        return None
    if confluence.private_token is not None:
        # Data Center's personal access tokens do not work as passwords.
        return Server(webhook_id, confluence.host, f"Bearer {confluence.private_token.get_secret_value()}")
    if confluence.user is not None and confluence.api_token is not None:
        pair = f"{confluence.user}:{confluence.api_token.get_secret_value()}"
        return Server(webhook_id, confluence.host, f"Basic {base64.b64encode(pair.encode()).decode()}")
    return None


class ConfluenceLookup:
    """Asks one Confluence about the events of one webhook."""

    def __init__(self, server: Server, client: Client) -> None:
        self._server = server
        self._client = client

    def look_up(self, event: Event) -> Findings:
        """Return what Confluence says about an event, as far as the event does not say it itself. Never raises."""
        if event.name in REASONS or event.name.partition("_")[0] not in KEYS:
            return Findings()
        began_at = time.monotonic()
        inquiry = _Inquiry(self._client, self._server, until=began_at + self._client.patience)
        inquiry.ask_about(event)
        return inquiry.findings(time.monotonic() - began_at)


class _Inquiry:
    """The questions about one event: what was found, and what went wrong."""

    def __init__(self, client: Client, server: Server, *, until: float) -> None:
        self._client = client
        self._server = server
        self._until = until
        #: As `Found` says; what is empty reads as if it were not there.
        self._found: dict[str, Any] = {}
        self._told: list[str] = []
        self._troubles: list[str] = []

    def ask_about(self, event: Event) -> None:
        """Ask what it is called that the event is about, then for the name of who acted.

        A name may be known from before even if Confluence cannot be asked just now. About what is hidden nothing more
        is asked, as nothing more is told.
        """
        if event.name.startswith("space_"):
            self._ask_space(event)
        elif not _is_gone(event):
            self._ask_content(event)
        if not self._found.get("hidden"):
            self._ask_person(event)

    def findings(self, seconds: float) -> Findings:
        """Return what was found after so long, and a note for the trace."""
        host = urlsplit(self._server.address).netloc
        told = [f"{' and '.join(self._told)} from {host} in {seconds * 1000:.0f} ms"] if self._told else []
        outcome: Literal["ok", "failed"] = "failed" if self._troubles else "ok"
        return Findings(self._found, outcome, "; ".join((*told, *self._troubles)))

    def _ask_content(self, event: Event) -> None:
        own_id = content_id(event)
        if not own_id or name(thing_of(event), "title") or container_title(event):
            return
        # Content in the trash is only found where any status will do.
        path = f"/rest/api/content/{quote(own_id, safe='')}?status=any&expand={_expanded(event)}"
        answer = self._ask("the title and the space", path, _content, keep=BRIEFLY, since=event.received_at)
        if answer.hidden:
            self._found = {"hidden": True}
        else:
            self._found.update(_of_this_event(answer.value, event))

    def _ask_space(self, event: Event) -> None:
        """Find a space by its id, which no question can name: turn over the list of all spaces."""
        own_id, start = content_id(event), 0
        if not own_id or name(thing_of(event), "name") or _is_gone(event):
            return
        # A list that was kept does not have what is new.
        since = event.received_at if event.name == "space_created" else 0.0
        for _ in range(PAGES):
            path = f"/rest/api/space?limit={SPACES}&start={start}"
            answer = self._ask("the space", path, _spaces, keep=HOURS, since=since)
            spaces: Mapping[str, Found] = answer.value.get("spaces", {})
            self._found.update(spaces.get(own_id, {}))
            if own_id in spaces or not answer.value.get("more"):
                return
            start += len(spaces)

    def _ask_person(self, event: Event) -> None:
        key, account = actor_ids(event)
        if self._found.get("author") or author_of(event) or not (key or account):
            return
        who = f"key={quote(key, safe='')}" if key else f"accountId={quote(account, safe='')}"
        answer = self._ask("the person's name", f"/rest/api/user?{who}", _person, keep=HOURS)
        self._found.update(answer.value)

    def _ask(
        self,
        what: str,
        path: str,
        read: Callable[[Reader], Mapping[str, Any]],
        *,
        keep: float,
        since: float = 0.0,
    ) -> Answer:
        answer = self._client.ask(self._server, Question(path, read, keep=keep, since=since), until=self._until)
        if answer.trouble:
            self._troubles.append(f"not {what}: {answer.trouble}")
        elif what not in self._told:
            self._told.append(what)
        return answer


def _is_gone(event: Event) -> bool:
    """Tell whether there is nothing to ask about any more; a label that was taken off leaves the page there."""
    return event.name.endswith(("_removed", "_deleted")) and not event.name.startswith("label_")


def _expanded(event: Event) -> str:
    """Return what an answer should have in full: more costs Confluence more."""
    more = {"page_moved": ",ancestors", "comment_created": ",body.view", "comment_updated": ",body.view"}
    return f"space,version,container.space{more.get(event.name, '')}"


def _of_this_event(content: Mapping[str, Any], event: Event) -> Mapping[str, Any]:
    """Return what belongs to the event: somebody else may have made another version of the content since."""
    editor = content.get("editor", "")
    same = not editor or editor in actor_ids(event)
    return {**content.get("page", {}), **(content.get("version", {}) if same else {})}


def _content(answer: Reader) -> Mapping[str, Any]:
    """Read what content is called and where it is, and apart from that its version and who made it."""
    base, space, container = answer.text("_links.base"), _space(answer), answer.at("container")
    parents = [*answer.each("ancestors")]
    parent = parents[-1] if parents else Reader(None)
    page = Found(
        title=name(answer, "title"),
        type=name(answer, "type"),
        link=_link(base, answer, "webui") or _link(base, answer, "tinyui"),
        container_id=first_line(container.label("id"), NAME),
        container_title=name(container, "title"),
        container_type=name(container, "type"),
        container_link=_link(base, container, "webui"),
        parent_title=name(parent, "title"),
        parent_link=_link(base, parent, "webui"),
        text=_plain(answer.text("body.view.value")),
        mentioned=_mentioned(answer.text("body.view.value")),
        **_named_space(base, space),
    )
    by = answer.at("version.by")
    editor = name(by, "userKey", "accountId")
    version = Found(version_comment=answer.text("version.message")[:TEXT], minor_edit=answer.flag("version.minorEdit"))
    if number := answer.count("version.number"):
        version["version"] = number
    person = _person(by) if editor else {}
    return {"page": page, "version": {**version, **person}, "editor": editor}


def _spaces(answer: Reader) -> Mapping[str, Any]:
    """Read a page of the list of spaces, by their ids, and whether there is another one."""
    base = answer.text("_links.base")
    spaces = {first_line(space.label("id"), NAME): _named_space(base, space) for space in answer.each("results")}
    return {"spaces": spaces, "more": bool(spaces) and answer.has("_links.next")}


def _person(answer: Reader) -> Found:
    """Read who somebody is: their name as people write it, and in Data Center their account's."""
    return Found(author=name(answer, "displayName", "publicName"), username=name(answer, "username"))


def _space(answer: Reader) -> Reader:
    """Return the space; that of a comment or an attachment may stand with its page only."""
    return next((space for path in ("space", "container.space") if (space := answer.at(path)).has("key")), Reader(None))


def _named_space(base: str, space: Reader) -> Found:
    return Found(space_name=name(space, "name"), space_key=name(space, "key"), space_link=_link(base, space, "webui"))


def _link(base: str, thing: Reader, kind: str) -> str:
    """Return the address of a thing in a browser: answers have what all begin with, and the rest with each of them."""
    path = thing.text(f"_links.{kind}")
    return Reader({"link": f"{base}{path}"}).link("link") if base and path else ""


def _mentioned(markup: str) -> list[Mentioned]:
    """Return who is mentioned in a comment's HTML; the look-up asks for it to show its text."""
    found = islice(MENTION.finditer(UNSEEN.sub("", markup[:MARKUP])), MOST_PEOPLE)
    return [Mentioned(id=html.unescape(link[1]), name=html.unescape(link[2]).removeprefix("@")) for link in found]


def _plain(markup: str) -> str:
    """Return the text in a comment's HTML. It is shown as text, so that what is left of tags would only be ugly."""
    text = BREAK.sub("\n", UNSEEN.sub("", markup[:MARKUP]))
    return html.unescape(TAG.sub("", text)).replace("\xa0", " ").strip()[:TEXT]
