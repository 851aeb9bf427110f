"""A relay in a folder of its own, with a clock that tests set and a transport that has a list of replies."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from posthouse.config import load
from posthouse.core.budget import Budget
from posthouse.core.event import Inbound
from posthouse.core.http import HttpReply, HttpRequest
from posthouse.desk import Desk
from posthouse.outbox import AttemptRecord, EventRecord, Outbox
from posthouse.relay import Relay

PUSH = json.loads((Path(__file__).parent / "webhooks/gitlab/payloads/push_hook__two_commits.json").read_text())
OK = HttpReply(200, {}, b'{"errcode":0,"errmsg":"ok"}')


@dataclass
class Robots:
    """A transport with a list of replies; what it has no reply for is answered with success."""

    replies: list[HttpReply | Exception] = field(default_factory=list)
    requests: list[HttpRequest] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def send(self, request: HttpRequest) -> HttpReply:
        self.requests.append(request)
        self.meanwhile()
        reply = self.replies.pop(0) if self.replies else OK
        if isinstance(reply, Exception):
            raise reply
        return reply

    def close(self) -> None:
        pass

    @property
    def payloads(self) -> list[dict]:
        return [json.loads(request.body) for request in self.requests]

    @property
    def titles(self) -> list[str]:
        return [payload[payload["msgtype"]].get("title", "") for payload in self.payloads]


@dataclass
class House:
    """A relay, its clock and its robots."""

    relay: Relay
    robots: Robots
    now: float = 1_700_000_000.0

    def post(self, payload: object = PUSH, *, to: str = "finance", key: str | None = None, **headers: str) -> int:
        names = {"x-gitlab-token": "let-me-in"} | {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(payload).encode()
        return self.relay.accept(to, Inbound(names | ({"webhook-id": key} if key else {}), {}, body, self.now)).event_id

    def push(self, branch: str, **more: str) -> int:
        return self.post({**PUSH, "ref": f"refs/heads/{branch}"}, **more)

    def work(self) -> None:
        """Do everything that is due now."""
        while self.relay.handle_next("t") or self.relay.deliver_next("t"):
            pass

    def event(self, event_id: int) -> EventRecord:
        record = self.relay.outbox.history.event(event_id)
        assert record is not None
        return record

    def attempts(self, event_id: int) -> list[AttemptRecord]:
        (delivery,) = self.event(event_id).deliveries
        return self.relay.outbox.history.attempts(delivery.id)

    def state(self, event_id: int) -> str:
        (delivery,) = self.event(event_id).deliveries
        return delivery.state

    def states(self, event_id: int) -> dict[str, str]:
        return {delivery.robot: delivery.state for delivery in self.event(event_id).deliveries}

    def budget(self, robot: str) -> Budget:
        return self.relay.outbox.history.budgets()[self.relay.desk.robots.tokens[robot]]


def open_house(folder: Path, *, config: str, plugin: str) -> House:
    """Return a house with this configuration and the plugin ``plugin.py``; close its relay afterwards."""
    (folder / "plugin.py").write_text(plugin)
    path = folder / "posthouse.yml"
    path.write_text(config)
    desk = Desk(load(path))
    outbox = Outbox.open(f"sqlite:///{folder}/posthouse.db")
    robots = Robots()
    made = House(Relay(desk, outbox=outbox, transport=robots, clock=lambda: made.now), robots)
    made.relay.prepare()
    return made
