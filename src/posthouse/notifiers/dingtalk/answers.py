"""Reads what a robot answers: HTTP 200 proves nothing, the code in the body decides."""

import re
from collections.abc import Mapping
from typing import Any

from posthouse import HttpReply
from posthouse.notifiers.answers import NO_ROBOT, Meaning, beginning, code_of, json_object, words_of, words_without_code
from posthouse.notifiers.dingtalk import verdicts
from posthouse.notifiers.markdown import clean

SECURITY_CODE = 310000
#: The gateway's code around another one.
WRAPPING_CODE = 88


def read(reply: HttpReply) -> tuple[Meaning | None, str]:
    """Return what an answer means (None: the message is shown), and its words for people.

    Success is a code of 0 in an answer of HTTP status 2xx, and nothing else.
    """
    body = json_object(reply.body)
    code = code_of(body.get("errcode"))
    text = f"{words_of(body.get('errmsg', ''))} {body.get('sub_msg', '')}".strip()
    if code == 0 and 200 <= reply.status < 300:
        return None, ""
    if code is None or code == 0:
        return _without_code(reply, body), words_without_code(reply)
    return _with_code(code, text, body), f"errcode {code}: {clean(text)}"


def _with_code(code: int, text: str, body: Mapping[str, Any]) -> Meaning:
    if code == SECURITY_CODE:
        return _security_meaning(text)
    if code == WRAPPING_CODE:
        wrapped = re.search(r"subcode=(\d{1,9})", text)
        inner = code_of(body.get("sub_code")) or (int(wrapped[1]) if wrapped else WRAPPING_CODE)
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


def _without_code(reply: HttpReply, body: Mapping[str, Any]) -> Meaning:
    if "punish" in body or code_of(body.get("status")) == 1111 or reply.status == 429:
        return verdicts.BANNED
    if reply.status >= 500:
        return verdicts.BUSY
    if reply.status in NO_ROBOT:
        return verdicts.WRONG_ADDRESS
    if beginning(reply).lstrip("\ufeff \r\n\t").startswith("<"):
        return verdicts.BANNED
    return verdicts.UNCLEAR
