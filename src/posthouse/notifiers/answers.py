"""Reads what robots answer: HTTP 200 proves nothing, the code in the body decides, by each vendor's own meanings."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from posthouse import HttpReply, Notifier, Rejected, TryLater
from posthouse.notifiers.fitting import clip
from posthouse.notifiers.markdown import clean

ANSWER_CHARACTERS = 500
#: What is answered where no robot is: redirects, which are never followed, and what is not there or takes no POST.
NO_ROBOT = frozenset({301, 302, 303, 307, 308, 404, 405, 410})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means.

    ``kind`` is one of the core's verdicts; ``zh`` and ``en`` say what a person can do. With ``later`` the delivery is
    attempted again, after ``after`` seconds (None: growing pauses), ``attempts`` times at most (None: any number);
    ``whole_vendor`` lets all of the vendor's robots rest. Without, ``simpler`` tells that a plainer form may pass, and
    ``form`` which is the first that may.
    """

    kind: Literal["config", "message", "throttled", "quota", "transient", "ambiguous"]
    zh: str
    en: str
    later: bool = False
    after: float | None = None
    attempts: int | None = None
    whole_vendor: bool = False
    simpler: bool = False
    form: int = 0


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer's body is; an empty one where it is anything else."""
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def code_of(value: Any) -> int | None:
    """Return a code, which is documented as a number and seen as a string; anything else is no code."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def words_of(value: Any) -> str:
    """Return what stands where a vendor explains its code: text, and anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def beginning(reply: HttpReply) -> str:
    """Return the beginning of an answer that has no code, as text."""
    return reply.body[:2000].decode("utf-8", "replace")


def words_without_code(reply: HttpReply) -> str:
    """Return an answer that has no code in words: its HTTP status, and how its body begins."""
    return f"HTTP {reply.status}: {clean(beginning(reply)).strip() or 'an empty body'}"


def raise_for(meaning: Meaning, words: str, notifier: Notifier) -> NoReturn:
    """Raise what an answer means, with the vendor's words: `TryLater` or `Rejected`, neither with a credential."""
    answer = _shown(notifier.settings.without_secrets(words))
    remedy = notifier.choose(zh=meaning.zh, en=meaning.en)
    if meaning.later:
        raise TryLater(
            answer,
            verdict=meaning.kind,
            remedy=remedy,
            after=meaning.after,
            attempts=meaning.attempts,
            whole_vendor=meaning.whole_vendor,
        )
    # A vendor may have names for its forms; what is stored is the number.
    form = int(meaning.form)
    raise Rejected(answer, verdict=meaning.kind, remedy=remedy, simpler_may_pass=meaning.simpler, form=form)


def _shown(text: str) -> str:
    """Return words in 500 characters at most, without what is secret in an address that they repeat."""
    return clip(_IN_ADDRESSES.sub(r"\g<name>***", text), ANSWER_CHARACTERS)


#: Other robots' credentials too: a proxy in between may have told of another request.
_IN_ADDRESSES = re.compile(r"(?P<name>\b(?:access_token|sign|key)=|/bot/(?:v2/)?hook/)[^&\s\"'<>]+")
