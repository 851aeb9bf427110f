"""Reads what a WeCom robot answers: HTTP 200 proves nothing, the code in the body decides."""

import re

from posthouse import HttpReply
from posthouse.notifiers.answers import NO_ROBOT, Meaning, code_of, json_object, words_of, words_without_code
from posthouse.notifiers.markdown import clean
from posthouse.notifiers.wecom import verdicts

INVALID_ADDRESS = 93000
#: What is answered by a proxy that does not let the request through.
SHUT_OUT = frozenset({401, 403, 407})


def read(reply: HttpReply) -> tuple[Meaning | None, str]:
    """Return what an answer means (None: the message is shown), and its words for people.

    Success is a code of 0 in an answer of HTTP status 2xx, and nothing else.
    """
    body = json_object(reply.body)
    code = code_of(body.get("errcode"))
    if code == 0 and 200 <= reply.status < 300:
        return None, ""
    if code is None or code == 0:
        return _without_code(reply), _public(words_without_code(reply))
    words = words_of(body.get("errmsg", ""))
    return _with_code(code, words), _public(f"errcode {code}: {clean(words)}")


def _with_code(code: int, words: str) -> Meaning:
    if code == INVALID_ADDRESS and "exceed max length" in words.lower():
        # Old robots give this code for it.
        return verdicts.TOO_LONG
    return verdicts.BY_CODE.get(code, verdicts.UNKNOWN)


def _without_code(reply: HttpReply) -> Meaning:
    if reply.status == 429:
        return verdicts.TOO_FAST
    if reply.status >= 500:
        return verdicts.BUSY
    if reply.status in NO_ROBOT | SHUT_OUT:
        return verdicts.WRONG_ADDRESS
    return verdicts.UNCLEAR


def _public(words: str) -> str:
    """Return words without what WeCom tells of whoever calls: this machine's address, and the id of the request."""
    return _PRIVATE.sub(r"\g<name>***", words)


_PRIVATE = re.compile(r"(?P<name>\bfrom ip: ?|\bhint: ?)(?:\[[^\]]*(?:\]|$)|[^\s,;\[]+)", re.IGNORECASE)
