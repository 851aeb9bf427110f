"""Robots that answer like WeCom's, or misbehave on demand, and remember what their groups have seen."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from posthouse.fakes import wecom_codes as codes
from posthouse.fakes.exchange import Asked, FakeReply, FakeRequest, Refusal, json_reply, parameters
from posthouse.fakes.rates import Limit, Rate
from posthouse.fakes.vendor import FakeVendor
from posthouse.fakes.wecom_rules import FakeWeComRobot, mentions, robot_refusal

SEND_PATH = "/cgi-bin/webhook/send"


class FakeWeCom(FakeVendor[FakeWeComRobot]):
    """WeCom's group robots by key; see `FakeVendor`."""

    name = "wecom"
    label = "企业微信"
    codes = codes.BY_CODE

    def __init__(
        self,
        robots: Mapping[str, FakeWeComRobot] | None = None,
        *,
        any_token: bool = False,
        pattern: FakeWeComRobot = FakeWeComRobot(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(robots, pattern=pattern, any_token=any_token, clock=clock)

    def serves(self, path: str) -> bool:
        """Tell whether a path is the robots' address."""
        return path == SEND_PATH

    def _token(self, request: FakeRequest) -> str:
        return parameters(request.query).get("key", "")

    def _rate(self, robot: FakeWeComRobot) -> Rate:
        return Rate((Limit(robot.per_minute),), penalty=robot.penalty)

    def _turned_away(self, request: FakeRequest, *, known: bool) -> Refusal | None:
        if request.method != "POST":
            return codes.missing("body")
        return None if known else codes.UNKNOWN_KEY

    def _refusal(self, asked: Asked[FakeWeComRobot]) -> Refusal | None:
        return robot_refusal(asked.robot, body=asked.request.body)

    def _throttled(self, asked: Asked[FakeWeComRobot]) -> Refusal:
        return codes.BY_CODE[asked.robot.throttle_code]

    def _reply(self, refusal: Refusal | None, asked: Asked[FakeWeComRobot]) -> FakeReply:
        if refusal is None:
            return json_reply({"errcode": 0, "errmsg": "ok"})
        errmsg = codes.worded(refusal, client=asked.request.client, now=asked.now, body=asked.request.body)
        body = {"errcode": refusal.code, "errmsg": errmsg}
        return json_reply(body, status=refusal.status, headers=refusal.headers)

    def _mentions(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return mentions(payload)
