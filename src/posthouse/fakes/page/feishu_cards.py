"""Draws Feishu's cards: of version 2.0, and of version 1.0, which shows less of Markdown."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from typing import Any

from posthouse.fakes.exchange import EVERYBODY, objects
from posthouse.fakes.feishu_cards import COLOURS
from posthouse.fakes.feishu_texts import MARK, is_id, marked_names
from posthouse.fakes.page.inline import Dialect, Draw, inline, link, mention
from posthouse.fakes.page.markdown import markdown

DEPTH = 10


def card(value: Mapping[str, Any]) -> str:
    """Draw a card: its coloured header, and its components from top to bottom."""
    if value.get("type") == "template":
        data = value.get("data") if isinstance(value.get("data"), dict) else {}
        return f'<div class="card"><div class="card-body"><p class="plain">{escape(f"模板卡片 {data}")}</p></div></div>'
    body = value.get("body")
    dialect = NEW if value.get("schema") == "2.0" else OLD
    elements = body.get("elements") if isinstance(body, dict) else value.get("elements")
    header = _header(value["header"]) if isinstance(value.get("header"), dict) else ""
    return f'<div class="card">{header}<div class="card-body">{_elements(elements, dialect, DEPTH)}</div></div>'


def somebody(person: str, *, name: str = "") -> str:
    """Draw whom a mention names, conspicuously if that person is really notified."""
    if person == EVERYBODY:
        return mention("所有人")
    return mention(name or person) if is_id(person) else f"@{escape(name or person)}"


def _header(header: Mapping[str, Any]) -> str:
    colour = header.get("template") if header.get("template") in COLOURS else "default"
    tags = "".join(_tag(escape(_text(tag)), tag.get("color")) for tag in objects(header.get("text_tag_list"))[:3])
    subtitle = f"<small>{escape(_content(header.get('subtitle')))}</small>" if header.get("subtitle") else ""
    title = escape(_content(header.get("title")))
    return f'<div class="card-header head-{colour}"><b>{title}</b>{tags}{subtitle}</div>'


def _elements(elements: Any, dialect: Dialect, depth: int) -> str:
    if depth <= 0:
        return "…"
    return "".join(_element(element, dialect, depth - 1) for element in objects(elements))


def _element(element: Mapping[str, Any], dialect: Dialect, depth: int) -> str:
    match element.get("tag"):
        case "markdown":
            return f'<div class="md">{markdown(str(element.get("content", "")), dialect)}</div>'
        case "div":
            fields = [f'<div class="field">{_formatted(field.get("text"))}</div>' for field in _fields(element)]
            extra = _elements([element.get("extra")], dialect, depth)
            return f'<div class="md">{_formatted(element.get("text"))}{"".join(fields)}{extra}</div>'
        case "hr":
            return "<hr>"
        case "button":
            return _button(element)
        case "action":
            return f'<div class="row">{_elements(element.get("actions"), dialect, depth)}</div>'
        case "note":
            return f'<div class="note">{_elements(element.get("elements"), dialect, depth)}</div>'
        case "plain_text" | "lark_md":
            return _formatted(element)
        case "column_set":
            columns = (_elements(one.get("elements"), dialect, depth) for one in objects(element.get("columns")))
            return f'<div class="row">{"".join(f"<div>{column}</div>" for column in columns)}</div>'
        case "table":
            return _table(element, dialect)
        case _:
            return _other(element, dialect, depth)


def _other(element: Mapping[str, Any], dialect: Dialect, depth: int) -> str:
    if element.get("tag") == "collapsible_panel":
        header = element.get("header")
        title = _content(header.get("title")) if isinstance(header, dict) else ""
        unfolded = " open" if element.get("expanded") is True else ""
        inside = _elements(element.get("elements"), dialect, depth)
        return f"<details{unfolded}><summary>{inline(title, dialect)}</summary>{inside}</details>"
    if element.get("tag") == "img":
        return f"<p>🖼 {escape(_content(element.get('alt')) or str(element.get('img_key')))}</p>"
    if isinstance(element.get("elements"), list):
        return _elements(element["elements"], dialect, depth)
    return f'<p class="preview">［{escape(str(element.get("tag")))}］</p>'


def _button(button: Mapping[str, Any]) -> str:
    anywhere = button.get("multi_url")
    addresses = [
        *(behavior.get("default_url") for behavior in objects(button.get("behaviors"))),
        *(entry.get("url") for entry in (button, anywhere) if isinstance(entry, dict)),
    ]
    address = next((one for one in addresses if isinstance(one, str) and one), "")
    kind = str(button.get("type")).partition("_")[0]
    look = kind if kind in {"primary", "danger"} else "default"
    return f'<span class="button {look}">{link(escape(_text(button)), address)}</span>'


def _table(table: Mapping[str, Any], dialect: Dialect) -> str:
    columns = objects(table.get("columns"))
    head = "".join(f"<th>{escape(str(one.get('display_name', one.get('name'))))}</th>" for one in columns)
    rows = (
        "".join(f"<td>{inline(str(row.get(str(one.get('name')), '')), dialect)}</td>" for one in columns)
        for row in objects(table.get("rows"))
    )
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _fields(element: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return objects(element.get("fields"))


def _formatted(text: Any) -> str:
    """Draw a text that says itself whether it is Markdown; where it may be, it is always that of version 1.0."""
    if not isinstance(text, dict):
        return ""
    content = _content(text)
    return markdown(content, OLD) if text.get("tag") == "lark_md" else f'<p class="plain">{escape(content)}</p>'


def _text(value: Mapping[str, Any]) -> str:
    return _content(value.get("text"))


def _content(text: Any) -> str:
    return str(text.get("content", "")) if isinstance(text, dict) else str(text or "")


def _tag(html: str, colour: Any) -> str:
    return f'<span class="tag tag-{colour if colour in _TAG_COLOURS else "neutral"}">{html}</span>'


_TAG_COLOURS = (*COLOURS, "neutral", "lime")


def _at(match: re.Match[str], _draw: Draw) -> str:
    return " ".join(somebody(name) for name in marked_names(match))


def _font(match: re.Match[str], draw: Draw) -> str:
    colour = match[1] if match[1] in COLOURS else "default"
    return f'<span class="ink-{colour}">{draw(match[2])}</span>'


def _anchor(match: re.Match[str], draw: Draw) -> str:
    return link(draw(match[2] or match[1]), match[1])


#: What is in angle brackets: mentions, tags, line ends and links, and colours, which may be inside one another.
_MARKS = (
    (MARK, _at),
    (
        re.compile(r"""<text_tag\s+color\s*=\s*["']?([a-z-]+)["']?\s*>([^<]*)</text_tag>"""),
        lambda match, draw: _tag(draw(match[2]), match[1]),
    ),
    (re.compile(r"<br\s*/?>"), lambda _match, _draw: "<br>"),
    (re.compile(r"""<(?:a|link)\s[^<>]*?(?:href|url)\s*=\s*["']([^"'<>]*)["'][^<>]*>([^<]*)</(?:a|link)>"""), _anchor),
    (re.compile(r"""<font\s+color\s*=\s*["']?([a-z-]+)["']?\s*>((?:(?!</?font)[\s\S])*)</font>"""), _font),
)
#: Version 2.0 is CommonMark without HTML; 1.0 knows neither headings nor quotes, code nor tables.
NEW = Dialect(
    frozenset(
        {
            *("heading", "list", "rule", "table", "fence", "code", "escape"),
            *("link", "entity", "bold", "italic", "strike"),
        }
    ),
    quotes=8,
    folds=True,
    marks=_MARKS,
)
OLD = replace(
    NEW, shows=frozenset({"list", "rule", "link", "entity", "bold", "italic", "strike"}), quotes=0, folds=False
)
