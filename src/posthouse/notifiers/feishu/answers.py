"""Reads what a Feishu robot answers: the code in the body decides, whatever the HTTP status is."""

import re
from dataclasses import replace

from posthouse import HttpReply
from posthouse.notifiers.answers import NO_ROBOT, Meaning, code_of, json_object, words_of, words_without_code
from posthouse.notifiers.feishu import verdicts
from posthouse.notifiers.markdown import clean

#: A card was not made; the reason has a code of its own, in the words.
CARD_CODES = frozenset({11246, 230099})
BAD_REQUEST = 9499
BAD_PARAMETERS = 19002
#: How many seconds the gateway asks us to wait. Source: "Frequency control".
RESET_HEADER = "x-ogw-ratelimit-reset"
LONGEST_RESET = 600


def read(reply: HttpReply) -> tuple[Meaning | None, str]:
    """Return what an answer means (None: the message is shown), and its words for people.

    Success is a ``code`` of 0, or a ``StatusCode`` of 0 in an old answer without ``code``, with HTTP status 2xx, and
    nothing else.
    """
    body = json_object(reply.body)
    code = code_of(body["code"] if "code" in body else body.get("StatusCode"))
    if code == 0 and 200 <= reply.status < 300:
        return None, ""
    if code is None or code == 0:
        return _asked_to_wait(_without_code(reply), reply), words_without_code(reply)
    words = words_of(body.get("msg") or body.get("StatusMessage") or "")
    return _asked_to_wait(_with_code(code, words), reply), f"code {code}: {clean(words)}"


def _with_code(code: int, words: str) -> Meaning:
    if code in CARD_CODES:
        return _without_card(words)
    if code == BAD_PARAMETERS and "card" in words:
        return verdicts.CARD_REFUSED
    known = verdicts.BY_CODE.get(code)
    if known is not None:
        return known
    # The code for this has changed more than once, and 9499 means two things; the words have not.
    if re.search(r"too many|frequency|频率", words, re.IGNORECASE):
        return verdicts.TOO_FAST
    return verdicts.MALFORMED if code == BAD_REQUEST else verdicts.UNKNOWN


def _without_card(words: str) -> Meaning:
    """Tell why a card was not made, by what stands before the value that it repeats: that is a user's text."""
    reason = words.partition("ErrorValue")[0]
    if "internal error" in reason.casefold():
        return verdicts.CARD_TROUBLE
    inner = re.search(r"ErrCode:\s*([0-9]{1,9})", reason)
    return verdicts.BY_CODE.get(int(inner[1]), verdicts.CARD_REFUSED) if inner else verdicts.CARD_REFUSED


def _without_code(reply: HttpReply) -> Meaning:
    if reply.status == 429:
        return verdicts.GATEWAY_TOO_FAST
    if reply.status >= 500:
        return verdicts.BUSY
    return verdicts.WRONG_ADDRESS if reply.status in NO_ROBOT else verdicts.UNCLEAR


def _asked_to_wait(meaning: Meaning, reply: HttpReply) -> Meaning:
    """Let the gateway say how long it wants to be left alone, within reason."""
    seconds = code_of(reply.headers.get(RESET_HEADER))
    if meaning is not verdicts.GATEWAY_TOO_FAST or seconds is None:
        return meaning
    return replace(meaning, after=float(min(max(seconds, 1), LONGEST_RESET)))
