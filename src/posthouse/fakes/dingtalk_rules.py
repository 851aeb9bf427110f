"""What DingTalk's robots refuse, and in which words. Pure: a request's parts come in, a refusal or None comes out.

Source: DingTalk's page "Custom robots send group messages" for the rules and most codes, answers seen live for the
wording. Where both generations of an ``errmsg`` are in use, both are here.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

#: The largest request body, in bytes.
BODY_BYTES = 20_000
#: How far a signature's time may be off, in seconds, to either side.
SKEW_SECONDS = 3600.0

Wording = Literal["zh", "en"]
ThrottleCode = Literal[660026, 130101, 410100]


@dataclass(frozen=True, slots=True)
class FakeRobot:
    """How one robot is set up.

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


@dataclass(frozen=True, slots=True)
class Refusal:
    """A code with its text in both generations of wording."""

    code: int
    zh: str
    en: str


#: The advice behind a description names the other settings, too: whoever searches the whole text is misled.
_MORE = ", more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"
_LINK = ";link:请参考本接口对应文档查看获取access_token方式，或者在https://open.dingtalk.com/document/ 搜索相关文档;"
NO_KEYWORD = Refusal(
    310000,
    f"description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词{_LINK}",
    f"keywords not in content{_MORE}",
)
EXPIRED = Refusal(
    310000,
    f"description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在一小时以内，签名不匹配时请核对密钥{_LINK}",
    f"invalid timestamp{_MORE}",
)
MISMATCH = Refusal(
    310000,
    "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，"
    f"签名过期请校准时间，请确认机器人的安全设置加签中的密钥填写正确{_LINK}",
    f"sign not match{_MORE}",
)
UNKNOWN_TOKEN = Refusal(300005, "token is not exist", "token is not exist")
WRONG_METHOD = Refusal(43002, "需要POST请求", "require POST method")
WRONG_CONTENT_TYPE = Refusal(43004, "无效的HTTP HEADER Content-Type", "invalid Content-Type")
NOT_JSON = Refusal(40035, "缺少参数 json", "param json is missing")
WRONG_TYPE = Refusal(400105, "不支持的消息类型", "unsupported msgtype")
TOO_LONG = Refusal(
    460101, "description:body 大小不合法;solution:请保持大小在 20000bytes 以内", "message too long, exceed 20000 bytes"
)
THROTTLED: Mapping[int, Refusal] = {
    660026: Refusal(660026, "sending too many messages per minute", "sending too many messages per minute"),
    130101: Refusal(130101, "send too fast, exceed 20 times per minute", "send too fast, exceed 20 times per minute"),
    410100: Refusal(410100, "发送速度太快而限流", "send too fast"),
}


def parameters(query: str) -> dict[str, str]:
    """Return a raw query string's values, decoded exactly once, as DingTalk does it."""
    return dict(parse_qsl(query, keep_blank_values=True))


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a body, or None."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def form_refusal(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Refuse what is no POST of JSON; ``headers`` have lower-case names."""
    if method != "POST":
        return WRONG_METHOD
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if content_type == "application/json" else WRONG_CONTENT_TYPE


def robot_refusal(robot: FakeRobot, *, query: str, client: str, body: bytes, now: float) -> Refusal | None:
    """Return why ``robot`` does not show the message in ``body`` at ``now`` (seconds), or None if it does."""
    payload = json_object(body)
    if payload is None:
        return NOT_JSON
    if len(body) > BODY_BYTES:
        return TOO_LONG
    return (
        _address_refusal(robot, client)
        or _signature_refusal(robot, parameters(query), now)
        or _message_refusal(payload)
        or _keyword_refusal(robot, payload)
    )


def _address_refusal(robot: FakeRobot, client: str) -> Refusal | None:
    if robot.ip_list is None:
        return None
    address = ipaddress.ip_address(client)
    if any(address in ipaddress.ip_network(network, strict=False) for network in robot.ip_list):
        return None
    text = f"ip {client} not in whitelist"
    return Refusal(310000, text, f"{text}{_MORE}")


def _signature_refusal(robot: FakeRobot, query: Mapping[str, str], now: float) -> Refusal | None:
    if robot.secret is None:
        return None
    timestamp, signature = query.get("timestamp"), query.get("sign")
    if not timestamp or not signature:
        return MISMATCH
    if not timestamp.isdecimal() or abs(now - int(timestamp) / 1000) > SKEW_SECONDS:
        return EXPIRED
    mac = hmac.digest(robot.secret.encode(), f"{timestamp}\n{robot.secret}".encode(), hashlib.sha256)
    expected = base64.b64encode(mac)
    return None if hmac.compare_digest(expected, signature.encode()) else MISMATCH


def _keyword_refusal(robot: FakeRobot, payload: Mapping[str, Any]) -> Refusal | None:
    """Look for the keyword in the texts alone, not in a title: what DingTalk looks at is not documented."""
    part = payload[payload["msgtype"]]
    texts = [part.get("content"), part.get("text"), *(link["title"] for link in part.get("links", ()))]
    if robot.keyword is None or any(robot.keyword in text for text in texts if text):
        return None
    return NO_KEYWORD


def _message_refusal(payload: Mapping[str, Any]) -> Refusal | None:
    """Refuse a message of an unknown type, or without a field that its type needs, in the spelling of that type."""
    kind = payload.get("msgtype")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return WRONG_TYPE
    part = payload.get(str(kind))
    if part is None:
        return Refusal(400401, f"miss param : {kind}", f"miss param : {kind}")
    if not isinstance(part, dict):
        return _wrong(str(kind))
    missing = check(part)
    if missing is not None:
        return Refusal(400403, f"miss param : {kind}->{missing}", f"miss param : {kind}->{missing}")
    return _optional_refusal(payload, part)


def _optional_refusal(payload: Mapping[str, Any], part: Mapping[str, Any]) -> Refusal | None:
    for name in ("btnOrientation", "hideAvatar"):
        if part.get(name, "0") not in {"0", "1"}:
            return _wrong(name)
    if not isinstance(payload.get("msgUuid", ""), str):
        return _wrong("msgUuid")
    mentions = payload.get("at", {})
    if not isinstance(mentions, dict) or not isinstance(mentions.get("isAtAll", False), bool):
        return _wrong("at")
    lists = (mentions.get(name, []) for name in ("atMobiles", "atUserIds"))
    if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
        return _wrong("at")
    return None


def _wrong(name: str) -> Refusal:
    return Refusal(40035, f"不合法的参数 {name}", f"invalid parameter {name}")


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
