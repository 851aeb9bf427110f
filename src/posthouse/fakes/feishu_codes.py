"""Feishu's codes, and in which words they come.

Source: Feishu's page "Use bots in groups", its pages of general and message error codes, and answers seen live.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Literal

from posthouse.fakes.exchange import Refusal

ThrottleCode = Literal[11232, 9499, 99991400]

UNKNOWN_TOKEN = Refusal(19001, "param invalid: incoming webhook access token invalid")
DISABLED = Refusal(19007, "Bot Not Enabled")
WRONG_SIGNATURE = Refusal(19021, "sign match fail or timestamp is not within one hour from current time")
WRONG_IP = Refusal(19022, "Ip Not Allowed")
NO_KEYWORD = Refusal(19024, "Key Words Not Found")
#: The one code that comes with an HTTP status of its own, and one of two meanings.
MALFORMED = Refusal(9499, "Bad Request", status=400)
TOO_MANY = Refusal(9499, "too many request", status=400)
NO_TEXT = Refusal(10002, "text is nil")
GATEWAY = 99991400
RESET_HEADER = "x-ogw-ratelimit-reset"
TOO_LARGE = Refusal(19036, "request body exceeds the limit: 30KB")
NO_MENTION_OF_ALL = Refusal(11235, "at all is forbidden in this chat")


def params(what: str) -> Refusal:
    """Return the refusal of a message whose form is wrong."""
    return Refusal(19002, f"params error, {what}")


def card(code: int, message: str, *, path: str = "", value: str = "") -> Refusal:
    """Return the refusal of a card: the code that says why is inside the text."""
    parts = [f"ErrCode: {code}", f"ErrPath: {path}" if path else "", f"ErrMsg: {message}"]
    parts.append(f"ErrorValue: {value}" if value else "")
    return Refusal(11246, f"Failed to create card content, ext={'; '.join(part for part in parts if part)}; ")


def throttled(code: ThrottleCode, rest: float) -> Refusal:
    """Return the refusal of one request too many; the gateway says in a header after how many seconds to come back."""
    if code == TOO_MANY.code:
        return TOO_MANY
    if code == GATEWAY:
        return replace(BY_CODE[code], headers={RESET_HEADER: str(max(1, ceil(rest)))})
    return BY_CODE[code]


#: What is known of each code, for faults on demand; 9499 is the malformed one unless a fault's text says else.
BY_CODE: Mapping[int | str | None, Refusal] = {
    refusal.code: refusal
    for refusal in (
        UNKNOWN_TOKEN,
        DISABLED,
        WRONG_SIGNATURE,
        WRONG_IP,
        NO_KEYWORD,
        MALFORMED,
        NO_TEXT,
        TOO_LARGE,
        NO_MENTION_OF_ALL,
        params("msg_type need"),
        card(200800, "create failed"),
        Refusal(0, "success"),
        Refusal(1500, "internal error"),
        Refusal(10500, "internal error"),
        Refusal(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"),
        Refusal(11233, "chat frequency limited"),
        Refusal(11237, "chat is dissolved"),
        Refusal(11242, "chat is banned"),
        Refusal(11247, "daily quota exceeded"),
        Refusal(11248, "message contains sensitive words"),
        Refusal(11312, "card contains sensitive words"),
        Refusal(18121, "duplicate request is being processed"),
        Refusal(230020, "this message triggers the frequency limit"),
        Refusal(230028, "messages do not pass the audit"),
        Refusal(232009, "chat has been dissolved"),
        Refusal(GATEWAY, "request trigger frequency limit", status=429, headers={RESET_HEADER: "1"}),
    )
}
