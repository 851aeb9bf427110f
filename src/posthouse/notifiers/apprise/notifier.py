"""Shapes what the Apprise library is to send, and decides what its outcome means."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from posthouse import (
    AppriseRequest,
    Block,
    Buttons,
    HttpReply,
    Limits,
    Link,
    Message,
    Notifier,
    Payload,
    Site,
    Text,
)
from posthouse.notifiers.answers import raise_for
from posthouse.notifiers.apprise.answers import read
from posthouse.notifiers.apprise.markup import Markdown, Plain
from posthouse.notifiers.apprise.service import service_of
from posthouse.notifiers.apprise.settings import AppriseSettings
from posthouse.notifiers.fitting import clip, fit
from posthouse.notifiers.markdown import MARKS, clean, sound_url

#: The longest text that anybody reads in a chat; mail servers and brokers would take far more.
BODY_CHARACTERS = 20_000
#: What the longest text takes at most, each character in 3 bytes, with a title and the JSON around it.
BODY_BYTES = 64 * 1024
#: What the library puts around a title in front of a text, in characters.
HEADING_CHARACTERS = 16
#: How long the title of the plain form may be.
PLAIN_CHARACTERS = 200
#: An address is no use behind less of a title.
SHORTEST_TITLE = 20
DIALECTS: Mapping[str, type[Markdown]] = {"text": Plain, "markdown": Markdown}
BUTTON_CHARACTERS = 40
NAME_CHARACTERS = 20
#: How many people are named.
PEOPLE = 50


class AppriseNotifier(Notifier):
    """Speaks to whatever service the Apprise library knows, and mentions nobody: names are shown as names.

    Form 0 is in the format of the service, form 1 the title and the first button alone, as a text where that can be.
    Nothing is cut or split by the library, as nothing is longer than it says that a service takes.
    """

    type = "apprise"
    settings_model = AppriseSettings
    # The least of Slack's, Telegram's and Discord's.
    limits = Limits(body_bytes=BODY_BYTES, per_minute=20, per_second=1)
    forms = 2
    settings: AppriseSettings

    def __init__(self, settings: AppriseSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._service = service_of(settings.url.get_secret_value())
        self._room = min(self._service.body_characters, BODY_CHARACTERS)
        self._dialect = DIALECTS[self._service.format](site)
        self._plain = DIALECTS[self._service.plain_format](site)

    def identity(self) -> str:
        """Return the URL."""
        return self.settings.url.get_secret_value()

    def render(self, message: Message, *, form: int = 0) -> Payload:
        """Return title and text, fitted into the characters that the service takes."""
        dialect = self._dialect if form == 0 else self._plain
        tidy = self._tidy(message)
        return self._fitted(tidy if form == 0 else _briefly(tidy), dialect)

    def is_whole(self, message: Message) -> bool:
        """Tell whether title and text have the room they need, and everybody is named with the whole name."""
        tidy, longest = self._tidy(message), self._service.title_characters
        names = [person.name for person in self.called(message)]
        return (
            (longest == 0 or len(self._heading(tidy, self._dialect)) <= longest)
            and len(names) <= PEOPLE
            and all(len(name) <= NAME_CHARACTERS for name in names)
            and self._size(tidy, self._dialect) <= self._room
        )

    def request(self, payload: Payload, *, now: float, idempotency_key: str) -> AppriseRequest:  # noqa: ARG002
        """Return the request; Apprise signs by itself where a service wants that, and knows no keys against repeats."""
        return AppriseRequest(url=self.settings.url.get_secret_value(), **payload)

    def judge(self, reply: HttpReply) -> None:
        """Take the library's word for a success, and read its lines for the reason of a failure."""
        meaning, words = read(reply, targets=self._service.targets)
        if meaning is not None:
            raise_for(meaning, words, self)

    def warnings(self) -> Sequence[str]:
        """Warn of a URL with several targets: one that fails makes all of them hear it again."""
        if self._service.targets > 1:
            several = f"url names {self._service.targets} receivers"
            return (f"{several}; when one fails, all are told again, so give each a robot of its own",)
        return ()

    def _tidy(self, message: Message) -> Message:
        """Return a message with a title, the names of whom it calls, and the buttons that lead somewhere at the end."""
        title = clean(message.title).strip() or self.choose(zh="通知", en="Notification")
        others = (block for block in message.blocks if not isinstance(block, Buttons))
        return replace(
            message, title=title, blocks=(*self._called(message), *others, Buttons(_usable_buttons(message)))
        )

    def _called(self, message: Message) -> tuple[Block, ...]:
        everybody = [self.choose(zh="所有人", en="everybody")] if message.everybody else []
        names = [clip(clean(person.name).strip(), NAME_CHARACTERS) for person in self.called(message)]
        line = self.listed([*everybody, *names], shown=PEOPLE + len(everybody))
        return (Text(self.say(zh="提醒：{names}", en="For: {names}", names=line)),) if line else ()

    def _fitted(self, message: Message, dialect: Markdown) -> Payload:
        def size(shorter: Message) -> int:
            return self._size(shorter, dialect)

        fitted = fit(message, size=size, room=self._room, left_out=dialect.left_out)
        if size(fitted) > self._room:
            fitted = self._squeezed(fitted, dialect)
        title, body = self._written(fitted, dialect)
        return {"title": title, "body": body, "level": message.level.value, "format": dialect.format}

    def _squeezed(self, message: Message, dialect: Markdown) -> Message:
        """Return what fits into a pager or a text message: an address if there is room for a title, else a title."""
        briefly = _briefly(message)
        for blocks, least in ((briefly.blocks, SHORTEST_TITLE), ((), 1)):
            for length in range(len(message.title), least - 1, -1):
                briefly = replace(message, title=clip(message.title, length), blocks=blocks)
                if self._size(briefly, dialect) <= self._room:
                    return briefly
        return briefly

    def _size(self, message: Message, dialect: Markdown) -> int:
        """Return what the service counts, where a character beyond the first 65,536 may be two."""
        title, body = self._written(message, dialect)
        size = _units(body) + (_units(title) + HEADING_CHARACTERS if self._service.counts and title else 0)
        if size > self._room:
            return size  # what the library makes of it is hardly ever shorter, and takes its time
        return size - _units(body) + _units(self._service.converted(body, dialect.format))

    def _written(self, message: Message, dialect: Markdown) -> tuple[str, str]:
        """Return title and text; the library sends none without a text."""
        blocks = (dialect.block(block) for block in message.blocks)
        body = dialect.gap.join(block for block in blocks if block.strip())
        title = self._heading(message, dialect)
        keyword = self.settings.keyword
        if keyword is not None and keyword not in f"{title}\n{body}":
            body = dialect.gap.join(part for part in (body, keyword) if part)
        longest = self._service.title_characters
        if longest == 0:
            return (title, body) if body else ("", title)
        short = clip(title, longest - 1) if len(title) > longest else title
        return short, body or title

    def _heading(self, message: Message, dialect: Markdown) -> str:
        return f"{MARKS[message.level]}{dialect.line((message.title,))}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _usable_buttons(message: Message) -> tuple[Link, ...]:
    """Return the buttons that have a name and lead somewhere."""
    links = (link for block in message.blocks if isinstance(block, Buttons) for link in block.links)
    named = (Link(clip(clean(link.text).strip(), BUTTON_CHARACTERS), link.url) for link in links)
    return tuple(link for link in named if link.text and sound_url(link.url))


def _briefly(message: Message) -> Message:
    """Return the title and the first button alone."""
    links = tuple(link for block in message.blocks if isinstance(block, Buttons) for link in block.links[:1])
    return replace(message, title=clip(message.title, PLAIN_CHARACTERS), blocks=(Buttons(links),))
