"""Posts the events of a storm as a sender does: each again with the same key until it is answered."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from threading import Event, Lock
from time import monotonic

import urllib3
from weather import TOKEN, Weather

#: How long to wait before an event is posted again, in seconds, and when to give up.
PAUSE = 0.1
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Post:
    """An event as its sender knows it; times are of one clock, in seconds."""

    number: int
    webhook: str
    event_id: int
    posted_at: float
    answered_at: float


class Sender:
    """Posts at a pace, in any number of threads, to any of several web processes."""

    def __init__(self, weather: Weather, ports: Sequence[int], *, per_second: float) -> None:
        #: What was answered so far.
        self.posts: list[Post] = []
        self.counts: Counter[str] = Counter()
        self._weather = weather
        self._ports = ports
        self._per_second = per_second
        self._numbers = iter(count())
        self._counting = Lock()
        self._over = Event()
        self._began_at = monotonic()

    def run(self) -> None:
        """Post one event after the other, until none is left."""
        with urllib3.PoolManager(retries=False, timeout=10.0) as http:
            while not self._over.is_set() and (number := next(self._numbers)) < self._weather.events:
                due = self._began_at + number / self._per_second
                self._over.wait(max(due - monotonic(), 0.0))
                self.posts.append(self._post(http, number))

    def stop(self) -> None:
        """Let every thread end, though not everything is posted."""
        self._over.set()

    def _post(self, http: urllib3.PoolManager, number: int) -> Post:
        webhook, posted_at = self._weather.posts[number], monotonic()
        for turn in count(number):
            event_id = self._try(http, number, f"http://127.0.0.1:{self._ports[turn % len(self._ports)]}")
            if event_id is not None:
                return Post(number, webhook, event_id, posted_at, monotonic())
            assert monotonic() < posted_at + PATIENCE, f"nobody takes event {number} in"
            assert not self._over.wait(PAUSE), f"event {number} was not posted, as the storm was broken off"
        raise AssertionError

    def _try(self, http: urllib3.PoolManager, number: int, address: str) -> int | None:
        """Return the event's id, or None if it has to be posted again."""
        webhook = self._weather.posts[number]
        body = json.dumps({"title": f"storm{number}", "project": webhook})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        try:
            reply = http.request("POST", f"{address}/webhook/{webhook}", body=body, headers=headers)
        except urllib3.exceptions.NewConnectionError:
            return self._count("posts refused")
        except urllib3.exceptions.HTTPError:
            return self._count("posts broken off")
        if reply.status == 503:
            return self._count("posts answered with 503")
        assert reply.status in {200, 202}, (reply.status, reply.data)
        if reply.status == 200:
            self._count("posts that were repeats")
        return int(reply.json()["event_id"])

    def _count(self, what: str) -> None:
        with self._counting:
            self.counts[what] += 1
