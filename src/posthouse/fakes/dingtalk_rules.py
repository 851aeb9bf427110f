"""What DingTalk's robots refuse, and whom a message mentions. Pure: a request's parts come in, a verdict comes out.

Source: DingTalk's pages "Custom robots send group messages", "Types of robot messages" and "Security settings of
custom robots".
"""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posthouse.fakes import dingtalk_codes as codes
from posthouse.fakes.dingtalk_codes import ThrottleCode, Wording
from posthouse.fakes.exchange import EVERYBODY, Refusal, json_object, objects, parameters, texts

#: The largest request body, in bytes.
BODY_BYTES = 20_000
#: How far a signature's time may be off, in seconds, to either side.
SKEW_SECONDS = 3600.0
MENTIONS = 50


@dataclass(frozen=True, slots=True)
class FakeRobot:
    """How one robot of DingTalk's is set up.

    ``secret``, ``keyword`` and ``ip_list`` (addresses or networks) are its security settings; None switches each off.
    More than ``per_minute`` requests in any 60 seconds (0: any number) are refused with ``throttle_code``, and so is
    everything else for ``penalty`` seconds. ``wording`` picks the generation of DingTalk's error texts.
    """

    secret: str | None = None
    keyword: str | None = None
    ip_list: Sequence[str] | None = None
    per_minute: int = 20
    penalty: float = 600.0
    wording: Wording = "zh"
    throttle_code: ThrottleCode = 660026


def form_refusal(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Refuse what is no POST of JSON; ``headers`` have lower-case names."""
    if method != "POST":
        return codes.WRONG_METHOD
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if content_type == "application/json" else codes.WRONG_CONTENT_TYPE


def robot_refusal(robot: FakeRobot, *, query: str, client: str, body: bytes, now: float) -> Refusal | None:
    """Return why ``robot`` does not show the message in ``body`` at ``now`` (seconds), or None if it does."""
    payload = json_object(body)
    if payload is None:
        return codes.NOT_JSON
    if len(body) > BODY_BYTES:
        return codes.TOO_LONG
    return (
        _address_refusal(robot, client)
        or _signature_refusal(robot, parameters(query), now)
        or _message_refusal(payload)
        or _keyword_refusal(robot, payload)
    )


def mentions(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a message notifies: who is in the list and, as "@id", in the text as well.

    In an action card only user ids count, links and feeds cannot mention anybody; "@所有人" in a text is a text.
    """
    kind = str(payload.get("msgtype"))
    part, at = payload.get(kind), payload.get("at")
    if kind not in {"text", "markdown", "actionCard"} or not isinstance(part, dict) or not isinstance(at, dict):
        return ()
    names = ("atUserIds",) if kind == "actionCard" else ("atMobiles", "atUserIds")
    listed = dict.fromkeys(person for name in names for person in texts(at.get(name)) if person)
    text = str(part.get("content" if kind == "text" else "text"))
    everybody = (EVERYBODY,) if at.get("isAtAll") is True and kind != "actionCard" else ()
    return everybody + tuple(person for person in listed if re.search(mark(person), text))


def mark(person: str) -> str:
    """Return the pattern of a mention in a text; a longer id that begins like this one is another person."""
    return f"@{re.escape(person)}(?![A-Za-z0-9_])"


def _address_refusal(robot: FakeRobot, client: str) -> Refusal | None:
    if robot.ip_list is None:
        return None
    address = ipaddress.ip_address(client)
    if any(address in ipaddress.ip_network(network, strict=False) for network in robot.ip_list):
        return None
    return codes.wrong_ip(client)


def _signature_refusal(robot: FakeRobot, query: Mapping[str, str], now: float) -> Refusal | None:
    if robot.secret is None:
        return None
    timestamp, signature = query.get("timestamp"), query.get("sign")
    if not timestamp or not signature:
        return codes.MISMATCH
    if not re.fullmatch("[0-9]{1,15}", timestamp) or abs(now - int(timestamp) / 1000) > SKEW_SECONDS:
        return codes.EXPIRED
    mac = hmac.digest(robot.secret.encode(), f"{timestamp}\n{robot.secret}".encode(), hashlib.sha256)
    expected = base64.b64encode(mac)
    return None if hmac.compare_digest(expected, signature.encode()) else codes.MISMATCH


def _keyword_refusal(robot: FakeRobot, payload: Mapping[str, Any]) -> Refusal | None:
    """Look for the keyword in the texts alone, not in a title: what DingTalk looks at is not documented."""
    part = payload[payload["msgtype"]]
    looked_at = [part.get("content"), part.get("text"), *(link.get("title") for link in objects(part.get("links")))]
    if robot.keyword is None or any(robot.keyword in text for text in looked_at if isinstance(text, str)):
        return None
    return codes.NO_KEYWORD


def _message_refusal(payload: Mapping[str, Any]) -> Refusal | None:
    """Refuse a message of an unknown type, or without a field that its type needs, in the spelling of that type."""
    kind = payload.get("msgtype")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return codes.WRONG_TYPE
    part = payload.get(str(kind))
    if part is None:
        return codes.missing(400401, str(kind))
    if not isinstance(part, dict):
        return codes.wrong(str(kind))
    missing = check(part)
    if missing is not None:
        return codes.missing(400403, f"{kind}->{missing}")
    wrong = _wrong_option(payload, part)
    return None if wrong is None else codes.wrong(wrong)


def _wrong_option(payload: Mapping[str, Any], part: Mapping[str, Any]) -> str | None:
    """Return the first thing that is optional and has the wrong shape."""
    wrong = [name for name in ("btnOrientation", "hideAvatar") if part.get(name, "0") not in ("0", "1")]
    if not isinstance(payload.get("msgUuid", ""), str):
        wrong.append("msgUuid")
    if not _is_at(payload.get("at", {})):
        wrong.append("at")
    return wrong[0] if wrong else None


def _is_at(at: Any) -> bool:
    # A message mentions at most 50 people; what becomes of more is not documented, so nobody should try.
    if not isinstance(at, dict) or not isinstance(at.get("isAtAll", False), bool):
        return False
    lists = [at.get(name, []) for name in ("atMobiles", "atUserIds")]
    if not all(isinstance(names, list) and len(texts(names)) == len(names) for names in lists):
        return False
    return sum(map(len, lists)) <= MENTIONS


def _missing(part: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of several fields that is no text or an empty one."""
    return next((name for name in names if not isinstance(part.get(name), str) or not part[name].strip()), None)


def _missing_in_list(part: Mapping[str, Any], name: str, *names: str) -> str | None:
    entries = part.get(name)
    if not isinstance(entries, list) or not entries:
        return name
    for entry in entries:
        missing = _missing(entry, *names) if isinstance(entry, dict) else names[0]
        if missing is not None:
            return f"{name}->{missing}"
    return None


def _missing_in_card(card: Mapping[str, Any]) -> str | None:
    missing = _missing(card, "title", "text")
    if missing is not None:
        return missing
    if "singleTitle" in card or "singleURL" in card or "btns" not in card:
        return _missing(card, "singleTitle", "singleURL")
    return _missing_in_list(card, "btns", "title", "actionURL")


#: The spelling differs from type to type: ``messageUrl`` here, ``messageURL`` there.
_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "text": lambda part: _missing(part, "content"),
    "markdown": lambda part: _missing(part, "title", "text"),
    "link": lambda part: _missing(part, "title", "text", "messageUrl"),
    "actionCard": _missing_in_card,
    "feedCard": lambda part: _missing_in_list(part, "links", "title", "messageURL", "picURL"),
}
