"""Threads that call the relay until told to stop. The only module that starts threads."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from posthouse.core.errors import PosthouseError, StoreUnavailable
from posthouse.neighbours import bury_the_dead, own_name
from posthouse.outbox import Kind
from posthouse.relay import Relay

log = logging.getLogger("posthouse.worker")

HANDLING_THREADS = 2
#: Enough that a few robots that do not answer leave threads for the others.
DELIVERING_THREADS = 16
#: How long one thread computes while others wait to, in seconds. With Python's own 5 ms, a thread that talks to a
#: robot waits that long behind one that handles events, at each of the several times it waits for the network or disk.
SWITCH_SECONDS = 0.0005
#: How long to wait for somebody to make work, in seconds, before it is time to see to the rest.
WATCH_SECONDS = 0.25
#: How long a change is not looked into after another one was in vain, in seconds. Nearly every commit of a busy
#: database only notes what was done, and each idle thread would look for work after each of them.
CALM_SECONDS = 0.02
#: How long a thread sleeps at most, in seconds, in case a change went unseen.
SLEEP_SECONDS = 5.0
BEAT_SECONDS = 5.0
#: How long to leave a database alone that does not answer, in seconds.
STORE_PAUSE = 1.0
#: How often to look for what is older than it is kept, in seconds, and how long to leave the database to others between
#: two steps of deleting it.
TIDY_SECONDS = 60.0
TIDY_PAUSE = 0.05
#: How often to say so, in seconds.
COMPLAIN_SECONDS = 5.0


class Worker:
    """Handles events and delivers messages of one relay, in the threads of one process."""

    def __init__(self, relay: Relay, *, alive_file: Path | None = None) -> None:
        self._relay = relay
        #: Touched every `BEAT_SECONDS` as long as the worker goes on, with or without a database: for a supervisor.
        self._alive_file = alive_file
        self._holder = own_name()
        self._complained_at = float("-inf")
        self._stopping = False
        self._asked_to_stop = False
        self._handling = _Crew(relay, "webhook", self._handle, self)
        self._delivering = _Crew(relay, "robot", self._deliver, self)
        self._tidying = _Tidying(relay, self)

    def stop(self) -> None:
        """Ask for the end: attempts in flight are finished, nothing new is begun.

        May be called by a signal handler, so it takes no lock: the thread it interrupts may hold that very lock.
        """
        self._asked_to_stop = self._stopping = True

    def is_stopping(self) -> bool:
        """Tell whether nothing new is to be begun."""
        return self._stopping

    def run(self) -> None:
        """Work until `stop` is called; returns when every thread has finished.

        Raises `PosthouseError` when a thread ended by a bug of ours: then all end, and somebody starts us again.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            self._handling.start(HANDLING_THREADS)
            self._delivering.start(DELIVERING_THREADS)
            self._tidying.start()
            self._watch()
        finally:
            self._stopping = True
            self._tidying.join()
            self._handling.join()
            self._delivering.join()
        if not self._asked_to_stop:
            raise PosthouseError("a thread of the worker ended by a bug; the log has its traceback")

    def thread_ended(self) -> None:
        """Let every other thread end too: after `stop` that is meant, and otherwise there was a bug."""
        self._stopping = True

    def complain(self, error: StoreUnavailable) -> None:
        """Say that the database does not answer: every thread notices, and the log needs it from one, now and then."""
        now = time.monotonic()
        if now - self._complained_at > COMPLAIN_SECONDS:
            self._complained_at = now
            log.error("%s; trying again", error)

    def _watch(self) -> None:
        """Wake the threads when anybody has committed, and show that this worker is alive."""
        seen, beaten_at, touched_at = -1, 0.0, 0.0
        started_at = self._relay.clock()
        while not self._stopping:
            if self._alive_file is not None and time.monotonic() - touched_at > BEAT_SECONDS:
                touched_at = time.monotonic()
                self._alive_file.touch()
            try:
                is_calm = self._handling.is_calm and self._delivering.is_calm
                changed = self._relay.outbox.wait(WATCH_SECONDS if is_calm else CALM_SECONDS)
                if time.monotonic() - beaten_at > BEAT_SECONDS:
                    beaten_at = time.monotonic()
                    self._relay.outbox.beat(self._holder, started_at=started_at, now=self._relay.clock())
                    bury_the_dead(self._relay.outbox, self._holder)
            except StoreUnavailable as error:
                self.complain(error)
                time.sleep(STORE_PAUSE)
                continue
            for crew in (self._handling, self._delivering):
                crew.notice(is_new=changed != seen)
            seen = changed

    def _handle(self) -> bool:
        worked = self._relay.handle_next(self._holder)
        if worked:
            self._delivering.wake()  # at once, instead of when the commit is noticed
        return worked

    def _deliver(self) -> bool:
        return self._relay.deliver_next(self._holder, self.is_stopping)


class _Crew:
    """Threads that do one kind of work. One is woken at a time, and wakes the next one when it has found something."""

    def __init__(self, relay: Relay, kind: Kind, work: Callable[[], bool], worker: Worker) -> None:
        self._relay = relay
        self._kind = kind
        self._work = work
        self._worker = worker
        self._changed = threading.Condition()
        self._changes = 0
        self._vain_at = float("-inf")
        #: Whether nothing was noticed that nobody has looked into yet.
        self.is_calm = True
        self._threads: list[threading.Thread] = []

    def start(self, count: int) -> None:
        self._threads = [threading.Thread(target=self._run, name=f"{self._kind}-{n}") for n in range(count)]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify()

    def notice(self, *, is_new: bool) -> None:
        """Wake a thread to look into what others have done, soon if the last look was in vain a moment ago."""
        self.is_calm = self.is_calm and not is_new
        if not self.is_calm and time.monotonic() - self._vain_at > CALM_SECONDS:
            self.is_calm = True
            self.wake()

    def join(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        try:
            while not self._worker.is_stopping():
                self._step()
        finally:
            self._worker.thread_ended()

    def _step(self) -> None:
        """Work, or sleep until there may be some."""
        before = self._changes
        try:
            if self._work():
                self.wake()
                return
            self._vain_at = time.monotonic()
            sleep = self._until_due()
        except StoreUnavailable as error:
            self._worker.complain(error)
            sleep = STORE_PAUSE
        with self._changed:
            if self._changes == before and not self._worker.is_stopping():
                self._changed.wait(sleep)

    def _until_due(self) -> float:
        due = self._relay.next_due(self._kind)
        if due is None:
            return SLEEP_SECONDS
        seconds = due - self._relay.clock()
        # What is due, and was not found to be, is in somebody else's hands.
        return min(seconds, SLEEP_SECONDS) if seconds > 0 else CALM_SECONDS


class _Tidying:
    """One thread that deletes what is older than it is kept, now and then."""

    def __init__(self, relay: Relay, worker: Worker) -> None:
        self._relay = relay
        self._worker = worker
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidying")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._over.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._tidy()
                self._over.wait(TIDY_SECONDS)
        finally:
            self._worker.thread_ended()

    def _tidy(self) -> None:
        try:
            for _ in self._relay.tidy():
                if self._over.wait(TIDY_PAUSE):
                    return
        except StoreUnavailable as error:
            self._worker.complain(error)  # and so does every other thread: this one need not be the first to go on
