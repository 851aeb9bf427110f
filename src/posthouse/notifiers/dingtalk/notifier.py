"""Shapes what a DingTalk robot is sent, and decides what its answer means."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlsplit, urlunsplit

from posthouse import (
    Buttons,
    HttpReply,
    HttpRequest,
    Limits,
    Link,
    Message,
    Notifier,
    Payload,
    Site,
)
from posthouse.notifiers.answers import raise_for
from posthouse.notifiers.dingtalk.answers import read
from posthouse.notifiers.dingtalk.markup import DingTalkMarkdown, summary, without_links
from posthouse.notifiers.dingtalk.mentions import Mentions, mentioned_whole, mentions
from posthouse.notifiers.dingtalk.settings import DingTalkSettings
from posthouse.notifiers.fitting import clip, fitted
from posthouse.notifiers.markdown import MARKS, calm, clean, encoded, sound_url

#: The request body may have 20,000 bytes; what `request` adds to a payload (``msgUuid``) comes out of them.
BODY_BYTES = 20_000
ENVELOPE_BYTES = 100
ROOM = BODY_BYTES - ENVELOPE_BYTES
#: DingTalk takes 20 messages in a minute, then none for ten; it may count its minute otherwise than we do.
PER_MINUTE = 18
BUTTONS_SHOWN = 5
BUTTON_CHARACTERS = 40
#: How long title and text of the plain form may be.
PLAIN_CHARACTERS = 500


class DingTalkNotifier(Notifier):
    """Speaks to DingTalk: an action card where there are buttons, else Markdown; plain text as the last resort.

    What mentions people by mobile number, or everybody, is Markdown too, with its buttons as links.
    """

    type = "ding_talk"
    settings_model = DingTalkSettings
    limits = Limits(body_bytes=BODY_BYTES, per_minute=PER_MINUTE)
    forms = 2
    is_idempotent = True
    settings: DingTalkSettings

    def __init__(self, settings: DingTalkSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._dialect = DingTalkMarkdown(site, open_links_in=settings.open_links_in)

    def identity(self) -> str:
        """Return the access token: DingTalk counts by it."""
        return self.settings.token

    def render(self, message: Message, *, form: int = 0) -> Payload:
        """Return an action card or Markdown; in form 1 a short text without links, for what DingTalk finds unsafe."""
        if form > 0:
            return self._text(message)
        people = self._mentions(message)
        return fitted(
            message,
            lambda shorter: self._card(shorter, people),
            size=lambda card: len(encoded(card)),
            room=ROOM,
            left_out=self._dialect.left_out,
        )

    def is_whole(self, message: Message) -> bool:
        """Tell whether nothing is left out: no block, no button, none of the mentioned, and no part of their names."""
        links = self._links(message)
        return (
            len(links) <= BUTTONS_SHOWN
            and all(len(link.text) <= BUTTON_CHARACTERS for link in links)
            and mentioned_whole(self.called(message))
            and len(encoded(self._card(message, self._mentions(message)))) <= ROOM
        )

    def request(self, payload: Payload, *, now: float, idempotency_key: str) -> HttpRequest:
        """Return the request with ``msgUuid``, and a signature made now: DingTalk refuses one older than an hour."""
        own: dict[str, str] = {}
        if self.settings.access_token is not None:
            own["access_token"] = self.settings.access_token.get_secret_value()
        if self.settings.sign_key is not None:
            milliseconds = int(now * 1000)
            own["timestamp"] = str(milliseconds)
            own["sign"] = sign(self.settings.sign_key.get_secret_value(), milliseconds)
        return HttpRequest(
            url=_with_parameters(self.settings.address, own),
            headers={"content-type": "application/json; charset=utf-8"},
            body=encoded({**payload, "msgUuid": _unique(payload, idempotency_key)}),
        )

    def judge(self, reply: HttpReply) -> None:
        """Read the code in the body, which decides; an answer without a known success is a failure."""
        meaning, words = read(reply)
        if meaning is not None:
            raise_for(meaning, words, self)

    def warnings(self) -> Sequence[str]:
        """Warn of a robot without any security setting that we know of: DingTalk makes no such robots any more."""
        if self.settings.sign_key is None and self.settings.keyword is None:
            return ("neither sign_key nor keyword is set: DingTalk only accepts this if its IP list has this machine",)
        return ()

    def _card(self, message: Message, people: Mentions) -> dict[str, Any]:
        title, buttons = self._title(message), self._buttons(message)
        # DingTalk shows the title in the list of conversations only, so the text begins with it again.
        heading = f"#### {MARKS[message.level]}{self._dialect.inline((title,))}"
        blocks = [self._dialect.block(block) for block in message.blocks if not isinstance(block, Buttons)]
        if not people.work_in_cards:
            blocks.append(self._dialect.block(Buttons(buttons)))
        blocks.append(self._dialect.line_start(people.line(self._dialect.escape, label=self._label)))
        text = self._with_keyword("\n\n".join([heading, *(block for block in blocks if block.strip())]))
        part = {"title": MARKS[message.level] + calm(title), "text": text}
        at = {"at": people.at} if people.at else {}
        if not buttons or not people.work_in_cards:
            return {"msgtype": "markdown", "markdown": part, **at}
        return {"msgtype": "actionCard", "actionCard": {**part, **self._button_part(buttons)}, **at}

    def _title(self, message: Message) -> str:
        return clean(message.title).strip() or self.choose(zh="通知", en="Notification")

    @property
    def _label(self) -> str:
        return self.choose(zh="提醒：", en="For: ")

    def _mentions(self, message: Message) -> Mentions:
        everybody = self.choose(zh="@所有人", en="@All") if message.everybody else ""
        return mentions(self.called(message), everybody=everybody)

    def _links(self, message: Message) -> list[Link]:
        """Return the buttons that lead somewhere, with their whole names."""
        links = (link for block in message.blocks if isinstance(block, Buttons) for link in block.links)
        usable = (Link(calm(clean(link.text)).strip(), sound_url(link.url)) for link in links)
        return [link for link in usable if link.text and link.url]

    def _buttons(self, message: Message) -> tuple[Link, ...]:
        """Return the first of them, as they are shown."""
        shown = self._links(message)[:BUTTONS_SHOWN]
        return tuple(Link(clip(link.text, BUTTON_CHARACTERS), link.url) for link in shown)

    def _button_part(self, buttons: tuple[Link, ...]) -> dict[str, Any]:
        if len(buttons) == 1:
            return {"singleTitle": buttons[0].text, "singleURL": self._dialect.address(buttons[0].url)}
        # Two short buttons stand side by side; more are stacked.
        orientation = "1" if len(buttons) == 2 else "0"
        links = [{"title": link.text, "actionURL": self._dialect.address(link.url)} for link in buttons]
        return {"btnOrientation": orientation, "btns": links}

    def _text(self, message: Message) -> dict[str, Any]:
        title = without_links(clip(self._title(message), PLAIN_CHARACTERS))
        people = self._mentions(message)
        said = summary(message, words=self._dialect, limit=PLAIN_CHARACTERS)
        lines = (title, said, people.line(without_links, label=self._label))
        content = self._with_keyword(MARKS[message.level] + "\n".join(line for line in lines if line))
        return {"msgtype": "text", "text": {"content": content}} | ({"at": people.at} if people.at else {})

    def _with_keyword(self, text: str) -> str:
        """Put the keyword where it can be read: whether DingTalk looks anywhere else is not documented."""
        keyword = self.settings.keyword
        return text if keyword is None or keyword in _LINK_TARGETS.sub("]", text) else f"{text}\n\n{keyword}"


_LINK_TARGETS = re.compile(r"\]\([^()\s]*\)")


def sign(secret: str, milliseconds: int) -> str:
    """Return the signature in base64, not yet encoded for an address: key is the secret, message time and secret."""
    mac = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac).decode()


def _unique(payload: Payload, idempotency_key: str) -> str:
    """Return what tells DingTalk a repeat from news.

    The plain form comes after a refusal, when nothing was shown; whether DingTalk remembers the key of what it refused
    is not documented, and would then show nothing.
    """
    return f"{idempotency_key}-plain" if payload["msgtype"] == "text" else idempotency_key


def _with_parameters(address: str, own: dict[str, str]) -> str:
    """Return an address with our parameters in place of those of the same names; all else stays to the letter."""
    parts = urlsplit(address)
    kept = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in own]
    # The values are encoded exactly once: a second time would turn the signature's "=" into "%253D".
    added = [f"{name}={quote_plus(value)}" for name, value in own.items()]
    return urlunsplit(parts._replace(query="&".join([*kept, *added]), fragment=""))
