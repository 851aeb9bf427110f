"""Reads what the Apprise library wrote down about a request: it says whether a service took it, and hardly ever why."""

import re
from collections.abc import Sequence

from posthouse import HttpReply
from posthouse.notifiers.answers import NO_ROBOT, Meaning, json_object, words_without_code
from posthouse.notifiers.apprise import verdicts
from posthouse.notifiers.markdown import clean

#: How the library's lines begin that show a reason in the words of Python, and a service's answer on the next line.
EXCEPTIONS = ("Socket Exception", "Notification Exception")
ANSWER = "Response Details"
#: A service that answers this does not know whoever asks: Slack, for one, for a workspace that shuts its robots out.
NO_CREDENTIALS = frozenset({401, 403, 407})
#: The codes of mail servers: who may send, and who can be written to (RFC 5321, RFC 4954).
SMTP_NO_CREDENTIALS = frozenset({530, 534, 535, 538})
SMTP_NO_MAILBOX = frozenset({550, 551, 553})


def read(reply: HttpReply, *, targets: int) -> tuple[Meaning | None, str]:
    """Return what an answer means (None: the service took the message), and its words for people.

    With several ``targets`` a failure is one of some of them, and the library does not say of which.
    """
    answer = json_object(reply.body)
    if reply.status == 200 and answer.get("notified") is True:
        return None, ""
    said = answer.get("said")
    lines = [line for line in said if isinstance(line, str)] if isinstance(said, list) else []
    if not lines:
        return (verdicts.NO_ANSWER if answer.get("late") is True else verdicts.UNCLEAR), words_without_code(reply)
    if targets > 1:
        return verdicts.SOME, _words(lines)
    if answer.get("late") is True:
        return verdicts.NO_ANSWER, _words(lines)
    return _meaning(lines), _words(lines)


def _meaning(lines: Sequence[str]) -> Meaning:
    # A service's answer may repeat what a user wrote, which decides nothing.
    text = "\n".join(line for line in lines if not line.startswith(ANSWER))
    if _GONE.search(text):
        return verdicts.NOT_THERE
    if found := _HTTP.search(text):
        return _of_http(int(found[1]))
    if found := _SMTP.search(text):
        return _of_smtp(int(found[1]))
    if _NO_CONNECTION.search(text):
        return verdicts.NO_CONNECTION
    return verdicts.NO_ANSWER if "Socket Exception" in text else verdicts.UNCLEAR


#: Slack and Telegram say with 200 and 400 too that a group is not there, or that the robot is not in it.
_GONE = re.compile(
    r"channel_not_found|channel_is_archived|not_in_channel|invalid_auth|account_inactive|token_revoked"
    r"|chat not found|bot was kicked|bot was blocked|bot is not a member",
    re.IGNORECASE,
)
_HTTP = re.compile(r"\berror ?[=:] ?([345][0-9]{2})\b")
_SMTP = re.compile(r"\b([45][0-9]{2}),? b['\"]")
#: What names of exceptions, and of the system's errors, say that no request was sent.
_NO_CONNECTION = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|SSLError|ProxyError|CERTIFICATE_VERIFY_FAILED"
    r"|Connection refused|No route to host|Network is unreachable|Name or service not known|getaddrinfo failed"
)


def _of_http(status: int) -> Meaning:
    if status == 429:
        return verdicts.TOO_FAST
    if status >= 500 or status in {408, 425}:
        return verdicts.BUSY
    if status in NO_CREDENTIALS:
        return verdicts.NOT_ALLOWED
    return verdicts.NOT_THERE if status in NO_ROBOT else verdicts.NOT_TAKEN


def _of_smtp(code: int) -> Meaning:
    if code < 500:
        return verdicts.BUSY
    if code in SMTP_NO_CREDENTIALS:
        return verdicts.NOT_ALLOWED
    return verdicts.NOT_THERE if code in SMTP_NO_MAILBOX else verdicts.NOT_TAKEN


def _words(lines: Sequence[str]) -> str:
    """Return what the library says for people, and what a mail server or a service said."""
    shown = [line for line in lines if not line.startswith((*EXCEPTIONS, ANSWER)) or _SMTP.search(line)]
    answers = [line.partition("\n")[2] for line in lines if line.startswith(ANSWER)]
    return clean(" ".join([*shown, *answers])).strip() or "no reason given"
