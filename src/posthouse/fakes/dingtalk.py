"""Robots that answer like DingTalk's, or misbehave on demand, and remember what their groups have seen."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from posthouse.fakes.dingtalk_rules import (
    THROTTLED,
    UNKNOWN_TOKEN,
    FakeRobot,
    Refusal,
    form_refusal,
    json_object,
    parameters,
    robot_refusal,
)

SEND_PATH = "/robot/send"
WINDOW_SECONDS = 60.0
LONGEST_DELAY = 3600.0


@dataclass(frozen=True, slots=True)
class FakeReply:
    """What to answer, after ``delay`` seconds; or, if ``dropped``, to close the connection without a word."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay: float = 0.0
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    ``errcode`` (with ``errmsg``) or ``body`` (with ``status``) is answered instead of looking at the message, which
    is shown all the same if ``shown``. ``drop`` closes the connection "before" the message was shown, or "after" it
    was. ``delay`` seconds pass between showing the message and answering; alone, everything else goes well.
    """

    errcode: int | str | None = None
    errmsg: str = ""
    status: int = 200
    body: str | None = None
    shown: bool = False
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None

    @classmethod
    def from_json(cls, value: Any) -> "Fault":
        """Return the fault that a JSON object with these names describes; raises `ValueError` for anything else."""
        if not isinstance(value, dict) or not value or not value.keys() <= _FAULT_TYPES.keys():
            raise ValueError(f"a fault is an object with some of {', '.join(_FAULT_TYPES)}")
        for name, part in value.items():
            if not isinstance(part, _FAULT_TYPES[name]) or (isinstance(part, bool) and name != "shown"):
                raise ValueError(f"{name} has the wrong type")
        if value.get("drop", "after") not in {"before", "after"}:
            raise ValueError('drop is "before" or "after"')
        if not 0 <= value.get("delay", 0) <= LONGEST_DELAY or not 200 <= value.get("status", 200) <= 599:
            raise ValueError("a fault's delay is at most an hour, in seconds, and its status is from 200 to 599")
        return cls(**value)

    @property
    def answers(self) -> bool:
        """Tell whether the robot's own answer is replaced."""
        return self.errcode is not None or self.body is not None or self.drop == "before"


_FAULT_TYPES: Mapping[str, Any] = {
    "errcode": int | str,
    "errmsg": str,
    "status": int,
    "body": str,
    "shown": bool,
    "delay": int | float,
    "drop": str,
}


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
    """A message that a group sees, and since when (seconds)."""

    at: float
    payload: Mapping[str, Any]


@dataclass(slots=True)
class _Group:
    """What one robot remembers."""

    robot: FakeRobot
    received: list[Received] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    uuids: set[str] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)
    recent: deque[float] = field(default_factory=deque)
    refused_until: float = 0.0


class FakeDingTalk:
    """DingTalk's robots by access token; may be used by many threads.

    With ``any_token``, a token that is not known becomes a robot like ``pattern`` when it is first used.
    """

    def __init__(
        self,
        robots: Mapping[str, FakeRobot] | None = None,
        *,
        any_token: bool = False,
        pattern: FakeRobot = FakeRobot(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._groups = {token: _Group(robot) for token, robot in (robots or {}).items()}
        self._any_token = any_token
        self._pattern = pattern
        self._clock = clock
        self._changed = threading.Condition()

    def tokens(self) -> tuple[str, ...]:
        """Return the tokens of all robots, in the order they were made."""
        with self._changed:
            return tuple(self._groups)

    def shown(self, token: str) -> tuple[Mapping[str, Any], ...]:
        """Return the messages that a robot's group sees, oldest first, as they were sent; none for unknown tokens."""
        return tuple(message.payload for message in self.shown_with_times(token))

    def shown_with_times(self, token: str) -> tuple[Shown, ...]:
        """Return the same with times."""
        with self._changed:
            return tuple(self._groups[token].shown) if token in self._groups else ()

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
        """Answer one request from the address ``client``; ``query`` is the raw query string, without the "?"."""
        if path != SEND_PATH:
            return FakeReply(404, {"content-type": "text/html; charset=utf-8"}, b"<h1>404 Not Found</h1>")
        malformed = form_refusal(method, {name.lower(): value for name, value in headers.items()})
        with self._changed:
            group = self._group(parameters(query).get("access_token", ""))
            if malformed is not None or group is None:
                return _coded(malformed or UNKNOWN_TOKEN, group.robot if group else self._pattern)
            return self._answer(group, query=query, body=body, client=client)

    def _answer(self, group: _Group, *, query: str, body: bytes, client: str) -> FakeReply:
        now = self._clock()
        fault = group.faults.popleft() if group.faults else Fault()
        refusal = _throttled(group, now)
        if fault.answers:
            reply, code, taken = _faulty(fault), fault.errcode, fault.shown
        else:
            refusal = refusal or robot_refusal(group.robot, query=query, client=client, body=body, now=now)
            reply, code, taken = _coded(refusal, group.robot), refusal.code if refusal else 0, refusal is None
        payload = json_object(body)
        shown = taken and payload is not None and _show(group, payload, now)
        dropped = fault.drop is not None
        group.received.append(Received(now, query, payload, None if dropped else code, shown))
        self._changed.notify_all()
        return FakeReply(reply.status, reply.headers, reply.body, delay=float(fault.delay), dropped=dropped)

    def _group(self, token: str) -> _Group | None:
        if token and token not in self._groups and self._any_token:
            self._groups[token] = _Group(self._pattern)
        return self._groups.get(token)


def _show(group: _Group, payload: Mapping[str, Any], now: float) -> bool:
    """Show a message unless its ``msgUuid`` was seen before, which DingTalk answers with success as well."""
    uuid = payload.get("msgUuid")
    if isinstance(uuid, str) and uuid:
        if uuid in group.uuids:
            return False
        group.uuids.add(uuid)
    group.shown.append(Shown(now, payload))
    return True


def _throttled(group: _Group, now: float) -> Refusal | None:
    """Count a request, and refuse it if there were too many; the penalty is not prolonged by what comes during it."""
    robot, recent = group.robot, group.recent
    if now < group.refused_until:
        return THROTTLED[robot.throttle_code]
    while recent and recent[0] <= now - WINDOW_SECONDS:
        recent.popleft()
    recent.append(now)
    if not robot.per_minute or len(recent) <= robot.per_minute:
        return None
    recent.clear()
    group.refused_until = now + robot.penalty
    return THROTTLED[robot.throttle_code]


def _coded(refusal: Refusal | None, robot: FakeRobot) -> FakeReply:
    if refusal is None:
        return _json(0, "ok")
    return _json(refusal.code, refusal.zh if robot.wording == "zh" else refusal.en)


def _faulty(fault: Fault) -> FakeReply:
    if fault.body is not None:
        kind = "text/html" if fault.body.lstrip().startswith("<") else "application/json"
        return FakeReply(fault.status, {"content-type": f"{kind}; charset=utf-8"}, fault.body.encode())
    known = THROTTLED.get(fault.errcode) if isinstance(fault.errcode, int) else None
    return _json(fault.errcode, fault.errmsg or (known.en if known else "on demand"), status=fault.status)


def _json(code: int | str | None, text: str, *, status: int = 200) -> FakeReply:
    body = json.dumps({"errcode": code, "errmsg": text}, ensure_ascii=False, separators=(",", ":"))
    return FakeReply(status, {"content-type": "application/json; charset=utf-8"}, body.encode())
