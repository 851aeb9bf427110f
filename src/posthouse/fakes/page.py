"""The page that shows what the groups see, with every text escaped before anything is drawn from it."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from posthouse.fakes.dingtalk import FakeDingTalk, Received, Shown

NAME_CHARACTERS = 8
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STYLE = """
:root { color-scheme: light; --blue: #1677ff; --line: #e5e8ed; --grey: #8a919f; }
* { box-sizing: border-box; }
body { margin: 0; padding: 24px; background: #dfe4ec; color: #171a1d;
  font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
header { margin: 0 0 16px; color: #4e5969; }
header h1 { margin: 0; font-size: 20px; color: #171a1d; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(420px, 100%), 1fr)); gap: 20px; }
.window { display: flex; flex-direction: column; height: min(760px, calc(100vh - 110px)); background: #f5f6f8;
  border: 1px solid #cfd6e0; border-radius: 12px; overflow: hidden; box-shadow: 0 6px 20px rgb(23 26 29 / 8%); }
.window > h2 { margin: 0; padding: 10px 16px; font-size: 15px; background: #fff; border-bottom: 1px solid var(--line); }
.window > h2 small { font-weight: normal; color: var(--grey); }
.chat { flex: 1; overflow-y: auto; display: flex; flex-direction: column-reverse; padding: 12px 16px; }
.message { display: grid; grid-template-columns: 36px minmax(0, 1fr); column-gap: 10px; margin: 8px 0; }
.face { width: 36px; height: 36px; border-radius: 8px; background: var(--blue); color: #fff; text-align: center;
  line-height: 36px; }
.who { grid-column: 2; font-size: 12px; color: var(--grey); }
.message .face { grid-row: 1 / span 2; }
.bubble { grid-column: 2; width: fit-content; max-width: 100%; padding: 10px 14px; background: #fff; border-radius: 8px;
  overflow-wrap: anywhere; }
.bubble > :first-child { margin-top: 0; } .bubble > :last-child:not(.buttons) { margin-bottom: 0; }
.bubble h1, .bubble h2, .bubble h3, .bubble h4, .bubble h5, .bubble h6 { margin: 0 0 6px; line-height: 1.4; }
.bubble h1 { font-size: 20px; } .bubble h2 { font-size: 18px; } .bubble h3 { font-size: 17px; }
.bubble h4 { font-size: 16px; } .bubble h5, .bubble h6 { font-size: 15px; }
.bubble p, .bubble ul, .bubble ol { margin: 6px 0; } .bubble ul, .bubble ol { padding-left: 22px; }
.bubble blockquote { margin: 6px 0; padding-left: 10px; border-left: 3px solid #c9cdd4; color: #5c6470; }
.bubble .plain { white-space: pre-wrap; }
a { color: var(--blue); text-decoration: none; }
.buttons { margin: 10px -14px -10px; border-top: 1px solid var(--line); display: flex; flex-direction: column; }
.buttons.beside { flex-direction: row; }
.buttons > * { flex: 1; padding: 8px; text-align: center; }
.buttons > * + * { border-top: 1px solid var(--line); }
.buttons.beside > * + * { border-top: 0; border-left: 1px solid var(--line); }
.preview { font-size: 12px; color: var(--grey); } .refused { color: #d4380d; }
footer { padding: 6px 16px; font-size: 12px; color: var(--grey); background: #fff; border-top: 1px solid var(--line);
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.empty { margin: auto; color: var(--grey); }
"""


def page(dingtalk: FakeDingTalk) -> str:
    """Return the page as HTML: a chat window for each robot, named by the beginning of its token."""
    windows = [
        _window(token, dingtalk.shown_with_times(token), dingtalk.requests(token)) for token in dingtalk.tokens()
    ]
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>模拟钉钉群</title>'
        f"<style>{STYLE}</style></head><body><header><h1>模拟钉钉群</h1>这里显示各个群里看到的消息，每两秒刷新一次。</header>"
        f"<main>{''.join(windows) or '<p>还没有机器人收到消息。</p>'}</main></body></html>"
    )


def markdown(text: str) -> str:
    """Return the Markdown that DingTalk's clients show as HTML.

    That is headings, quotes, lists, bold, italics and links to http(s). Two spaces at a line's end break it, a line
    end alone is a space. All else, HTML in the first place, is text; images are named, not loaded.
    """
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))
    return "".join(_block(block.strip("\n")) for block in blocks if block.strip())


def _block(block: str) -> str:
    """Draw one paragraph; its lines may still be headings, quotes or entries of lists."""
    shown: list[str] = []
    run: list[str] = []
    run_kind = ""
    for line in [*block.split("\n"), None]:
        kind, content = ("", "") if line is None else _kind(line)
        if line is None or kind != run_kind or kind.startswith("h"):
            if run:
                shown.append(_run(run_kind, run))
            run, run_kind = [], kind
        run.append(content)
    return "".join(shown)


def _kind(line: str) -> tuple[str, str]:
    for pattern, kind in _LINES:
        match = re.match(pattern, line)
        if match:
            return (f"h{len(match[1])}" if kind == "h" else kind), line[match.end() :]
    return "p", line


_LINES = (
    (r" {0,3}(#{1,6})\s+", "h"),
    (r" {0,3}> ?", "blockquote"),
    (r" {0,3}[-*+]\s+", "ul"),
    (r" {0,3}\d+\.\s+", "ol"),
)


def _run(kind: str, lines: list[str]) -> str:
    if kind in {"ul", "ol"}:
        return f"<{kind}>{''.join(f'<li>{_inline(line)}</li>' for line in lines)}</{kind}>"
    parts = [_inline(line.strip()) + ("<br>" if line.endswith("  ") else " ") for line in lines]
    return f"<{kind}>{''.join(parts).removesuffix('<br>').strip()}</{kind}>"


def _inline(text: str) -> str:
    """Draw bold, italics, images and links in a line; everything is escaped before a tag is added."""
    pieces: list[str] = []
    at = 0
    for match in _LINK.finditer(text):
        pieces.append(_emphasis(escape(text[at : match.start()])))
        name = _emphasis(escape(match[2]))
        pieces.append(f"🖼 {name}" if match[1] else _link(name, match[3]))
        at = match.end()
    pieces.append(_emphasis(escape(text[at:])))
    return "".join(pieces)


#: The optional mark of an image, the text, the address.
_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\(([^\s()<>]*)\)")


def _emphasis(html: str) -> str:
    html = re.sub(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", r"<strong>\1</strong>", html)
    return re.sub(r"(?<![\w*])([*_])(?=[^\s*_])([^*_<>]+?)(?<=\S)\1(?![\w*])", r"<em>\2</em>", html)


def _link(name: str, address: str) -> str:
    """Return a link in HTML, of which ``name`` is HTML already; the name alone where it does not lead to http(s)."""
    target = _target(address)
    return f'<a href="{escape(target)}" rel="noreferrer noopener">{name}</a>' if target else name


def _target(address: str) -> str:
    parts = _split(address)
    if parts.scheme == "dingtalk" and parts.netloc == "dingtalkclient" and parts.path == "/page/link":
        address = parse_qs(parts.query).get("url", [""])[0]
        parts = _split(address)
    return address if parts.scheme in {"http", "https"} and parts.netloc else ""


def _split(address: str) -> Any:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _window(token: str, shown: Iterable[Shown], requests: tuple[Received, ...]) -> str:
    name = escape(token[:NAME_CHARACTERS])
    # Newest first, in a column that is drawn upwards: the window starts scrolled to its end without any script.
    messages = [_message(message) for message in reversed(tuple(shown))]
    last = requests[-1] if requests else None
    state = (
        "还没有请求" if last is None else f"{len(requests)} 次请求，最近一次 {_time(last.at)}，结果 {_code(last.code)}"
    )
    chat = "".join(messages) or '<p class="empty">群里还没有消息</p>'
    return (
        f'<section class="window"><h2>{name} <small>（{len(messages)} 条消息）</small></h2>'
        f'<div class="chat">{chat}</div>'
        f"<footer>{state}</footer></section>"
    )


def _message(message: Shown) -> str:
    return (
        '<article class="message"><div class="face">机</div>'
        f'<div class="who">机器人 <time>{_time(message.at)}</time></div>'
        f'<div class="bubble">{_bubble(message.payload)}</div></article>'
    )


def _bubble(payload: Mapping[str, Any]) -> str:
    """Draw one message as the group sees it, below the title that shows in the list of conversations."""
    kind = str(payload.get("msgtype"))
    part = payload.get(kind)
    if not isinstance(part, dict):
        return f'<p class="plain">{escape(str(payload))}</p>'
    preview = f'<p class="preview">预览：{escape(str(part["title"]))}</p>' if "title" in part else ""
    if kind == "text":
        return f'<p class="plain">{escape(str(part.get("content", "")))}</p>'
    if kind == "feedCard":
        links = [link for link in part.get("links", ()) if isinstance(link, dict)]
        return "".join(f"<p>{_link(escape(str(link.get('title'))), str(link.get('messageURL')))}</p>" for link in links)
    if kind == "link":
        title = _link(escape(str(part.get("title"))), str(part.get("messageUrl")))
        return f"<h4>{title}</h4><p>{escape(str(part.get('text', '')))}</p>"
    return preview + markdown(str(part.get("text", ""))) + _buttons(part)


def _buttons(card: Mapping[str, Any]) -> str:
    if "singleTitle" in card:
        buttons = [(card["singleTitle"], card.get("singleURL"))]
    else:
        entries = [button for button in card.get("btns", ()) if isinstance(button, dict)]
        buttons = [(button.get("title"), button.get("actionURL")) for button in entries]
    drawn = "".join(_link(escape(str(title)), str(url)) or "" for title, url in buttons)
    beside = " beside" if card.get("btnOrientation") == "1" else ""
    return f'<div class="buttons{beside}">{drawn}</div>' if drawn else ""


def _code(code: int | str | None) -> str:
    if code is None:
        return '<span class="refused">没有回答</span>'
    return "成功" if code == 0 else f'<span class="refused">{escape(str(code))}</span>'


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S")
