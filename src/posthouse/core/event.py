"""What comes in: the request as a value, and the event it reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import from_json

from posthouse.core.errors import BadPayload
from posthouse.core.reader import Reader

#: What became of an event: somebody hears of it, nobody does for a reason, or a plugin failed.
Outcome = Literal["told", "silent", "error"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """An HTTP request, reduced to what a webhook handler may look at.

    Header names are lower-case. ``received_at`` is in seconds since the epoch. Headers, query and body stay out of
    the ``repr``: they carry the sender's secrets.
    """

    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: float = 0.0

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object, or raise `BadPayload`."""
        try:
            # Strings are hardly ever twice in one body, and looking for them takes longer than making them.
            value = from_json(self.body, allow_inf_nan=False, cache_strings="keys")
        except ValueError as error:
            raise BadPayload(f"the body is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise BadPayload(f"the body is JSON, but not an object: {type(value).__name__}")
        return value


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, in the sender's words.

    ``name`` is the sender's name for this kind of event, such as "Push Hook". ``key`` is the sender's id of this
    one event: the same key twice is a repeat. A ``confidential`` event reaches only robots that may hear of such.

    The other fields are filled in when the event is handled: ``received_at`` in seconds since the epoch, ``last`` is
    what its handler remembered of the event before it of the same topic, ``looked_up`` what the sender's own interface
    said about the ids in the payload.
    """

    name: str
    payload: Mapping[str, Any] = field(repr=False)
    key: str | None = None
    confidential: bool = False
    received_at: float = 0.0
    last: str | None = field(default=None, repr=False)
    looked_up: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def reader(self) -> Reader:
        """The payload, to be read without surprises."""
        return Reader(self.payload)

    @property
    def findings(self) -> Reader:
        """What was looked up, to be read without surprises; empty where nothing was, or could be."""
        return Reader(self.looked_up)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the sender's own interface said about an event; ``note`` says in words how the asking went."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outcome: Literal["ok", "failed"] = "ok"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered for the webhook's next event of the same topic."""

    topic: str
    value: str
