"""What Feishu's custom bots refuse. Pure: a request's parts come in, a refusal or None comes out.

Source: Feishu's page "Use bots in groups" (``client-docs/bot-v3/add-custom-bot``).
"""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from posthouse.fakes import feishu_codes as codes
from posthouse.fakes.exchange import EVERYBODY, Refusal, json_object
from posthouse.fakes.feishu_cards import card_refusal
from posthouse.fakes.feishu_codes import ThrottleCode, params
from posthouse.fakes.feishu_texts import mentions, visible_text

#: The largest request body by the guide, in bytes; another page of theirs says 30 KB.
BODY_BYTES = 20_000
#: How far a signature's time may be off, in seconds, to either side.
SKEW_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class FakeFeishuRobot:
    """How one robot of Feishu's is set up.

    ``secret``, ``keyword`` and ``ip_list`` (addresses, networks or patterns such as 123.12.1.*) are its security
    settings; None switches each off. More than ``per_second`` or ``per_minute`` requests (0: any number) are refused
    with ``throttle_code`` until older ones are out of the window. A group without ``mention_all`` forbids bots to
    mention everybody. A card may have ``tables`` tables, a body ``body_bytes`` bytes. ``wording`` says whether
    success has the old ``StatusCode`` beside ``code``.
    """

    secret: str | None = None
    keyword: str | None = None
    ip_list: Sequence[str] | None = None
    enabled: bool = True
    mention_all: bool = True
    per_minute: int = 100
    per_second: int = 5
    throttle_code: ThrottleCode = 11232
    body_bytes: int = BODY_BYTES
    #: Nobody documents the number; cards with more than three tables were refused.
    tables: int = 3
    wording: Literal["old", "new"] = "old"


def robot_refusal(robot: FakeFeishuRobot, *, client: str, body: bytes, now: float) -> Refusal | None:
    """Return why ``robot`` does not show the message in ``body`` at ``now`` (seconds), or None if it does."""
    if not robot.enabled:
        return codes.DISABLED
    payload = json_object(body)
    if payload is None:
        return codes.MALFORMED
    if len(body) > robot.body_bytes:
        return codes.TOO_LARGE
    return (
        _address_refusal(robot, client)
        or _signature_refusal(robot, payload, now)
        or _message_refusal(robot, payload)
        or _keyword_refusal(robot, payload)
        or _mention_refusal(robot, payload)
    )


def old_refusal(payload: Mapping[str, Any] | None) -> str | None:
    """Return what is wrong with a message for the bots of version 1, which take a text and perhaps a title."""
    if payload is None or not isinstance(payload.get("text"), str) or not payload["text"]:
        return "text is empty"
    return None if isinstance(payload.get("title", ""), str) else "title is no text"


def _address_refusal(robot: FakeFeishuRobot, client: str) -> Refusal | None:
    if robot.ip_list is None or any(_matches(client, allowed) for allowed in robot.ip_list):
        return None
    return codes.WRONG_IP


def _matches(client: str, allowed: str) -> bool:
    if "*" in allowed:
        return fnmatchcase(client, allowed)
    return ipaddress.ip_address(client) in ipaddress.ip_network(allowed, strict=False)


def _signature_refusal(robot: FakeFeishuRobot, payload: Mapping[str, Any], now: float) -> Refusal | None:
    """Compare the signature in the body; its time is in seconds, and a text."""
    if robot.secret is None:
        return None
    timestamp, signature = payload.get("timestamp"), payload.get("sign")
    if not isinstance(timestamp, str) or not isinstance(signature, str) or not re.fullmatch("[0-9]{1,15}", timestamp):
        return codes.WRONG_SIGNATURE
    # The text to be signed is the key here, and the message is empty.
    mac = hmac.digest(f"{timestamp}\n{robot.secret}".encode(), b"", hashlib.sha256)
    genuine = hmac.compare_digest(base64.b64encode(mac), signature.encode("utf-8", "replace"))
    return None if genuine and abs(now - int(timestamp)) <= SKEW_SECONDS else codes.WRONG_SIGNATURE


def _message_refusal(robot: FakeFeishuRobot, payload: Mapping[str, Any]) -> Refusal | None:
    kind = payload.get("msg_type")
    if not isinstance(kind, str) or not kind:
        return params("msg_type need")
    if kind == "interactive":
        card = payload.get("card")
        # It is the applications' interface that wants a text, in ``content``.
        return card_refusal(card, tables=robot.tables) if isinstance(card, dict) else params("unknown card value")
    check = _CHECKS.get(kind)
    if check is None:
        return params("unknown msg_type value")
    content = payload.get("content")
    return check(content) if isinstance(content, dict) else params("unknown content value")


def _text_refusal(content: Mapping[str, Any]) -> Refusal | None:
    text = content.get("text")
    return None if isinstance(text, str) and text else codes.NO_TEXT


def _key_refusal(name: str) -> Callable[[Mapping[str, Any]], Refusal | None]:
    def check(content: Mapping[str, Any]) -> Refusal | None:
        return None if isinstance(content.get(name), str) and content[name] else params(f"{name} need")

    return check


def _post_refusal(content: Mapping[str, Any]) -> Refusal | None:
    post = content.get("post")
    if not isinstance(post, dict) or not post:
        return params("unknown post value")
    for language in post.values():
        if not isinstance(language, dict) or not isinstance(language.get("title", ""), str):
            return params("unknown post value")
        lines = language.get("content")
        if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
            return params("post content need")
        wrong = next((part for line in lines for part in line if not _is_post_part(part)), None)
        if wrong is not None:
            return params("unknown post tag value")
    return None


def _is_post_part(part: Any) -> bool:
    needed = _POST_PARTS.get(str(part.get("tag"))) if isinstance(part, dict) else None
    return needed is not None and all(isinstance(part.get(name), str) for name in needed)


#: The parts that the page for custom bots names, and what they need; ``md`` is the applications' alone.
_POST_PARTS: Mapping[str, tuple[str, ...]] = {
    "text": ("text",),
    "a": ("text", "href"),
    "at": ("user_id",),
    "img": ("image_key",),
}
_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], Refusal | None]] = {
    "text": _text_refusal,
    "post": _post_refusal,
    "image": _key_refusal("image_key"),
    "share_chat": _key_refusal("share_chat_id"),
}


def _keyword_refusal(robot: FakeFeishuRobot, payload: Mapping[str, Any]) -> Refusal | None:
    return None if robot.keyword is None or robot.keyword in visible_text(payload) else codes.NO_KEYWORD


def _mention_refusal(robot: FakeFeishuRobot, payload: Mapping[str, Any]) -> Refusal | None:
    """Refuse the whole message where the group forbids to mention everybody."""
    return None if robot.mention_all or EVERYBODY not in mentions(payload) else codes.NO_MENTION_OF_ALL
