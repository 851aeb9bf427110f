"""What we want to say, knowing no robot: a title, blocks of inline parts, and facts that rules match on.

Text that a user wrote enters a message only as a plain ``str`` (or inside `Link`, `Bold`, `Code`); notifiers escape
all of it. So a commit title cannot become a link, a mention or markup.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter


class Level(enum.StrEnum):
    """How good or bad the news is; notifiers show it as a colour or a mark."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads somewhere. An ``url`` that is empty or no http(s) address is shown as text alone."""

    text: str
    url: str
    kind: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Bold:
    """Text to catch the eye."""

    text: str
    kind: Literal["bold"] = "bold"


@dataclass(frozen=True, slots=True)
class Code:
    """A name from a machine: a branch, a commit, a job."""

    text: str
    kind: Literal["code"] = "code"


Inline = str | Link | Bold | Code
#: One line of text, made of parts. A plain ``str`` in it is always escaped.
Line = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph."""

    line: Line
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody wrote, as an excerpt; may have several lines."""

    text: str
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Fields:
    """Names with their values, one a line."""

    pairs: tuple[tuple[str, Line], ...]
    kind: Literal["fields"] = "fields"


@dataclass(frozen=True, slots=True)
class Items:
    """A list, of which ``more`` entries are not shown here. A notifier may leave out further ones to fit."""

    lines: tuple[Line, ...]
    more: int = 0
    kind: Literal["items"] = "items"


@dataclass(frozen=True, slots=True)
class Buttons:
    """Where to go from here; the first one leads to the object itself."""

    links: tuple[Link, ...]
    kind: Literal["buttons"] = "buttons"


Block = Annotated[Text | Quote | Fields | Items | Buttons, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps a message back for some seconds, in case that a better one of the same ``burst`` takes its place.

    A later message of the burst takes the place of the one that is held back, and is told when that would have been,
    or at once if its own ``seconds`` are 0. Once a message is on its way, nothing takes its place any more.
    """

    burst: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Mention:
    """A person whose attention a message asks for, by the names that its sender has for them.

    A name is a webhook type's word and what that system calls the person ("gitlab:lilei"), or an e-mail address
    ("email:li@example.com"), or a mobile number ("mobile:…"). ``text`` is shown of whom nobody knows. A ``guess`` was
    found in a text, and may be nobody: it is left out where it fits nobody.
    """

    text: str
    names: tuple[str, ...] = ()
    guess: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What we want to say.

    ``facts`` is what rules match on: project, ref, action, author, labels and the like. ``story`` joins messages
    about one object ("gitlab:merge_request:15!7"), so that they can be told together. ``occurrence`` names what
    happened in the sender's ids: one occurrence is told to a robot once, whoever reports it and however often.
    ``mentions`` are the people who should look at it, and ``everybody`` mentions the whole group.
    """

    title: str
    blocks: tuple[Block, ...] = ()
    level: Level = Level.INFO
    facts: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    story: str | None = None
    occurrence: str | None = None
    hold: Hold | None = None
    mentions: tuple[Mention, ...] = ()
    everybody: bool = False

    def to_json(self) -> str:
        """Return the message as it is stored."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Message":
        """Return the message that was stored as ``text``."""
        return _ADAPTER.validate_json(text)

    def to_text(self) -> str:
        """Return the message as plain text for people and tests: the title, a paragraph for each block, who to tell."""
        return "\n\n".join([self.title, *(_block_text(block) for block in self.blocks), *_mentions_text(self)])


def phrase(template: str, **parts: Inline | Line) -> Line:
    """Fill ``{names}`` in our own sentence with parts, which keep their kind.

    ``phrase("{who} pushed", who=Bold("Li"))`` is ``(Bold("Li"), " pushed")``. Raises `KeyError` for a name without
    a part: the sentence is ours, so that is a bug.
    """
    line: list[Inline] = []
    for literal, name, _, _ in Formatter().parse(template):
        if literal:
            line.append(literal)
        if name is not None:
            part = parts[name]
            line.extend(part if isinstance(part, tuple) else (part,))
    return tuple(part for part in line if part != "")


def plain(line: Iterable[Inline]) -> str:
    """Return a line without its markup."""
    return "".join(part if isinstance(part, str) else part.text for part in line)


def join(lines: Iterable[Inline | Line], separator: str) -> Line:
    """Return several parts or lines as one, with ``separator`` between them."""
    joined: list[Inline] = []
    for line in lines:
        if joined:
            joined.append(separator)
        joined.extend(line if isinstance(line, tuple) else (line,))
    return tuple(joined)


def excerpt(text: str, limit: int) -> str:
    """Return the beginning of a text: at most ``limit`` characters, without blank lines, with an ellipsis where cut."""
    text = text.strip()
    head = text[: limit * 4]
    lines = [line.rstrip() for line in head.splitlines() if line.strip()]
    short = "\n".join(lines)
    if len(short) <= limit and len(head) == len(text):
        return short
    return short[:limit].rstrip() + "…"


def first_line(text: str, limit: int = 120) -> str:
    """Return the first line that is not blank, cut to ``limit`` characters with an ellipsis."""
    line = next((line.strip() for line in text[: limit * 40].splitlines() if line.strip()), "")
    return line if len(line) <= limit else line[:limit].rstrip() + "…"


def printable(text: str) -> str:
    """Return text as one line that a terminal or a log cannot be steered with: control characters become "�"."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def _mentions_text(message: Message) -> list[str]:
    shown = ["@everybody"] if message.everybody else []
    shown += [f"@{one.text}{'?' if one.guess else ''} <{', '.join(one.names)}>" for one in message.mentions]
    return [" ".join(shown)] if shown else []


def _block_text(block: Text | Quote | Fields | Items | Buttons) -> str:
    match block:
        case Text(line=line):
            return _marked(line)
        case Quote(text=text):
            return "\n".join(f"> {line}" for line in text.splitlines())
        case Fields(pairs=pairs):
            return "\n".join(f"{name}: {_marked(line)}" for name, line in pairs)
        case Items(lines=lines, more=more):
            rows = [f"- {_marked(line)}" for line in lines]
            return "\n".join([*rows, f"- … +{more}"] if more else rows)
        case Buttons(links=links):
            return "\n".join(f"[{link.text}] {link.url}" for link in links)


def _marked(line: Line) -> str:
    """Show a line's parts in a way that a golden file can tell apart."""
    shown = []
    for part in line:
        match part:
            case Link(text=text, url=url):
                shown.append(f"{text} <{url}>" if url else text)
            case Bold(text=text):
                shown.append(f"*{text}*")
            case Code(text=text):
                shown.append(f"`{text}`")
            case _:
                shown.append(part)
    return "".join(shown)


_ADAPTER: TypeAdapter[Message] = TypeAdapter(Message)
