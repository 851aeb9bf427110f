"""Robots that answer like Feishu's custom bots, or misbehave on demand, and remember what their groups have seen."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from posthouse.fakes import feishu_codes as codes
from posthouse.fakes.exchange import Asked, FakeReply, FakeRequest, Refusal, json_object, json_reply
from posthouse.fakes.feishu_rules import FakeFeishuRobot, old_refusal, robot_refusal
from posthouse.fakes.feishu_texts import mentions
from posthouse.fakes.rates import Limit, Rate
from posthouse.fakes.vendor import FakeVendor

HOOK_PATH = "/open-apis/bot/v2/hook/"
#: Two products that look much like it: the bots of version 1, and flows, which take any JSON and show nothing of it.
OLD_PATH = "/open-apis/bot/hook/"
FLOW_PATH = "/flow/api/trigger-webhook/"


class FakeFeishu(FakeVendor[FakeFeishuRobot]):
    """Feishu's custom bots by the token at the end of their address; see `FakeVendor`.

    Each also has an address of version 1, which takes a text with or without a title, and one of a flow.
    """

    name = "feishu"
    label = "飞书"
    codes = codes.BY_CODE

    def __init__(
        self,
        robots: Mapping[str, FakeFeishuRobot] | None = None,
        *,
        any_token: bool = False,
        pattern: FakeFeishuRobot = FakeFeishuRobot(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(robots, pattern=pattern, any_token=any_token, clock=clock)

    def serves(self, path: str) -> bool:
        """Tell whether a path is a robot's address; one with a slash at its end is not."""
        return _ADDRESS.fullmatch(path) is not None

    def _token(self, request: FakeRequest) -> str:
        return unquote(request.path.rpartition("/")[2])

    def _rate(self, robot: FakeFeishuRobot) -> Rate:
        return Rate((Limit(robot.per_minute), Limit(robot.per_second, 1.0)))

    def _turned_away(self, request: FakeRequest, *, known: bool) -> Refusal | None:
        if request.method != "POST":
            # What else a request without POST gets is not documented; a code of success it is not.
            return Refusal(None, "404 page not found", status=404)
        if not known:
            return codes.UNKNOWN_TOKEN
        # What a form or a plain text gets is not documented; a body that is not read is one that is malformed.
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        return None if kind == "application/json" else codes.MALFORMED

    def _refusal(self, asked: Asked[FakeFeishuRobot]) -> Refusal | None:
        request = asked.request
        if request.path.startswith(FLOW_PATH):
            return None if json_object(request.body) is not None else codes.MALFORMED
        if request.path.startswith(OLD_PATH):
            wrong = old_refusal(json_object(request.body))
            return None if wrong is None else Refusal(codes.MALFORMED.code, wrong)
        return robot_refusal(asked.robot, client=request.client, body=request.body, now=asked.now)

    def _throttled(self, asked: Asked[FakeFeishuRobot]) -> Refusal:
        return codes.throttled(asked.robot.throttle_code, asked.rest)

    def _reply(self, refusal: Refusal | None, asked: Asked[FakeFeishuRobot]) -> FakeReply:
        if asked.request.path.startswith(OLD_PATH):
            # From memory: no page of version 1 is left.
            body: dict[str, Any] = {"ok": True} if refusal is None else {"ok": False, "error": refusal.text}
        elif refusal is not None:
            body = {"code": refusal.code, "data": {}, "msg": refusal.text}
        else:
            old = {"StatusCode": 0, "StatusMessage": "success"} if asked.robot.wording == "old" else {}
            body = {**old, "code": 0, "data": {}, "msg": "success"}
        status, headers = (refusal.status, refusal.headers) if refusal else (200, None)
        return json_reply(body, status=status, headers=headers)

    def _mentions(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return mentions(payload)

    def _visible(self, request: FakeRequest) -> Mapping[str, Any] | None:
        return None if request.path.startswith(FLOW_PATH) else json_object(request.body)


_ADDRESS = re.compile(f"(?:{HOOK_PATH}|{OLD_PATH}|{FLOW_PATH})[^/]+")
