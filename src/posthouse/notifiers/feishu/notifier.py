"""Shapes what a Feishu robot is sent, and decides what its answer means."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import replace

from posthouse import Buttons, HttpReply, HttpRequest, Limits, Link, Message, Notifier, Payload, Site
from posthouse.notifiers.answers import raise_for
from posthouse.notifiers.feishu.answers import read
from posthouse.notifiers.feishu.card import ELEMENT_CHARACTERS, Parts, new_card, old_card, texts_of
from posthouse.notifiers.feishu.forms import Form
from posthouse.notifiers.feishu.markup import CardMarkdown, OldCardMarkdown
from posthouse.notifiers.feishu.mentions import Mentions, mentioned_whole, mentions, only_named
from posthouse.notifiers.feishu.plain import harmless, post, text, title_and_link
from posthouse.notifiers.feishu.settings import FeiShuSettings
from posthouse.notifiers.fitting import SHORT_TITLE, clip, fitted
from posthouse.notifiers.markdown import MARKS, calm, clean, encoded, sound_url

#: A request body may have 20 KB by one page and 30 KB by another; the aim is below both. What `request` adds to a
#: payload (``timestamp`` and ``sign``) comes out of it.
BODY_BYTES = 20_000
ENVELOPE_BYTES = 100
ROOM = 18_000 - ENVELOPE_BYTES
#: Feishu takes 100 messages in a minute and 5 in a second; it may count its time otherwise than we do.
PER_MINUTE = 90
PER_SECOND = 4
BUTTONS_SHOWN = 5
BUTTON_CHARACTERS = 40


class FeiShuNotifier(Notifier):
    """Speaks to Feishu and Lark: a card, or what is plainer where Feishu does not take it."""

    type = "fei_shu"
    aliases = ("feishu", "lark")
    settings_model = FeiShuSettings
    limits = Limits(body_bytes=BODY_BYTES, per_minute=PER_MINUTE, per_second=PER_SECOND, crowded_at_half_hours=True)
    forms = len(Form)
    settings: FeiShuSettings

    def __init__(self, settings: FeiShuSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._old = OldCardMarkdown(site)
        self._new = CardMarkdown(site)

    def identity(self) -> str:
        """Return the token: Feishu counts by robot."""
        return self.settings.robot_token

    def render(self, message: Message, *, form: int = 0) -> Payload:
        """Return a card, or what is plainer: see `Form`.

        Only the first one mentions everybody, as that is what a whole card may be refused for.
        """
        payload, _ = fitted(
            message,
            lambda shorter: self._measured(shorter, form),
            size=lambda measured: measured[1],
            room=ROOM,
            left_out=self._old.left_out,
        )
        return payload

    def is_whole(self, message: Message) -> bool:
        """Tell whether nothing is left out: no block, no button, none of the mentioned, and no part of their names."""
        links = _links(message)
        return (
            len(links) <= BUTTONS_SHOWN
            and all(len(link.text) <= BUTTON_CHARACTERS for link in links)
            and mentioned_whole(self.called(message))
            and self._measured(message, form=0)[1] <= ROOM
        )

    def request(self, payload: Payload, *, now: float, idempotency_key: str) -> HttpRequest:  # noqa: ARG002
        """Return the request with a signature made now: Feishu refuses one older than an hour.

        There is nothing to put ``idempotency_key`` into.
        """
        signature: dict[str, str] = {}
        if self.settings.sign_key is not None:
            seconds = int(now)
            signature = {
                "timestamp": str(seconds),
                "sign": sign(self.settings.sign_key.get_secret_value(), seconds),
            }
        return HttpRequest(
            url=self.settings.address,
            headers={"content-type": "application/json; charset=utf-8"},
            body=encoded({**signature, **payload}),
        )

    def judge(self, reply: HttpReply) -> None:
        """Read the code in the body, which decides; an answer without a known success is a failure."""
        meaning, words = read(reply)
        if meaning is None:
            return
        if meaning.form == Form.OLD_CARD and self.settings.card_version == 1:
            # An old card is what was refused.
            meaning = replace(meaning, form=Form.POST)
        raise_for(meaning, words, self)

    def warnings(self) -> Sequence[str]:
        """Warn of a robot without any security setting that we know of: who has its address can write to the group."""
        if self.settings.sign_key is None and self.settings.keyword is None:
            return (
                "neither sign_key nor keyword is set: without an IP list, whoever has the address can use the robot",
            )
        return ()

    def _measured(self, message: Message, form: int) -> tuple[Payload, int]:
        """Return a form with its bytes; a card in which one element is too long counts as one that does not fit."""
        if form > Form.OLD_CARD:
            plain = self._plain(message, form)
            return plain, len(encoded(plain))
        parts = self._parts(message, form)
        card = self._card(parts, form)
        too_long = any(len(it) > ELEMENT_CHARACTERS for it in parts.texts)
        return card, ROOM + 1 if too_long else len(encoded(card))

    def _plain(self, message: Message, form: int) -> Payload:
        keyword, buttons = self.settings.keyword or "", _buttons(message)
        title = MARKS[message.level] + harmless(self._title(message))
        if form >= Form.MINIMAL:
            rest = self.choose(zh="（飞书没有收下其余内容）", en="(Feishu did not take the rest.)")
            return title_and_link(clip(title, SHORT_TITLE), message, rest=rest, buttons=buttons, keyword=keyword)
        plain_form = text if form == Form.TEXT else post
        mentioned = self._mentioned(message, form)
        return plain_form(title, message, words=self._old, mentioned=mentioned, buttons=buttons, keyword=keyword)

    def _card(self, parts: Parts, form: int) -> Payload:
        return old_card(parts) if self._is_old(form) else new_card(parts)

    def _is_old(self, form: int) -> bool:
        return form == Form.OLD_CARD or self.settings.card_version == 1

    def _parts(self, message: Message, form: int) -> Parts:
        title = calm(self._title(message))
        dialect = self._old if self._is_old(form) else self._new
        texts = texts_of(message.blocks, dialect)
        return Parts(
            title=title,
            level=message.level,
            texts=texts,
            call=dialect.call(self._mentioned(message, form)),
            buttons=_buttons(message),
            keyword=self._missing_keyword((title, *texts)),
        )

    def _title(self, message: Message) -> str:
        return clean(message.title).strip() or self.choose(zh="通知", en="Notification")

    def _mentioned(self, message: Message, form: int) -> Mentions:
        found = mentions(self.called(message), everybody=message.everybody and form == 0)
        return only_named(found) if form == Form.UNMENTIONED else found

    def _missing_keyword(self, texts: Sequence[str]) -> str:
        """Return the keyword unless it can be seen: Feishu does not look for it in where links lead."""
        keyword = self.settings.keyword or ""
        return "" if any(keyword in _LINK_TARGETS.sub("]", shown) for shown in texts) else keyword


def sign(secret: str, seconds: int) -> str:
    """Return the signature in base64: key is time and secret, and nothing is signed with it."""
    mac = hmac.digest(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(mac).decode()


def _links(message: Message) -> list[Link]:
    """Return the buttons that lead somewhere, with their whole names."""
    links = (link for block in message.blocks if isinstance(block, Buttons) for link in block.links)
    usable = (Link(calm(clean(link.text)).strip(), sound_url(link.url)) for link in links)
    return [link for link in usable if link.text and link.url]


def _buttons(message: Message) -> tuple[Link, ...]:
    """Return the first of them, as they are shown."""
    return tuple(Link(clip(link.text, BUTTON_CHARACTERS), link.url) for link in _links(message)[:BUTTONS_SHOWN])


_LINK_TARGETS = re.compile(r"\]\([^()\s]*\)")
