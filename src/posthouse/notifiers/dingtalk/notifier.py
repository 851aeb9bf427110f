"""Shapes what a DingTalk robot is sent, and decides what its answer means."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlsplit, urlunsplit

from posthouse import (
    Buttons,
    HttpReply,
    HttpRequest,
    Limits,
    Message,
    Notifier,
    Payload,
    Site,
)
from posthouse.notifiers.answers import raise_for
from posthouse.notifiers.dingtalk.answers import read
from posthouse.notifiers.dingtalk.markup import DingTalkMarkdown, summary, without_links
from posthouse.notifiers.dingtalk.settings import DingTalkSettings
from posthouse.notifiers.fitting import clip, fit
from posthouse.notifiers.markdown import MARKS, calm, clean, encoded, sound_url

#: The request body may have 20,000 bytes; what `request` adds to a payload (``msgUuid``) comes out of them.
BODY_BYTES = 20_000
ENVELOPE_BYTES = 100
BUTTONS_SHOWN = 5
BUTTON_CHARACTERS = 40
#: How long title and text of the plain form may be.
PLAIN_CHARACTERS = 500


class DingTalkNotifier(Notifier):
    """Speaks to DingTalk: an action card where there are buttons, else Markdown; plain text as the last resort."""

    type = "ding_talk"
    settings_model = DingTalkSettings
    limits = Limits(body_bytes=BODY_BYTES, per_minute=20)
    forms = 2
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
        card, room = self._card(message), BODY_BYTES - ENVELOPE_BYTES
        if len(encoded(card)) <= room:
            return card
        size = lambda shorter: len(encoded(self._card(shorter)))  # noqa: E731
        return self._card(fit(message, size=size, room=room, left_out=self._dialect.left_out))

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
            body=encoded({**payload, "msgUuid": idempotency_key}),
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

    def _card(self, message: Message) -> dict[str, Any]:
        title = self._title(message)
        # DingTalk shows the title in the list of conversations only, so the text begins with it again.
        heading = f"#### {MARKS[message.level]}{self._dialect.inline((title,))}"
        blocks = (self._dialect.block(block) for block in message.blocks if not isinstance(block, Buttons))
        text = self._with_keyword("\n\n".join([heading, *(block for block in blocks if block.strip())]))
        part = {"title": MARKS[message.level] + calm(title), "text": text}
        buttons = self._buttons(message)
        if not buttons:
            return {"msgtype": "markdown", "markdown": part}
        if len(buttons) == 1:
            name, address = buttons[0]
            return {"msgtype": "actionCard", "actionCard": {**part, "singleTitle": name, "singleURL": address}}
        # Two short buttons stand side by side; more are stacked.
        orientation = "1" if len(buttons) == 2 else "0"
        links = [{"title": name, "actionURL": address} for name, address in buttons]
        return {"msgtype": "actionCard", "actionCard": {**part, "btnOrientation": orientation, "btns": links}}

    def _title(self, message: Message) -> str:
        return clean(message.title).strip() or self.choose(zh="通知", en="Notification")

    def _buttons(self, message: Message) -> list[tuple[str, str]]:
        """Return the first buttons that lead somewhere, as names and addresses."""
        links = (link for block in message.blocks if isinstance(block, Buttons) for link in block.links)
        named = ((clip(calm(clean(link.text)).strip(), BUTTON_CHARACTERS), sound_url(link.url)) for link in links)
        usable = ((name, self._dialect.address(url)) for name, url in named if name and url)
        return list(islice(usable, BUTTONS_SHOWN))

    def _text(self, message: Message) -> dict[str, Any]:
        title = without_links(clip(self._title(message), PLAIN_CHARACTERS))
        content = f"{MARKS[message.level]}{title}\n{summary(message, limit=PLAIN_CHARACTERS)}".strip()
        return {"msgtype": "text", "text": {"content": self._with_keyword(content)}}

    def _with_keyword(self, text: str) -> str:
        """Put the keyword into the text itself: which other fields DingTalk looks at is not documented."""
        keyword = self.settings.keyword
        return text if keyword is None or keyword in text else f"{text}\n\n{keyword}"


def sign(secret: str, milliseconds: int) -> str:
    """Return the signature in base64, not yet encoded for an address: key is the secret, message time and secret."""
    mac = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac).decode()


def _with_parameters(address: str, own: dict[str, str]) -> str:
    """Return an address with our parameters in place of those of the same names; all else stays to the letter."""
    parts = urlsplit(address)
    kept = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in own]
    # The values are encoded exactly once: a second time would turn the signature's "=" into "%253D".
    added = [f"{name}={quote_plus(value)}" for name, value in own.items()]
    return urlunsplit(parts._replace(query="&".join([*kept, *added]), fragment=""))
