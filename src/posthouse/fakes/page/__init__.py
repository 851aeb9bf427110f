"""The page that shows what the groups see, each drawn as its vendor's clients do it; it runs and loads nothing."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any

from posthouse.fakes.exchange import Received, Shown
from posthouse.fakes.page import dingtalk, feishu, wecom
from posthouse.fakes.page.style import STYLE
from posthouse.fakes.vendor import FakeVendor

NAME_CHARACTERS = 8
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: What draws each vendor's messages.
_BUBBLES: Mapping[str, Callable[[Shown], str]] = {
    "dingtalk": dingtalk.bubble,
    "feishu": feishu.bubble,
    "wecom": wecom.bubble,
}


def page(vendors: Iterable[FakeVendor[Any]]) -> str:
    """Return the page as HTML: a chat window for each robot, named by the beginning of its token."""
    windows = [_window(vendor, token) for vendor in vendors for token in vendor.tokens()]
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>模拟群</title>'
        f"<style>{STYLE}</style></head><body><header><h1>模拟群</h1>这里显示各个群里看到的消息，每两秒刷新一次。</header>"
        f"<main>{''.join(windows) or '<p>还没有机器人收到消息。</p>'}</main></body></html>"
    )


def _window(vendor: FakeVendor[Any], token: str) -> str:
    # Newest first, in a column that is drawn upwards: the window starts scrolled to its end without any script.
    messages = [_message(message, _BUBBLES[vendor.name]) for message in reversed(vendor.messages(token))]
    chat = "".join(messages) or '<p class="empty">群里还没有消息</p>'
    return (
        f'<section class="window {vendor.name}"><h2><span class="vendor">{vendor.label}</span> '
        f"{escape(token[:NAME_CHARACTERS])} <small>（{len(messages)} 条消息）</small></h2>"
        f'<div class="chat">{chat}</div><footer>{_state(vendor.requests(token))}</footer></section>'
    )


def _message(message: Shown, bubble: Callable[[Shown], str]) -> str:
    return (
        '<article class="message"><div class="face">机</div>'
        f'<div class="who">机器人 <time>{_time(message.at)}</time></div>'
        f'<div class="bubble">{bubble(message)}</div></article>'
    )


def _state(requests: tuple[Received, ...]) -> str:
    if not requests:
        return "还没有请求"
    return f"{len(requests)} 次请求，最近一次 {_time(requests[-1].at)}，结果 {_code(requests[-1].code)}"


def _code(code: int | str | None) -> str:
    if code is None:
        return '<span class="refused">没有回答</span>'
    return "成功" if code == 0 else f'<span class="refused">{escape(str(code))}</span>'


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S")
