"""What a storm is made of, all of it from one seed: who hears of what, and which of the robots' requests go wrong."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from posthouse.fakes import (
    FakeDingTalk,
    FakeFeishu,
    FakeFeishuRobot,
    FakeRobot,
    FakeVendor,
    FakeWeCom,
    FakeWeComRobot,
    Fault,
)

TOKEN = "let-me-in"
HTML = "<html><body>a proxy's page</body></html>"
BROKEN = '{"errcode": 0, "err'
#: How many requests a second Feishu's robots take, where they are held to limits.
PER_SECOND = 5
#: The kinds of robots in the configuration, with what their fakes are called and where they listen.
KINDS = ("ding_talk", "fei_shu", "wechat")
ADDRESSES = {
    "ding_talk": "/robot/send?access_token={}",
    "fei_shu": "/open-apis/bot/v2/hook/{}",
    "wechat": "/cgi-bin/webhook/send?key={}",
}
#: Those that know a repeat by its key, and show it once.
IDEMPOTENT = frozenset({"ding_talk"})
#: What any robot may do to a request. A 5xx in a storm is never shown; an answer without a code may be either.
ANYWHERE = (
    Fault(drop="before"),
    Fault(drop="after"),
    Fault(status=502, body=HTML),
    Fault(status=503, body=""),
    Fault(body=BROKEN),
    Fault(body=BROKEN, shown=True),
)
#: What each kind may do besides, and for how many seconds its robots rest after it. DingTalk's HTML means a ban.
OWN: Mapping[str, Sequence[tuple[Fault, float]]] = {
    "ding_talk": ((Fault(errcode=-1), 2.0), (Fault(errcode=90018), 60.0)),
    "fei_shu": (
        (Fault(body=HTML, shown=True), 2.0),
        (Fault(errcode=11233), 3.0),
        (Fault(errcode=99991400, status=400, headers={"x-ogw-ratelimit-reset": "2"}), 2.0),
        (Fault(errcode=11232), 30.0),
    ),
    "wechat": ((Fault(body=HTML, shown=True), 2.0), (Fault(errcode=45033), 3.0), (Fault(errcode=45009), 61.0)),
}


@dataclass(frozen=True)
class Weather:
    """Everything about a storm that chance decides beforehand. The same values always give the same weather."""

    seed: int
    events: int
    webhooks: int = 40
    robots: int = 20
    #: Which share of the robots' requests goes wrong, and how many seconds a robot may rest after one.
    faults: float = 0.06
    longest_rest: float = 61.0
    #: How many requests a minute a third of the robots take, the others any number.
    per_minute: int = 20

    def chance(self, purpose: str) -> random.Random:
        """Return numbers of their own for a purpose, so that what one draws changes nothing for the others."""
        return random.Random(f"{self.seed} {purpose}")  # noqa: S311 - repeatable on purpose

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each robot."""
        return {f"robot-{number}": KINDS[number % len(KINDS)] for number in range(self.robots)}

    @cached_property
    def routes(self) -> Mapping[str, Sequence[str]]:
        """The robots that hear of each webhook: one, two or three."""
        chance = self.chance("routes")
        return {
            f"hook-{number}": sorted(chance.sample([*self.kinds], chance.randint(1, 3)))
            for number in range(self.webhooks)
        }

    @cached_property
    def posts(self) -> Sequence[str]:
        """The webhook of each event."""
        return self.chance("posts").choices([*self.routes], k=self.events)

    @cached_property
    def misfortunes(self) -> Mapping[str, Sequence[Fault]]:
        """What goes wrong with each robot's first requests, one after the other; a `Fault` of nothing is none."""
        return {robot: self._misfortunes(robot) for robot in self.kinds}

    def fakes(self) -> Mapping[str, FakeVendor[Any]]:
        """Return the robots, by kind, with their faults; each takes a little more than we are configured with."""
        vendors: dict[str, FakeVendor[Any]] = {
            "ding_talk": FakeDingTalk(
                {name: FakeRobot(per_minute=self._limit(name)) for name in self._of("ding_talk")}
            ),
            "fei_shu": FakeFeishu(
                {
                    name: FakeFeishuRobot(
                        per_minute=self._limit(name), per_second=PER_SECOND if self._limit(name) else 0
                    )
                    for name in self._of("fei_shu")
                }
            ),
            "wechat": FakeWeCom({name: FakeWeComRobot(per_minute=self._limit(name)) for name in self._of("wechat")}),
        }
        for robot, kind in self.kinds.items():
            vendors[kind].misbehave(robot, *self.misfortunes[robot])
        return vendors

    def configure(self, path: Path, *, database: str, robots: str) -> None:
        """Write the configuration for a database and the address of the fakes."""
        server = {"database": database, "host": "127.0.0.1", "language": "en", "metrics": False}
        webhooks = [
            {
                "webhook_id": webhook,
                "type": "GENERIC",
                "token": TOKEN,
                "title": "{{ title }}",
                "key": "{{ title }}",
                "facts": {"project": "{{ project }}"},
                "notify": {"robots": names},
            }
            for webhook, names in self.routes.items()
        ]
        named = {name: {kind: self._settings(name, robots)} for name, kind in self.kinds.items()}
        path.write_text(json.dumps({"config": {"server": server, "robots": named, "webhooks": webhooks}}))

    def _settings(self, robot: str, address: str) -> dict[str, Any]:
        """Return a robot's settings: a third tells each message by itself, a third all that gathers for a while."""
        digest: Any = ("off", "auto", {"every": "2s"})[self._manner(robot)]
        return {
            "url": address + ADDRESSES[self.kinds[robot]].format(robot),
            # As of what the vendors take: the processes' clocks agree but for the way to the database and back.
            "per_minute": self._limit(robot) * 9 // 10,
            "per_second": PER_SECOND - 1 if self._limit(robot) else 0,
            "digest": digest,
            "unclear_retries": 20,
        }

    def _limit(self, robot: str) -> int:
        return self.per_minute if self._manner(robot) == 1 else 0

    def _manner(self, robot: str) -> int:
        return [*self.kinds].index(robot) // len(KINDS) % 3

    def _of(self, kind: str) -> list[str]:
        return [robot for robot, other in self.kinds.items() if other == kind]

    def _misfortunes(self, robot: str) -> list[Fault]:
        chance = self.chance(f"faults of {robot}")
        own = (fault for fault, rest in OWN[self.kinds[robot]] if rest <= self.longest_rest)
        possible = [Fault(), *ANYWHERE, *own]

        def one() -> Fault:
            if chance.random() >= self.faults:
                return Fault()
            # Who waits for an answer can die meanwhile.
            return replace(chance.choice(possible), delay=chance.choice((0.0, chance.uniform(0.05, 1.0))))

        return [one() for _ in range(2 * self.events)]
