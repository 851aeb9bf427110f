"""Leader commit: whoever gets the process's commit lock writes everybody's waiting work in one transaction.

SQLite takes one writer at a time and pays for every commit with an fsync. With one commit each, many threads spend
their time in its unfair busy loop and wait for a second; sharing the commit makes it tens of milliseconds.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox.engine import unavailable

Value = TypeVar("Value")
Result = TypeVar("Result")
#: More work than this is left to the next leader, so that nobody waits for a transaction without end.
BATCH = 256


class LeaderCommit:
    """Runs pieces of work in transactions, many threads' together; each is on disk afterwards, or has not happened."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = Lock()  # for the two below, held for moments only
        self._waiting: deque[_Piece[object, object]] = deque()
        self._is_led = False
        self._connection: Connection | None = None

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what ``work`` returns, once it is committed. It may be called again if others' work fails beside it.

        Raises what ``work`` raises, with nothing of it written, and `StoreUnavailable` when the database fails.
        """
        return self._run(_Piece(lambda connection, _: [work(connection)], None))

    def run_joined(self, work: Callable[[Connection, Sequence[Value]], Sequence[Result]], value: Value) -> Result:
        """Return what ``work`` returns for ``value``, like `run`; it is given the values of several threads at once."""
        return self._run(_Piece(work, value))

    def _run(self, piece: "_Piece[Value, Result]") -> Result:
        with self._guard:
            self._waiting.append(cast("_Piece[object, object]", piece))
            leads, self._is_led = not self._is_led, True
        if not leads:
            piece.wait()  # until a leader has done it, or has made this thread the next leader
        if not piece.done:
            self._lead()
        return piece.result()

    def close(self) -> None:
        """Give the connection back; nobody may be at work any more."""
        self._drop_connection()

    def _lead(self) -> None:
        """Write what waits, this thread's piece among it, and let the next in line lead before the others wake up."""
        with self._guard:
            pieces = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        try:
            self._write(pieces)
        finally:
            with self._guard:
                self._is_led = bool(self._waiting)
                if self._is_led:
                    self._waiting[0].wake()
            for piece in pieces:
                piece.wake()

    def _write(self, pieces: "list[_Piece[object, object]]") -> None:
        """Do the pieces in one transaction; if one fails, each in one of its own, so that only that one fails."""
        failure: Exception | None = StoreUnavailable("the process stopped in the middle of a commit")
        working = False
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                working = True
                _work(self._connection, pieces)
                working = False
            failure = None
        except SQLAlchemyError as error:
            failure = unavailable(error)
            self._drop_connection()
        except Exception as error:  # noqa: BLE001 - it belongs to whoever gave the work
            failure = error
        finally:
            if working and len(pieces) > 1:
                for piece in pieces:
                    self._write([piece])
            else:
                for piece in pieces:
                    piece.finish(failure)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Piece(Generic[Value, Result]):
    """One thread's work, what it is to be done for, and what came of it."""

    __slots__ = ("_error", "_gate", "_result", "done", "value", "work")

    def __init__(self, work: Callable[[Connection, Sequence[Value]], Sequence[Result]], value: Value) -> None:
        self.work = work
        self.value = value
        self._result: Result | None = None
        self._error: Exception | None = None
        self._gate = Lock()
        self._gate.acquire()
        self.done = False

    def wait(self) -> None:
        self._gate.acquire()

    def wake(self) -> None:
        if self._gate.locked():
            self._gate.release()

    def keep(self, result: Result) -> None:
        self._result = result

    def finish(self, error: Exception | None) -> None:
        self._error = error
        self.done = True

    def result(self) -> Result:
        if self._error is not None:
            raise self._error
        return cast("Result", self._result)


def _work(connection: Connection, pieces: "Iterable[_Piece[Value, Result]]") -> None:
    """Do the work of all pieces; where it is the same, at once."""
    joined: dict[Hashable, list[_Piece[Value, Result]]] = {}
    for piece in pieces:
        joined.setdefault(piece.work, []).append(piece)
    for alike in joined.values():
        results = alike[0].work(connection, [piece.value for piece in alike])
        for piece, result in zip(alike, results, strict=True):
            piece.keep(result)
