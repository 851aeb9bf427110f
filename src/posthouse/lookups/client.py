"""Asks a sender's interface: bounded in time, size and number, kept for a while, and never in the way.

The only module of the look-ups that knows of time, connections and locks.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import from_json

from posthouse.core.errors import DeliveryError
from posthouse.core.http import HttpReply, HttpRequest
from posthouse.core.reader import Reader
from posthouse.meters import WorkMeters
from posthouse.spans import Spans
from posthouse.transport import Transport

#: How long all questions about one event may take together, in seconds.
PATIENCE = 3.0
#: How often a question is asked, as the first time might just have been a bad moment.
TRIES = 2
#: What is less than this is no time to ask in, in seconds.
MOMENT = 0.05
#: For how long a server that failed is left alone, in seconds: a dead one must not delay every event.
REST = 30.0
#: How much of an answer is read; that about a page has a few KiB.
ANSWER_BYTES = 512 * 1024
#: How many answers are kept, each as the little that is read out of it.
KEPT = 2000

#: What becomes of a question, for those who count: `resting` is one that was not asked, as the server failed before.
Outcome = Literal["answered", "kept", "hidden", "failed", "resting"]


@dataclass(frozen=True, slots=True)
class Server:
    """Whom to ask on behalf of one webhook: an address without a slash at its end, and what proves who asks."""

    webhook_id: str
    address: str
    authorization: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one question: what was read out of the answer, or in words why there is none.

    It is ``hidden`` where the server says that there is no such thing, or none for whom the credentials belong to.
    """

    value: Mapping[str, Any] = field(default_factory=dict, repr=False)
    trouble: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, below the server's address; ``read`` reduces a JSON object to the little that is kept of it.

    A kept answer will do if it is no older than ``keep`` seconds and was asked for after ``since``, in seconds since
    the epoch.
    """

    path: str = field(repr=False)
    read: Callable[[Reader], Mapping[str, Any]]
    keep: float
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    asked_at: float


class Client:
    """Asks servers of one kind, which people call ``name``, for any number of threads.

    ``clock`` tells seconds since the epoch. What is said of troubles holds neither addresses nor credentials.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float],
        patience: float = PATIENCE,
        meters: WorkMeters | None = None,
        spans: Spans | None = None,
    ) -> None:
        self.name = name
        self.patience = patience
        self._clock = clock
        self._meters = meters or WorkMeters((), ())
        self._spans = spans or Spans()
        self._transport = Transport(total_seconds=patience, body_bytes=ANSWER_BYTES, peer=name)
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        #: Until when each server is left alone, by its address; there are only as many as are configured.
        self._resting: dict[str, float] = {}

    def ask(self, server: Server, question: Question, *, until: float) -> Answer:
        """Return the answer, from the kept ones if possible. Never raises; ``until`` is on the monotonic clock."""
        with self._spans.span("look up", kind="CLIENT", webhook=server.webhook_id, sender=self.name) as note:
            outcome, answer = self._found(server, question, until)
            note.add(outcome=outcome)
        self._meters.looked_up(self.name, outcome)
        return answer

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _found(self, server: Server, question: Question, until: float) -> tuple[Outcome, Answer]:
        now = self._clock()
        # What one webhook was told is for no other: the credentials there may see less.
        key = (server.webhook_id, question.path)
        with self._lock:
            kept = self._answers.get(key)
            resting = self._resting.get(server.address, 0.0) > now
        if kept is not None and kept.asked_at >= max(question.since, now - question.keep):
            return "kept", kept.answer
        if resting:
            return "resting", Answer(trouble=f"{self.name} failed a moment ago and is left alone for {REST:g} s")
        answer, failed = self._asked(server, question, until)
        with self._lock:
            if failed:
                self._resting[server.address] = self._clock() + REST
            elif not answer.trouble:
                self._answers[key] = _Kept(answer, now)
                self._answers.move_to_end(key)
                while len(self._answers) > KEPT:
                    self._answers.popitem(last=False)
        if answer.hidden:
            return "hidden", answer
        return "failed" if answer.trouble else "answered", answer

    def _asked(self, server: Server, question: Question, until: float) -> tuple[Answer, bool]:
        """Return the answer, and whether the server should be left alone for a while."""
        headers = {"accept": "application/json", "authorization": server.authorization}
        request = HttpRequest(url=f"{server.address}{question.path}", headers=headers, body=b"", method="GET")
        answer, failed = Answer(trouble=f"no time was left of {self.patience:g} s to ask {self.name}"), False
        for _ in range(TRIES):
            seconds = until - time.monotonic()
            if seconds < MOMENT:
                break
            failed = True
            try:
                reply = self._transport.send(request, seconds=seconds)
            except DeliveryError as error:
                answer = Answer(trouble=str(error))
                continue
            answer = self._read(reply, question)
            if reply.status != 429 and reply.status < 500:
                # Wrong credentials, time and again, would lock the account.
                return answer, reply.status == 401
        return answer, failed

    def _read(self, reply: HttpReply, question: Question) -> Answer:
        match reply.status:
            case 200 if len(reply.body) < ANSWER_BYTES:
                try:
                    value = from_json(reply.body, allow_inf_nan=False)
                except ValueError:
                    value = None
                if isinstance(value, dict):
                    return Answer(question.read(Reader(value)))
                return Answer(trouble=f"the answer is not one of {self.name}'s interface: check host")
            case 200:
                return Answer(trouble=f"{self.name}'s answer is longer than {ANSWER_BYTES // 1024} KiB")
            case 401:
                return Answer(trouble=f"{self.name} does not accept the credentials (401)")
            case 403 | 404:
                said = f"{self.name} says that there is none, or none for these credentials ({reply.status})"
                return Answer(trouble=said, hidden=True)
            case status if 300 <= status < 400:
                return Answer(
                    trouble=f"{self.name} answered with a redirect ({status}), which is not followed: check host"
                )
            case status:
                return Answer(trouble=f"{self.name} answered {status}")
