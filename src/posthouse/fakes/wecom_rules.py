"""What WeCom's robots refuse, and whom a message mentions. Pure: a request's parts come in, a verdict comes out.

Source: WeCom's page "Group robots" (``path/91770``) for types, fields and limits.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from posthouse.fakes import wecom_codes as codes
from posthouse.fakes.exchange import EVERYBODY, Refusal, json_object, objects, texts
from posthouse.fakes.wecom_cards import card_refusal
from posthouse.fakes.wecom_codes import ThrottleCode, invalid, missing
from posthouse.fakes.wecom_urls import url_refusal

TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096
IMAGE_BYTES = 2 * 1024 * 1024
ARTICLES = 8


@dataclass(frozen=True, slots=True)
class FakeWeComRobot:
    """How one robot of WeCom's is set up; its key is the only secret it has.

    More than ``per_minute`` requests in any 60 seconds (0: any number) are refused with ``throttle_code``, and so is
    everything else for ``penalty`` seconds. A robot may be disabled, or not be in its group any more.
    """

    state: Literal["working", "disabled", "not in group"] = "working"
    per_minute: int = 20
    penalty: float = 60.0
    throttle_code: ThrottleCode = 45009


def robot_refusal(robot: FakeWeComRobot, *, body: bytes) -> Refusal | None:
    """Return why ``robot`` does not show the message in ``body``, or None if it does."""
    if robot.state != "working":
        return codes.DISABLED if robot.state == "disabled" else codes.NOT_IN_GROUP
    payload = json_object(body) or {}
    kind = payload.get("msgtype")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        # What is no JSON at all has no type either; which code it gets is not documented.
        return codes.WRONG_TYPE
    part = payload.get(str(kind))
    return check(part) if isinstance(part, dict) else missing(str(kind))


def mentions(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a message notifies, by user id or mobile number.

    A text has lists for it and may say ``<@id>`` besides, the first Markdown may only do the latter, the second one
    nothing of all that. Whether ``<@all>`` works is not documented, so it counts.
    """
    kind = str(payload.get("msgtype"))
    part = payload.get(kind)
    if kind not in {"text", "markdown"} or not isinstance(part, dict):
        return ()
    lists = ("mentioned_list", "mentioned_mobile_list") if kind == "text" else ()
    listed = [name for names in lists for name in texts(part.get(names))]
    found = listed + MARK.findall(str(part.get("content")))
    everybody = (EVERYBODY,) if {"@all", "all"} & set(found) else ()
    return everybody + tuple(name for name in dict.fromkeys(found) if name and name not in {"@all", "all"})


#: A mention in a content; the id is what is to be shown.
MARK = re.compile(r"<@([^<>\s]+)>")


def _content_refusal(kind: str, limit: int) -> Callable[[Mapping[str, Any]], Refusal | None]:
    def check(part: Mapping[str, Any]) -> Refusal | None:
        content = part.get("content")
        if not isinstance(content, str) or not content:
            return codes.EMPTY_CONTENT
        if len(content.encode("utf-8", "surrogatepass")) > limit:
            return invalid(f"{kind}.content exceed max length {limit}")
        for name in ("mentioned_list", "mentioned_mobile_list"):
            names = part.get(name, [])
            if not isinstance(names, list) or len(texts(names)) != len(names):
                return invalid(f"{kind}.{name} is no list of texts")
        return None

    return check


def _news_refusal(part: Mapping[str, Any]) -> Refusal | None:
    articles = part.get("articles")
    if not isinstance(articles, list) or not articles or len(objects(articles)) != len(articles):
        return missing("news.articles")
    if len(articles) > ARTICLES:
        return codes.TOO_MANY_ARTICLES
    return next((refusal for article in articles if (refusal := _article_refusal(article))), None)


def _article_refusal(article: Mapping[str, Any]) -> Refusal | None:
    if not isinstance(article.get("title"), str) or not article["title"]:
        return codes.NO_TITLE
    return url_refusal(article.get("url")) or (url_refusal(article["picurl"]) if article.get("picurl") else None)


def _image_refusal(part: Mapping[str, Any]) -> Refusal | None:
    encoded, md5 = part.get("base64"), part.get("md5")
    if not isinstance(encoded, str) or not encoded:
        return codes.EMPTY_MEDIA
    if not isinstance(md5, str) or not md5:
        return missing("image.md5")
    try:
        image = base64.b64decode(encoded, validate=True)
    except ValueError:
        return invalid("image.base64")
    if len(image) > IMAGE_BYTES or not image.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return codes.WRONG_IMAGE
    digest = hashlib.md5(image, usedforsecurity=False).hexdigest()
    return None if digest == md5.lower() else invalid("image.md5")


def _media_refusal(part: Mapping[str, Any]) -> Refusal | None:
    return None if isinstance(part.get("media_id"), str) and part["media_id"] else codes.WRONG_MEDIA


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Refusal | None]] = {
    "text": _content_refusal("text", TEXT_BYTES),
    "markdown": _content_refusal("markdown", MARKDOWN_BYTES),
    "markdown_v2": _content_refusal("markdown_v2", MARKDOWN_BYTES),
    "news": _news_refusal,
    "image": _image_refusal,
    "file": _media_refusal,
    "voice": _media_refusal,
    "template_card": card_refusal,
}
