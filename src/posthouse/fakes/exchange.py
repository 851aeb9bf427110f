"""What goes into a fake robot and comes out of it, as values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

#: How `Shown.mentions` names everybody.
EVERYBODY = "all"
RobotT = TypeVar("RobotT")


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """One request: ``path`` and ``query`` as they stand in the request line, header names in lower case."""

    method: str
    path: str
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    client: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Asked(Generic[RobotT]):
    """A request to a robot at ``now`` (seconds); after ``rest`` seconds one more would be within its limits."""

    robot: RobotT
    request: FakeRequest
    now: float
    rest: float = 0.0


@dataclass(frozen=True, slots=True)
class FakeReply:
    """What to answer, after ``delay`` seconds; or, if ``dropped``, to close the connection without a word."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay: float = 0.0
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not shown: a vendor's code and words for it, and with which HTTP status they come.

    ``older`` is what an older generation of the vendor's servers says instead of ``text``, where there are two.
    """

    code: int | str | None
    text: str
    older: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """A request that reached a robot: when (seconds), the raw query, the JSON (None if it was none), the code answered.

    ``code`` is None where no code was answered; ``shown`` tells whether the group sees a new message because of it.
    """

    at: float
    query: str = field(repr=False)
    payload: Mapping[str, Any] | None
    code: int | str | None
    shown: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that a group sees, since when (seconds), and whom it really notifies.

    ``mentions`` holds ids or mobile numbers in the order of their first mention, and "all" for everybody. What only
    looks like a mention is not among them; what may be one, though nobody documents it, is.
    """

    at: float
    payload: Mapping[str, Any]
    mentions: tuple[str, ...] = ()


def parameters(query: str) -> dict[str, str]:
    """Return a raw query string's values, decoded exactly once, as the vendors do it."""
    return dict(parse_qsl(query, keep_blank_values=True))


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a body, or None."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts in a list, or nothing where a value is no list."""
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def objects(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the objects in a list, or nothing where a value is no list."""
    return tuple(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def json_reply(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> FakeReply:
    """Return a value as a reply in compact JSON; halves of characters, which UTF-8 cannot hold, stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    kind = {"content-type": "application/json; charset=utf-8"}
    return FakeReply(status, {**kind, **(headers or {})}, text.encode("utf-8", "backslashreplace"))
