"""WeCom's codes, and in which words they come.

Source: WeCom's pages "Group robots" and "Global error codes", and answers seen live.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

from posthouse.fakes.exchange import Refusal

ThrottleCode = Literal[45009, 45033]

WRONG_TYPE = Refusal(40008, "invalid message type")
WRONG_MEDIA = Refusal(40007, "invalid media_id")
WRONG_IMAGE = Refusal(40009, "invalid image size")
URL_TOO_LONG = Refusal(40039, "invalid url size")
NO_URL = Refusal(41010, "missing url")
NO_TITLE = Refusal(41016, "missing title")
EMPTY_MEDIA = Refusal(44001, "empty media data")
EMPTY_CONTENT = Refusal(44004, "empty content")
TOO_MANY_ARTICLES = Refusal(45008, "too many articles")
TOO_MANY_REQUESTS = Refusal(45009, "api freq out of limit")
NO_SCHEME = Refusal(45034, "url need http or https scheme")
UNKNOWN_KEY = Refusal(93000, "invalid webhook url")
DISABLED = Refusal(93004, "robot is disabled")
NOT_IN_GROUP = Refusal(93008, "robot is not in the group")


def invalid(what: str) -> Refusal:
    """Return the refusal of a parameter that is wrong or too long."""
    return Refusal(40058, f"{what}. invalid Request Parameter")


def missing(name: str) -> Refusal:
    """Return the refusal of a message without a part that its type needs."""
    return Refusal(40063, f"some parameters are empty: {name}")


def worded(refusal: Refusal, *, client: str, now: float, body: bytes) -> str:
    """Return an errmsg with what follows it in each refusal: a number to ask WeCom's people by, and who asked."""
    digits = int.from_bytes(hashlib.sha256(body).digest()[:8], "big") % 10**15
    hint = f"hint: [{int(now):010}{digits:015}], from ip: {client}"
    return f"{refusal.text}, {hint}, more info at https://open.work.weixin.qq.com/devtool/query?e={refusal.code}"


#: What is known of each code, for faults on demand.
BY_CODE: Mapping[int | str | None, Refusal] = {
    refusal.code: refusal
    for refusal in (
        WRONG_TYPE,
        WRONG_MEDIA,
        WRONG_IMAGE,
        URL_TOO_LONG,
        NO_URL,
        NO_TITLE,
        EMPTY_MEDIA,
        EMPTY_CONTENT,
        TOO_MANY_ARTICLES,
        TOO_MANY_REQUESTS,
        NO_SCHEME,
        UNKNOWN_KEY,
        DISABLED,
        NOT_IN_GROUP,
        invalid("markdown.content exceed max length 4096"),
        missing("msgtype"),
        Refusal(-1, "system busy"),
        Refusal(45001, "media size out of limit"),
        Refusal(45002, "content size out of limit"),
        Refusal(45033, "concurrent requests out of limit"),
        Refusal(49008, "chat is dissolved"),
    )
}
