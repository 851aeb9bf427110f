"""Reads what a robot answers: HTTP 200 proves nothing, the code in the body decides."""

import json
import re
from collections.abc import Mapping
from typing import Any

from posthouse import HttpReply
from posthouse.notifiers.dingtalk import verdicts
from posthouse.notifiers.dingtalk.verdicts import Meaning
from posthouse.notifiers.fitting import clip
from posthouse.notifiers.markdown import clean

SECURITY_CODE = 310000
#: The gateway's code around another one.
WRAPPING_CODE = 88
ANSWER_CHARACTERS = 500


def read(reply: HttpReply) -> tuple[Meaning | None, str]:
    """Return what an answer means (None: the message is shown), and its words for people.

    Success is a code of 0 in an answer of HTTP status 2xx, and nothing else.
    """
    body = _json_object(reply.body)
    code = _code(body.get("errcode"))
    errmsg = body.get("errmsg", "")
    text = f"{errmsg if isinstance(errmsg, str) else json.dumps(errmsg)} {body.get('sub_msg', '')}".strip()
    if code == 0 and 200 <= reply.status < 300:
        return None, ""
    if code is None or code == 0:
        start = reply.body[:2000].decode("utf-8", "replace")
        return _without_code(reply, body, start), f"HTTP {reply.status}: {clean(start).strip() or 'an empty body'}"
    return _with_code(code, text, body), f"errcode {code}: {clean(text)}"


def shown(text: str) -> str:
    """Return an answer's words in 500 characters at most, without the parameters of an address that it repeats."""
    return clip(re.sub(r"\b(access_token|sign)=[^&\s\"'<>]+", r"\1=***", text), ANSWER_CHARACTERS)


def _with_code(code: int, text: str, body: Mapping[str, Any]) -> Meaning:
    if code == SECURITY_CODE:
        return _security_meaning(text)
    if code == WRAPPING_CODE:
        wrapped = re.search(r"subcode=(\d{1,9})", text)
        inner = _code(body.get("sub_code")) or (int(wrapped[1]) if wrapped else WRAPPING_CODE)
        code = inner if inner in verdicts.BY_CODE else code
    known = verdicts.BY_CODE.get(code)
    if code != WRAPPING_CODE and known is not None:
        return known
    for pattern, meaning in _BY_WORDS:
        if re.search(pattern, text, re.IGNORECASE):
            return meaning
    return known or verdicts.UNKNOWN


#: The codes for these have changed more than once; the words have not.
_BY_WORDS = (
    (r"too fast|too many|限流|频率", verdicts.TOO_FAST),
    (r"over limit|quota|额度|配额", verdicts.QUOTA),
)


def _security_meaning(errmsg: str) -> Meaning:
    """Tell which security setting refused, by the description alone: the advice behind it names other settings too."""
    description = re.split(r"[;；]\s*(?:solution|解决方案)", errmsg, maxsplit=1)[0]
    for pattern, meaning in _BY_DESCRIPTION:
        if re.search(pattern, description, re.IGNORECASE):
            return meaning
    return verdicts.SECURITY


_BY_DESCRIPTION = (
    (r"关键词|keywords", verdicts.WRONG_KEYWORD),
    (r"签名过期|invalid timestamp", verdicts.CLOCK),
    (r"签名不匹配|sign not match", verdicts.WRONG_SIGNATURE),
    (r"白名单|whitelist", verdicts.WRONG_IP),
)


def _without_code(reply: HttpReply, body: Mapping[str, Any], start: str) -> Meaning:
    if "punish" in body or _code(body.get("status")) == 1111 or reply.status == 429:
        return verdicts.BANNED
    if reply.status >= 500:
        return verdicts.BUSY
    if reply.status in {301, 302, 303, 307, 308, 404, 405, 410}:
        return verdicts.WRONG_ADDRESS
    if start.lstrip("\ufeff \r\n\t").startswith("<"):
        return verdicts.BANNED
    return verdicts.UNCLEAR


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _code(value: Any) -> int | None:
    """Return a code, which is documented as a number and shown as a string; anything else is no code."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
