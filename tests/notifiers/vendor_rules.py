"""What each vendor's clients make of a payload, told independently of what made it: one function per kind of robot.

A link is what a reader would click on without seeing where it leads; an address that is typed out is text. CommonMark
is what all of them read, or a part of it, so its parser is stricter than any of them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from markdown_it import MarkdownIt

from posthouse import Payload

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class Seen:
    """What readers see of a payload.

    ``mentions`` are those whose phones ring, "all" being everybody; ``links`` the addresses behind texts and buttons;
    ``markup`` whatever else is more than text and not what a message of ours is made of; ``text`` all the words.
    """

    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    markup: tuple[str, ...] = ()
    text: str = ""


def seen(kind: str, payload: Payload) -> Seen:
    """Return what the clients of this kind of robot make of a payload."""
    if kind not in RULES:
        pytest.fail(
            f"tests/notifiers/vendor_rules.py has no rule for {kind!r}: write down what its clients show as what"
        )
    return RULES[kind](payload)


def dingtalk(payload: Payload) -> Seen:
    """Notified is who is listed and, as "@id", in the text; of an action card by user id only."""
    kind = payload["msgtype"]
    assert kind in {"text", "markdown", "actionCard"}
    part, at = payload[kind], payload.get("at", {})
    text = part["content" if kind == "text" else "text"]
    names = at.get("atUserIds", []) + (at.get("atMobiles", []) if kind != "actionCard" else [])
    called = ["all"] if at.get("isAtAll") and kind != "actionCard" else []
    called += [name for name in names if re.search(rf"@{re.escape(name)}(?!\w)", text)]
    if kind == "text":
        # A text form is for what DingTalk finds unsafe: nothing in it may be an address.
        return Seen(tuple(called), (), tuple(re.findall(r"\w+://\S*", text)), text)
    buttons = [part["singleURL"]] if "singleURL" in part else [button["actionURL"] for button in part.get("btns", [])]
    links, markup = read_markdown(text, headings=1)
    names = [part["title"], part.get("singleTitle", ""), *(button["title"] for button in part.get("btns", []))]
    return Seen(tuple(called), (*buttons, *links), markup, "\n".join([*names, text]))


def feishu(payload: Payload) -> Seen:
    """Cards have tags in Markdown, texts in their text, and rich text has them as values."""
    kind = payload["msg_type"]
    if kind == "text":
        text = payload["content"]["text"]
        return Seen(tuple(at_tags(text)), (), tuple(tags(text, own=r"</?at\b[^<>]*>")), text)
    mentions, links, markup, texts = list[str](), list[str](), list[str](), list[str]()
    new = payload.get("card", {}).get("schema") == "2.0"
    for part in objects(payload):
        content = str(part.get("content", part.get("text", "")))
        match part.get("tag"):
            case "markdown" | "lark_md" | "md":
                mentions += at_tags(content)
                found, more = read_markdown(content, own=r"<br>|<at id=[\w-]+></at>", code=new)
                links, markup, texts = [*links, *found], [*markup, *more], [*texts, content]
            case "at":
                mentions.append(part["user_id"])
            case "img":
                markup.append("image")
            case "plain_text" | "text" | "a":
                texts.append(content)
        links += [part[name] for name in ("href", "url", "default_url") if name in part]
        texts += [part["title"]] if isinstance(part.get("title"), str) else []
    return Seen(tuple(mentions), tuple(links), tuple(markup), "\n".join(texts))


def wecom(payload: Payload) -> Seen:
    """Lists notify in texts, "<@id>" in texts and in the first Markdown; in the second one nothing should look so."""
    kind = payload["msgtype"]
    assert kind in {"text", "markdown", "markdown_v2"}
    part = payload[kind]
    text = part["content"]
    listed = [*part.get("mentioned_list", []), *part.get("mentioned_mobile_list", [])] if kind == "text" else []
    mentions = [name.removeprefix("@") for name in (*listed, *re.findall(r"<\s*@([^<>]*)", text))]
    if kind == "text":
        return Seen(tuple(mentions), (), tuple(tags(text, own=r"<@[\w.@-]+>")), text)
    own = r"<@[\w.@-]+>|<font color=\"(info|warning|comment)\">|</font>" if kind == "markdown" else r"(?!)"
    links, markup = read_markdown(text, headings=1, own=own, table=kind == "markdown_v2", code=True)
    return Seen(tuple(mentions), links, markup, text)


def apprise(payload: Payload) -> Seen:
    """What calls somebody in any of the services that the library knows: Slack, Discord, Telegram, Teams …"""
    text = f"{payload['title']}\n{payload['body']}"
    calls = re.findall(r"<[!@#][^<>]*|(?<![\w.+-])@\w+|@(?:everyone|here|channel|all)\b", text, re.IGNORECASE)
    links, markup = read_markdown(payload["body"])
    return Seen(tuple(calls), links, markup, text)


RULES: dict[str, Callable[[Payload], Seen]] = {
    "apprise": apprise,
    "ding_talk": dingtalk,
    "fei_shu": feishu,
    "wechat": wecom,
}
#: What messages of ours are made of.
OWN = {
    "paragraph",
    "text",
    "inline",
    "strong",
    "link",
    "hardbreak",
    "softbreak",
    "blockquote",
    "bullet_list",
    "list_item",
}


@cache
def read_markdown(
    text: str, *, headings: int = 0, own: str = r"(?!)", table: bool = False, code: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a text's links, and the names of what else is in it that no message of ours has.

    ``own`` matches our own tags; ours too are as many ``headings``, a ``table``, and ``code`` within a line.
    """
    links, markup = list[str](), list[str]()
    cleared = re.sub(own, " ", text)
    for block in PARSER.parse(cleared):
        for token in (block, *(block.children or ())):
            name = token.type.removesuffix("_open").removesuffix("_close")
            if token.type == "link_open":
                links.append(str(token.attrs["href"]))
            elif token.type == "heading_open":
                markup += ["heading"] if headings == 0 or token.markup == "=" else []
                headings = max(headings - 1, 0)
            elif (
                name not in OWN | {"heading"} and not (name in TABLE and table) and not (name == "code_inline" and code)
            ):
                markup.append(f"{name} {token.content}")
    return tuple(links), (*markup, *tags(cleared))


TABLE = {"table", "thead", "tbody", "tr", "th", "td"}


def tags(text: str, *, own: str = r"(?!)") -> Iterator[str]:
    """Return what clients could take for a tag in a text, apart from ``own`` ones."""
    yield from re.findall(r"<\s*/?[A-Za-z!?@][^<>]*", re.sub(own, " ", text))


def at_tags(text: str) -> Iterator[str]:
    """Return whom Feishu's tags name, or the whole tag if it names nobody."""
    for tag in re.findall(r"<\s*at\b[^<>]*>?", text, re.IGNORECASE):
        named = re.search(r"(?:user_id|ids?)\s*=\s*[\"']?([\w,-]+)", tag)
        yield from named[1].split(",") if named else [tag]


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Return all objects in a JSON value."""
    if isinstance(value, Mapping):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from objects(inner)
