"""Draws the blocks of Markdown that a vendor's clients show: headings, quotes, lists, tables, code, paragraphs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from posthouse.fakes.page.inline import Dialect, inline
from posthouse.fakes.tables import table_starts


def markdown(text: str, dialect: Dialect) -> str:
    """Return a text of several blocks as HTML."""
    lines = text.replace("\r\n", "\n").replace("\0", "").split("\n")
    shown: list[str] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        for block in (_fence, _table, _rule, _heading, _quote, _list, _paragraph):
            drawn = block(lines, at, dialect)
            if drawn is not None:
                at, html = drawn
                shown.append(html)
                break
    return "".join(shown)


#: Where a block ends and what it looks like, or None where no such block begins.
_Drawn = tuple[int, str] | None
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_QUOTE = re.compile(r" {0,3}>[ \t]?(.*)")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|(\d{1,9})[.)])[ \t]+(.*)")
_RULE = re.compile(r" {0,3}(?:-[ \t]*){3,}")
_FENCE = re.compile(r" {0,3}(```|~~~)")


def _fence(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    opening = _FENCE.match(lines[at]) if "fence" in dialect.shows else None
    if opening is None:
        return None
    end = next((n for n in range(at + 1, len(lines)) if lines[n].strip().startswith(opening[1])), len(lines))
    return end + 1, f"<pre>{escape(chr(10).join(lines[at + 1 : end]))}</pre>"


def _table(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    if "table" not in dialect.shows or not list(table_starts(lines[at : at + 2])):
        return None
    end = next((n for n in range(at + 2, len(lines)) if "|" not in lines[n]), len(lines))
    head, *rows = (_cells(lines[n]) for n in range(at, end) if n != at + 1)
    drawn = "".join(f"<tr>{''.join(f'<td>{inline(cell, dialect)}</td>' for cell in row)}</tr>" for row in rows)
    return end, f"<table><tr>{''.join(f'<th>{inline(cell, dialect)}</th>' for cell in head)}</tr>{drawn}</table>"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _rule(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    return (at + 1, "<hr>") if "rule" in dialect.shows and _RULE.fullmatch(lines[at]) else None


def _heading(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    match = _HEADING.match(lines[at]) if "heading" in dialect.shows else None
    if match is None:
        return None
    return at + 1, f"<h{len(match[1])}>{inline(match[2].strip(), dialect)}</h{len(match[1])}>"


def _quote(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    inside: list[str] = []
    for number in range(at, len(lines)):
        match = _QUOTE.match(lines[number]) if dialect.quotes else None
        if match is None:
            break
        inside.append(match[1])
    drawn = markdown("\n".join(inside), replace(dialect, quotes=dialect.quotes - 1)) if inside else ""
    return (at + len(inside), f"<blockquote>{drawn}</blockquote>") if inside else None


def _list(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    items: list[str] = []
    numbered = False
    for number in range(at, len(lines)):
        match = _ITEM.match(lines[number]) if "list" in dialect.shows else None
        if match is None or (items and bool(match[1]) != numbered):
            break
        numbered = bool(match[1])
        items.append(f"<li>{inline(match[2], dialect)}</li>")
    kind = "ol" if numbered else "ul"
    return (at + len(items), f"<{kind}>{''.join(items)}</{kind}>") if items else None


def _paragraph(lines: Sequence[str], at: int, dialect: Dialect) -> _Drawn:
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _begins_block(lines, end, dialect):
        end += 1
    ends = ["<br>" if not dialect.folds or line.endswith("  ") else " " for line in lines[at:end]]
    drawn = [inline(line.strip(), dialect) + ending for line, ending in zip(lines[at:end], ends, strict=True)]
    return end, f"<p>{''.join(drawn).removesuffix('<br>').strip()}</p>"


def _begins_block(lines: Sequence[str], at: int, dialect: Dialect) -> bool:
    line, shows = lines[at], dialect.shows
    return (
        ("heading" in shows and _HEADING.match(line) is not None)
        or (dialect.quotes > 0 and _QUOTE.match(line) is not None)
        or ("list" in shows and _ITEM.match(line) is not None)
        or ("fence" in shows and _FENCE.match(line) is not None)
        or ("rule" in shows and _RULE.fullmatch(line) is not None)
        or ("table" in shows and bool(list(table_starts(lines[at : at + 2]))))
    )
