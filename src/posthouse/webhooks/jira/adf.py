"""Reads the Atlassian Document Format, node after node without recursion: a document may be as deep as it is long.

Source: Atlassian's page "Atlassian Document Format". Of a node that is not known here the content is read.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice

from posthouse import Reader, first_line

#: How many nodes, texts and ends of nodes are looked at; an excerpt has no room for more.
STEPS = 2000
#: How many marks a piece of text is looked at for; there are about ten kinds.
MARKS = 20
#: How long a name in a text may be, in characters.
NAME = 80
#: What a mention may say of whom it is for, in ``userType``; the others are apps and groups.
PEOPLE = frozenset({"", "DEFAULT"})
#: Between lines, and between the cells of a table; neither is told twice in a row.
BREAK = "\n"
CELL = " | "
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The first day that a calendar does not have, in milliseconds since the epoch.
NEVER = 253_402_300_800_000
END = object()


def plain_text(document: Mapping[str, object], people: Mapping[str, str], *, limit: int) -> tuple[str, bool]:
    """Return the first ``limit`` characters of a document as plain text, and whether there may be more.

    See `markup.excerpt_of` for ``people``. What is struck out stands between dashes, as in wiki markup.
    """
    shown, room = list[str](), limit
    # The nodes that are open, each with what is left of it.
    walk: list[Iterator[object]] = [iter((document,))]
    for _ in range(STEPS):
        if not walk or room <= 0:
            break
        piece = next(walk[-1], END)
        if piece is END:
            walk.pop()
        elif isinstance(piece, dict):
            walk.append(_pieces(Reader(piece), people))
        elif isinstance(piece, str):
            _show(piece[:room], shown)
            room -= len(piece)
    return "".join(shown), bool(walk)


def mentioned_in(document: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield who is mentioned in a document: their account, and what the document itself calls them."""
    walk: list[Iterator[object]] = [iter((document,))]
    for _ in range(STEPS):
        if not walk:
            break
        piece = next(walk[-1], END)
        if piece is END:
            walk.pop()
        elif isinstance(piece, dict):
            node = Reader(piece)
            if node.text("type") == "mention" and node.text("attrs.userType") in PEOPLE:
                yield node.text("attrs.id"), first_line(_called(node.at("attrs")), NAME)
            walk.append(_content(node))


def _show(piece: str, shown: list[str]) -> None:
    """Add a piece; the break behind a paragraph makes way for the next cell, and the last cell for a break."""
    if piece in (BREAK, CELL) and shown and shown[-1] in (BREAK, CELL):
        shown.pop()
    shown.append(piece)


def _pieces(node: Reader, people: Mapping[str, str]) -> Iterator[object]:
    """Yield the texts of a node and the nodes inside it, in the order in which they are read."""
    match node.text("type"):
        case "text":
            yield _text(node)
        case "hardBreak" | "rule":
            yield BREAK
        case "paragraph" | "heading" | "codeBlock" | "tableRow" | "caption" | "mediaSingle" | "mediaGroup":
            yield from _content(node)
            yield BREAK
        case "tableCell" | "tableHeader":
            yield from _content(node)
            yield CELL
        case "listItem" | "decisionItem":
            yield "• "
            yield from _content(node)
            yield BREAK
        case "taskItem":
            yield "☑ " if node.text("attrs.state") == "DONE" else "☐ "
            yield from _content(node)
            yield BREAK
        case "expand" | "nestedExpand":
            yield node.text("attrs.title")
            yield BREAK
            yield from _content(node)
        case _:
            yield _leaf(node, people)
            yield from _content(node)


def _content(node: Reader) -> Iterator[object]:
    content = node.at("content").value
    return iter(content if isinstance(content, list) else ())


def _text(node: Reader) -> str:
    """Return a piece of text with the white space around it, which keeps words apart."""
    text = node.value.get("text")
    if not isinstance(text, str):
        return ""
    struck = any(mark.text("type") == "strike" for mark in islice(node.each("marks"), MARKS))
    return f"-{text}-" if struck else text


def _leaf(node: Reader, people: Mapping[str, str]) -> str:
    """Return what is shown of a node without content; nothing for a node that is not known here."""
    attributes = node.at("attrs")
    match node.text("type"):
        case "mention":
            return _mention(attributes, people)
        case "emoji":
            return attributes.first_text("text", "shortName")
        case "status":
            return first_line(attributes.text("text"), NAME)
        case "date":
            return _day(attributes)
        case "inlineCard" | "blockCard" | "embedCard":
            return attributes.link("url") or attributes.link("data.url")
        case "media" | "mediaInline":
            return f"🖼 {first_line(attributes.text('alt'), NAME)}".strip()
        case _:
            return ""


def _mention(attributes: Reader, people: Mapping[str, str]) -> str:
    """Return the name of who is mentioned."""
    known = people.get(attributes.text("id")) or _called(attributes)
    return f"@{first_line(known, NAME) or '…'}"


def _called(attributes: Reader) -> str:
    """Return the text of a mention, which is "@" with the name at that time, or nothing, or the account."""
    account, text = attributes.text("id"), attributes.text("text").removeprefix("@")
    return "" if account and account in text else text


def _day(attributes: Reader) -> str:
    """Return a date, which is written in milliseconds since the epoch, at midnight in UTC."""
    digits = attributes.label("timestamp")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(NEVER)) or int(digits) >= NEVER:
        return ""
    return (EPOCH + timedelta(milliseconds=int(digits))).date().isoformat()
