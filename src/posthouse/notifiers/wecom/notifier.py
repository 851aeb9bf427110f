"""Shapes what a WeCom robot is sent, and decides what its answer means."""

from dataclasses import replace

from posthouse import Buttons, HttpReply, HttpRequest, Limits, Link, Message, Notifier, Payload, Site
from posthouse.notifiers.answers import raise_for
from posthouse.notifiers.fitting import clip, fitted
from posthouse.notifiers.markdown import clean, encoded, sound_url
from posthouse.notifiers.wecom.answers import read
from posthouse.notifiers.wecom.markup import Content, Markdown, MarkdownV2, Plain
from posthouse.notifiers.wecom.mentions import Mentioned, mentioned
from posthouse.notifiers.wecom.settings import CorpWechatSettings

#: WeCom limits the content (4,096 bytes) and documents no limit of the whole body. This is the most that ours can have:
#: JSON makes at most two bytes of one, as there are no control characters but "\n"; the rest is what is around it.
BODY_BYTES = 2 * 4096 + 512
BUTTON_CHARACTERS = 40
#: What a title is cut to that stands with its address alone.
BRIEF_TITLE = 100


class CorpWechatNotifier(Notifier):
    """Speaks to WeCom: Markdown with colours, Markdown with tables, or plain text, as configured.

    The forms begin with what is configured and go on with what is plainer: ``markdown_v2``, ``markdown``, ``text``, and
    a text of the title and the first button alone. A message that mentions people begins with the first way that can
    notify them: ``markdown`` where their user ids are known, ``text`` for mobile numbers and for everybody.
    """

    type = "wechat"
    aliases = ("corp_wechat", "wecom")
    settings_model = CorpWechatSettings
    limits = Limits(body_bytes=BODY_BYTES, per_minute=18)
    forms = 3
    settings: CorpWechatSettings

    def __init__(self, settings: CorpWechatSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._contents: tuple[Content, ...] = (MarkdownV2(site), Markdown(site), Plain(site))
        self._with_addresses = Plain(site, addresses=True)

    def identity(self) -> str:
        """Return the key: WeCom counts by it."""
        return self.settings.robot_key

    def render(self, message: Message, *, form: int = 0) -> Payload:
        """Return Markdown or a text, with everybody whom WeCom can notify and as much as the bytes can hold."""
        people = self._people(message)
        step = self._first_step(people) + min(form, self.forms - 1)
        short = self._tidy(message)
        if step >= len(self._contents):
            short = _briefly(short)
        content = self._content(step, short)
        part = {"content": self._fitted(short, content, people), **content.lists(people)}
        return {"msgtype": content.msgtype, content.msgtype: part}

    def is_whole(self, message: Message) -> bool:
        """Tell whether nothing is left out: no block, none of the mentioned, and no part of a button's name."""
        people = self._people(message)
        content = self._content(self._first_step(people), message)
        return (
            all(len(link.text) <= BUTTON_CHARACTERS for link in _usable_buttons(message))
            and content.calls_all(people)
            and len(self._written(self._tidy(message), content, people).encode()) <= content.most_bytes
        )

    def request(self, payload: Payload, *, now: float, idempotency_key: str) -> HttpRequest:  # noqa: ARG002
        """Return the request; WeCom knows neither signatures nor keys against repeats."""
        return HttpRequest(
            url=self.settings.address,
            headers={"content-type": "application/json; charset=utf-8"},
            body=encoded(payload),
        )

    def judge(self, reply: HttpReply) -> None:
        """Read the code in the body, which decides; an answer without a known success is a failure."""
        meaning, words = read(reply)
        if meaning is None:
            return
        if self.settings.format == "text":
            # Forms 1 and 2 are one here, and what was refused once is not sent again.
            meaning = replace(meaning, form=self.forms - 1)
        raise_for(meaning, words, self)

    def _people(self, message: Message) -> Mentioned:
        return mentioned(self.called(message), everybody=message.everybody)

    def _first_step(self, people: Mentioned) -> int:
        """Return the first of the contents that is no richer than configured and notifies them all."""
        configured = [content.msgtype for content in self._contents].index(self.settings.format)
        needed = 2 if people.needs_text else 1 if people.ids else 0
        return max(configured, needed)

    def _content(self, step: int, message: Message) -> Content:
        if step < len(self._contents) - 1:
            return self._contents[step]
        return self._contents[-1] if _usable_buttons(message) else self._with_addresses

    def _tidy(self, message: Message) -> Message:
        """Return a message with a title, and with the buttons that lead somewhere on one line at the end."""
        title = clean(message.title).strip() or self.choose(zh="通知", en="Notification")
        others = tuple(block for block in message.blocks if not isinstance(block, Buttons))
        links = tuple(replace(link, text=clip(link.text, BUTTON_CHARACTERS)) for link in _usable_buttons(message))
        return replace(message, title=title, blocks=(*others, Buttons(links)))

    def _fitted(self, message: Message, content: Content, people: Mentioned) -> str:
        return fitted(
            message,
            lambda shorter: self._written(shorter, content, people),
            size=lambda text: len(text.encode()),
            room=content.most_bytes,
            left_out=content.left_out,
        )

    def _written(self, message: Message, content: Content, people: Mentioned) -> str:
        blocks = [*(content.block(block) for block in message.blocks), content.call(people)]
        below = content.gap.join(block for block in blocks if block.strip())
        text = "\n".join(part for part in (content.heading(message.title, message.level), below) if part)
        keyword = self.settings.keyword
        return text if keyword is None or keyword in text else f"{text}{content.gap}{keyword}"


def _usable_buttons(message: Message) -> tuple[Link, ...]:
    """Return the buttons that have a name and lead somewhere, with their whole names."""
    links = (link for block in message.blocks if isinstance(block, Buttons) for link in block.links)
    named = (Link(clean(link.text).strip(), link.url) for link in links)
    return tuple(link for link in named if link.text and sound_url(link.url, limit=Content.url_characters))


def _briefly(message: Message) -> Message:
    """Return the title and the first button alone."""
    links = tuple(link for block in message.blocks if isinstance(block, Buttons) for link in block.links[:1])
    return replace(message, title=clip(message.title, BRIEF_TITLE), blocks=(Buttons(links),))
