"""Draws messages as WeCom's groups see them."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from posthouse.fakes.exchange import Shown, objects, texts
from posthouse.fakes.page.inline import Dialect, Draw, inline, link, mention
from posthouse.fakes.page.markdown import markdown
from posthouse.fakes.wecom_rules import MARK

TITLE_BYTES = 128
DESCRIPTION_BYTES = 512


def bubble(message: Shown) -> str:
    """Draw one message."""
    kind = str(message.payload.get("msgtype"))
    part = message.payload.get(kind)
    if not isinstance(part, dict):
        return f'<p class="plain">{escape(str(message.payload))}</p>'
    match kind:
        case "text":
            return f'<p class="plain">{inline(str(part.get("content", "")), _TEXT)}</p>{_listed(part)}'
        case "markdown":
            return markdown(str(part.get("content", "")), FIRST)
        case "markdown_v2":
            return markdown(str(part.get("content", "")), SECOND)
        case "news":
            return "".join(_article(article) for article in objects(part.get("articles")))
        case "template_card":
            return _card(part)
    name = {"image": "🖼 图片", "file": "📎 文件", "voice": "🔈 语音"}.get(kind, kind)
    return f"<p>{escape(name)}</p>"


def _listed(part: Mapping[str, Any]) -> str:
    """Draw whom the lists of a text name; the client puts them behind it."""
    names = (*texts(part.get("mentioned_list")), *texts(part.get("mentioned_mobile_list")))
    return f"<p>{' '.join(_name(name) for name in names)}</p>" if names else ""


def _name(name: str) -> str:
    return mention("所有人" if name in {"@all", "all"} else name)


def _at(match: re.Match[str], _draw: Draw) -> str:
    return _name(match[1])


def _font(match: re.Match[str], draw: Draw) -> str:
    return f'<span class="ink-{match[1]}">{draw(match[2])}</span>'


_TEXT = Dialect(marks=((MARK, _at),))
#: The first Markdown has three colours and mentions; the second one has neither, but everything else.
FIRST = Dialect(
    frozenset({"heading", "bold", "link", "code"}),
    quotes=1,
    marks=(
        (MARK, _at),
        (re.compile(r"""<font\s+color\s*=\s*["'](info|comment|warning)["']\s*>([^<\n]*)</font>"""), _font),
    ),
)
SECOND = Dialect(
    frozenset({"heading", "list", "rule", "table", "fence", "code", "link", "bold", "italic"}),
    quotes=8,
)


def _article(article: Mapping[str, Any]) -> str:
    title = escape(_clipped(str(article.get("title", "")), TITLE_BYTES))
    description = escape(_clipped(str(article.get("description", "")), DESCRIPTION_BYTES))
    return f"<h4>{link(title, str(article.get('url')))}</h4><p>{description}</p>"


def _clipped(text: str, limit: int) -> str:
    """Cut a text after so many bytes, as WeCom does it."""
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else f"{encoded[:limit].decode('utf-8', 'ignore')}…"


def _card(card: Mapping[str, Any]) -> str:
    source, main = _part(card, "source"), _part(card, "main_title")
    head = f'<p class="preview">{_words(source, "desc")}</p>' if source else ""
    emphasis = _part(card, "emphasis_content")
    big = f'<p class="big">{_words(emphasis, "title")}<small>{_words(emphasis, "desc")}</small></p>' if emphasis else ""
    quote = _part(card, "quote_area")
    quoted = f"<blockquote><b>{_words(quote, 'title')}</b> {_words(quote, 'quote_text')}</blockquote>" if quote else ""
    image = "<p>🖼 图片</p>" if card.get("card_image") else ""
    parts = (
        f"<p><b>{_words(part, 'title')}</b><br>{_words(part, 'desc')}</p>"
        for part in objects(card.get("vertical_content_list"))
    )
    title = link(_words(main, "title"), str(_part(card, "card_action").get("url")))
    return (
        f'{head}<h4>{title}</h4><p class="preview">{_words(main, "desc")}</p>{image}{big}{quoted}'
        f"<p>{_words(card, 'sub_title_text')}</p>{''.join(parts)}{_rows(card)}{_jumps(card)}"
    )


def _rows(card: Mapping[str, Any]) -> str:
    rows = (
        f'<div class="pair"><span>{_words(row, "keyname")}</span> {_linked(row, "value")}</div>'
        for row in objects(card.get("horizontal_content_list"))
    )
    return "".join(rows)


def _jumps(card: Mapping[str, Any]) -> str:
    drawn = "".join(_linked(jump, "title") for jump in objects(card.get("jump_list")))
    return f'<div class="actions">{drawn}</div>' if drawn else ""


def _linked(entry: Mapping[str, Any], name: str) -> str:
    return link(_words(entry, name), str(entry.get("url")))


def _part(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = card.get(name)
    return part if isinstance(part, dict) else {}


def _words(part: Mapping[str, Any], name: str) -> str:
    return escape(str(part.get(name, "")))
