"""What the fakes of all vendors have in common: groups by token, what they saw, and faults on demand."""

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic

from posthouse.fakes.exchange import (
    Asked,
    FakeReply,
    FakeRequest,
    Received,
    Refusal,
    RobotT,
    Shown,
    json_object,
)
from posthouse.fakes.faults import Fault
from posthouse.fakes.rates import Rate


@dataclass(slots=True)
class _Group(Generic[RobotT]):
    """What one robot remembers."""

    robot: RobotT
    rate: Rate
    received: list[Received] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    idempotency_keys: set[str] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)


class FakeVendor(ABC, Generic[RobotT]):
    """One vendor's robots by token; may be used by many threads.

    With ``any_token``, a token that is not known becomes a robot like ``pattern`` when it is first used. ``clock``
    gives the time in seconds since 1970.
    """

    #: The vendor's name in an address, and on the page.
    name: ClassVar[str]
    label: ClassVar[str]
    #: What is known of the vendor's codes.
    codes: ClassVar[Mapping[int | str | None, Refusal]]

    def __init__(
        self,
        robots: Mapping[str, RobotT] | None = None,
        *,
        pattern: RobotT,
        any_token: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._groups = {token: _Group(robot, self._rate(robot)) for token, robot in (robots or {}).items()}
        self._any_token = any_token
        self._pattern = pattern
        self._clock = clock
        # Its lock may be taken again by the thread that holds it, so that a vendor can wrap `answer`.
        self._changed = threading.Condition()

    def tokens(self) -> tuple[str, ...]:
        """Return the tokens of all robots, in the order they were made."""
        with self._changed:
            return tuple(self._groups)

    def shown(self, token: str) -> tuple[Mapping[str, Any], ...]:
        """Return the messages that a robot's group sees, oldest first, as they were sent; none for unknown tokens."""
        return tuple(message.payload for message in self.messages(token))

    def messages(self, token: str) -> tuple[Shown, ...]:
        """Return the same with times and mentions."""
        with self._changed:
            return tuple(self._groups[token].shown) if token in self._groups else ()

    def mentions(self, token: str) -> tuple[tuple[str, ...], ...]:
        """Return whom each of these messages really notifies, as `Shown.mentions` does."""
        return tuple(message.mentions for message in self.messages(token))

    def wait_for_shown(self, token: str, count: int, *, timeout: float) -> tuple[Mapping[str, Any], ...]:
        """Return what `shown` does as soon as there are ``count`` messages, and after ``timeout`` seconds anyway."""
        with self._changed:
            self._changed.wait_for(lambda: token in self._groups and len(self._groups[token].shown) >= count, timeout)
        return self.shown(token)

    def requests(self, token: str) -> tuple[Received, ...]:
        """Return the requests that reached a robot, oldest first; none for unknown tokens."""
        with self._changed:
            return tuple(self._groups[token].received) if token in self._groups else ()

    def misbehave(self, token: str, *faults: Fault) -> None:
        """Let the robot's next requests go wrong, one fault each; raises `KeyError` for an unknown token."""
        with self._changed:
            group = self._group(token)
            if group is None:
                raise KeyError(f"no robot has the token {token[:8]}…")
            group.faults.extend(faults)

    def answer(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        client: str = "127.0.0.1",
    ) -> FakeReply:
        """Answer one request from the address ``client``; path and query are raw, the query without the "?"."""
        lower = {name.lower(): value for name, value in headers.items()}
        request = FakeRequest(method, path, query, lower, body, client)
        if not self.serves(path):
            return FakeReply(404, {"content-type": "text/html; charset=utf-8"}, b"<h1>404 Not Found</h1>")
        with self._changed:
            group = self._group(self._token(request))
            refusal = self._turned_away(request, known=group is not None)
            if group is None or refusal is not None:
                robot = group.robot if group else self._pattern
                return self._reply(refusal, Asked(robot, request, self._clock()))
            return self._answer(group, request)

    @abstractmethod
    def serves(self, path: str) -> bool:
        """Tell whether a path is an address of this vendor's robots."""

    @abstractmethod
    def _token(self, request: FakeRequest) -> str:
        """Return which robot a request is for."""

    @abstractmethod
    def _rate(self, robot: RobotT) -> Rate:
        """Return a robot's limits, with nothing counted yet."""

    @abstractmethod
    def _turned_away(self, request: FakeRequest, *, known: bool) -> Refusal | None:
        """Refuse what no robot gets to see, in any case what is for none (``known`` is false)."""

    @abstractmethod
    def _refusal(self, asked: Asked[RobotT]) -> Refusal | None:
        """Return why a robot does not show a message, or None if it does."""

    @abstractmethod
    def _throttled(self, asked: Asked[RobotT]) -> Refusal:
        """Refuse one request too many."""

    @abstractmethod
    def _reply(self, refusal: Refusal | None, asked: Asked[RobotT]) -> FakeReply:
        """Return success, or a refusal, in the vendor's form."""

    @abstractmethod
    def _mentions(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        """Return whom a message that is shown notifies."""

    def _visible(self, request: FakeRequest) -> Mapping[str, Any] | None:
        """Return what the group gets to see of a request that is taken."""
        return json_object(request.body)

    def _idempotency_key(self, _payload: Mapping[str, Any]) -> str | None:
        """Return what tells a message from its repeats, where the vendor has such a thing."""
        return None

    def _answer(self, group: _Group[RobotT], request: FakeRequest) -> FakeReply:
        now = self._clock()
        fault = group.faults.popleft() if group.faults else Fault()
        too_many = group.rate.refuses(now)
        asked = Asked(group.robot, request, now, rest=group.rate.rest(now))
        if fault.answers:
            reply, code, taken = self._faulty(fault, asked), fault.errcode, fault.shown
        else:
            refusal = self._throttled(asked) if too_many else self._refusal(asked)
            reply, code, taken = self._reply(refusal, asked), refusal.code if refusal else 0, refusal is None
        shown = taken and self._show(group, self._visible(request), now)
        dropped = fault.drop is not None
        payload = json_object(request.body)
        group.received.append(Received(now, request.query, payload, None if dropped else code, shown))
        self._changed.notify_all()
        return replace(reply, delay=float(fault.delay), dropped=dropped)

    def _show(self, group: _Group[RobotT], payload: Mapping[str, Any] | None, now: float) -> bool:
        """Show a message; a repeat, which is answered like the first one, is not shown again."""
        if payload is None:
            return False
        key = self._idempotency_key(payload)
        if key is not None and key in group.idempotency_keys:
            return False
        if key is not None:
            group.idempotency_keys.add(key)
        group.shown.append(Shown(now, payload, self._mentions(payload)))
        return True

    def _faulty(self, fault: Fault, asked: Asked[RobotT]) -> FakeReply:
        if fault.body is not None:
            kind = "text/html" if fault.body.lstrip().startswith("<") else "application/json"
            headers = {"content-type": f"{kind}; charset=utf-8", **fault.headers}
            return FakeReply(fault.status or 200, headers, fault.body.encode("utf-8", "replace"))
        known = self.codes.get(fault.errcode, Refusal(fault.errcode, "on demand"))
        refusal = replace(
            known,
            text=fault.errmsg or known.text,
            older=fault.errmsg or known.older,
            status=fault.status or known.status,
            headers={**known.headers, **fault.headers},
        )
        return self._reply(refusal, asked)

    def _group(self, token: str) -> _Group[RobotT] | None:
        if token and token not in self._groups and self._any_token:
            self._groups[token] = _Group(self._pattern, self._rate(self._pattern))
        return self._groups.get(token)
