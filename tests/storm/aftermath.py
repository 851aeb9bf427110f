"""What became of the events of a storm: nothing may be lost or overtaken, and what was told twice has a reason.

The order that is promised: an event that was answered before another one was posted to the same webhook is told before
it, to every robot that hears of both. Events that are posted at the same time have none, and neither have webhooks.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sender import Post
from weather import IDEMPOTENT, Weather

from posthouse.fakes import FakeVendor
from posthouse.outbox import AttemptRecord, DeliveryRecord, EventRecord, History

#: How the answer begins that is noted of an attempt by whoever takes a lane over from the dead.
CUT_OFF = "the worker stopped"
TOLD = {"sent", "digested"}


@dataclass
class Aftermath:
    """How often what happened, and everything that must not happen, in words."""

    weather: Weather
    posts: Sequence[Post]
    history: History
    fakes: Mapping[str, FakeVendor[Any]]
    #: Processes that ended otherwise than they should.
    crashed: Sequence[str]
    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    told_twice: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def count(self) -> None:
        """Look at everything that was posted, stored, asked of the robots and shown."""
        heard = {robot: [*self._heard(robot)] for robot in self.weather.kinds}
        records = {record.id: record for record in self.history.events(len(self.posts) + 1)}
        self.counts["events answered"] = len(self.posts)
        self.counts["events stored"] = len(records)
        for post in self.posts:
            self._look_for(post, records.get(post.event_id), heard)
        for robot, numbers in heard.items():
            self.counts["messages in groups"] += len(self.fakes[self.weather.kinds[robot]].shown(robot))
            self.overtaken += self._overtaken(robot, dict.fromkeys(numbers))
            self.refused += self._refused(robot)

    @property
    def verdict(self) -> Mapping[str, Sequence[str]]:
        """What must not happen; all of it is empty when everything is well."""
        return {
            "lost": self.lost,
            "overtaken": self.overtaken,
            "told twice without a reason": self.told_twice,
            "refused, though not on demand": self.refused,
            "crashed": self.crashed,
        }

    def _heard(self, robot: str) -> Iterator[int]:
        """Yield the events that a group was told of in its order, from single messages and digests alike."""
        for payload in self.fakes[self.weather.kinds[robot]].shown(robot):
            # A title stands in the text again.
            numbers = dict.fromkeys(re.findall(r"storm(\d+)", json.dumps(payload)))
            self.counts["digests in groups"] += len(numbers) > 1
            yield from map(int, numbers)

    def _look_for(self, post: Post, record: EventRecord | None, heard: Mapping[str, Sequence[int]]) -> None:
        if record is None or record.key != f"storm{post.number}" or record.state != "handled":
            self.lost.append(f"event {post.number}: {record}")
            return
        if sorted(delivery.robot for delivery in record.deliveries) != self.weather.routes[post.webhook]:
            self.lost.append(f"event {post.number} is not told to whom it should be: {record.deliveries}")
        for delivery in record.deliveries:
            self._look_at(post, delivery, heard[delivery.robot].count(post.number))

    def _look_at(self, post: Post, delivery: DeliveryRecord, times: int) -> None:
        """Compare how often a group was told of an event with what is stored of it."""
        self.counts[f"deliveries {delivery.state}"] += 1
        attempts = self.history.attempts(delivery.id) if times != 1 or delivery.state not in TOLD else []
        unclear = [attempt for attempt in attempts if attempt.verdict == "ambiguous"]
        what = f"event {post.number} to {delivery.robot}, {delivery.state}, shown {times} times"
        if delivery.state == "buried" and attempts and attempts[-1].verdict in {"ambiguous", "message", "transient"}:
            self.counts["deliveries buried with a reason"] += 1
        elif delivery.state not in TOLD or times == 0:
            self.lost.append(f"{what}: {attempts}")
        if times > 1:
            self._look_at_twice(what, times - 1, unclear, kind=self.weather.kinds[delivery.robot])

    def _look_at_twice(self, what: str, repeats: int, unclear: Sequence[AttemptRecord], *, kind: str) -> None:
        """Count repeats by their reason: each needs an attempt of which nobody knows how it ended, and no key."""
        cut_off = sum(attempt.answer.startswith(CUT_OFF) for attempt in unclear)
        if kind in IDEMPOTENT or repeats > len(unclear):
            self.told_twice.append(f"{what}: {unclear}")
            return
        by_kills = min(repeats, cut_off)
        self.counts["repeats: cut off by a death"] += by_kills
        self.counts["repeats: an unclear answer"] += repeats - by_kills

    def _overtaken(self, robot: str, numbers: Iterable[int]) -> Iterator[str]:
        """Yield who was told after an event that was posted when it had been answered already."""
        posts = {post.number: post for post in self.posts}
        latest: dict[str, Post] = {}
        for post in (posts[number] for number in numbers):
            before = latest.setdefault(post.webhook, post)
            if post.answered_at < before.posted_at:
                yield f"event {post.number} was told after {before.number} to {robot}"
            if post.posted_at > before.posted_at:
                latest[post.webhook] = post

    def _refused(self, robot: str) -> Iterator[str]:
        """Yield what a robot refused of its own accord: its limits are above ours, and its faults are known."""
        requests = self.fakes[self.weather.kinds[robot]].requests(robot)
        self.counts["requests to robots"] += len(requests)
        for number, (received, fault) in enumerate(zip(requests, self.weather.misfortunes[robot], strict=False)):
            on_demand = fault.answers or fault.drop is not None
            self.counts["requests that went wrong on demand"] += on_demand
            if not on_demand and received.code != 0:
                yield f"{robot} answered {received.code} to request {number}"
