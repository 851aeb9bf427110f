"""Robots that answer like DingTalk's, or misbehave on demand, and remember what their groups have seen."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from posthouse.fakes import dingtalk_codes as codes
from posthouse.fakes.dingtalk_rules import FakeRobot, form_refusal, mentions, robot_refusal
from posthouse.fakes.exchange import Asked, FakeReply, FakeRequest, Refusal, json_reply, parameters
from posthouse.fakes.faults import Fault
from posthouse.fakes.rates import Limit, Rate
from posthouse.fakes.vendor import FakeVendor

SEND_PATH = "/robot/send"
BAN_SECONDS = 300.0
#: What a banned address gets from DingTalk's edge: JSON without a code, or a page.
BANNED = Fault(body='{"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"demo"}')
BANNED_PAGE = Fault(body="<!doctype html><title>访问被拒绝</title><h1>您的访问过于频繁</h1>")
#: DingTalk's months are those of its home.
CHINA = timedelta(hours=8)


class FakeDingTalk(FakeVendor[FakeRobot]):
    """DingTalk's robots by access token; see `FakeVendor`.

    All robots together take ``quota`` calls in a calendar month of China's (None: any number), and then refuse with
    90030 until the next one. Calls that are refused for their rate are not counted.
    """

    name = "dingtalk"
    label = "钉钉"
    codes = codes.BY_CODE

    def __init__(
        self,
        robots: Mapping[str, FakeRobot] | None = None,
        *,
        any_token: bool = False,
        pattern: FakeRobot = FakeRobot(),  # noqa: B008 - frozen
        quota: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(robots, pattern=pattern, any_token=any_token, clock=clock)
        self._quota = quota
        self._month = (0, 0)
        self._calls = 0
        self._bans: dict[str, tuple[float, Fault]] = {}

    def ban(self, client: str, *, seconds: float = BAN_SECONDS, answer: Fault = BANNED) -> None:
        """Ban an address from now on for some seconds: to whichever robot it speaks, it gets ``answer``."""
        with self._changed:
            self._bans[client] = (self._clock() + seconds, answer)

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
        """Answer one request as `FakeVendor.answer` does, unless ``client`` is banned: no robot hears of it then."""
        with self._changed:
            until, ban = self._bans.get(client, (0.0, BANNED))
            if self.serves(path) and self._clock() < until:
                request = FakeRequest(method, path, query, headers, body, client)
                return self._faulty(ban, Asked(self._pattern, request, self._clock()))
            return super().answer(method, path, query, headers, body, client=client)

    def serves(self, path: str) -> bool:
        """Tell whether a path is the robots' address."""
        return path == SEND_PATH

    def _token(self, request: FakeRequest) -> str:
        return parameters(request.query).get("access_token", "")

    def _rate(self, robot: FakeRobot) -> Rate:
        return Rate((Limit(robot.per_minute),), penalty=robot.penalty)

    def _turned_away(self, request: FakeRequest, *, known: bool) -> Refusal | None:
        return form_refusal(request.method, request.headers) or (None if known else codes.UNKNOWN_TOKEN)

    def _refusal(self, asked: Asked[FakeRobot]) -> Refusal | None:
        request = asked.request
        return self._quota_refusal(asked.now) or robot_refusal(
            asked.robot, query=request.query, client=request.client, body=request.body, now=asked.now
        )

    def _throttled(self, asked: Asked[FakeRobot]) -> Refusal:
        return codes.BY_CODE[asked.robot.throttle_code]

    def _reply(self, refusal: Refusal | None, asked: Asked[FakeRobot]) -> FakeReply:
        if refusal is None:
            return json_reply({"errcode": 0, "errmsg": "ok"})
        errmsg = refusal.older if refusal.older and asked.robot.wording == "en" else refusal.text
        body = {"errcode": refusal.code, "errmsg": errmsg}
        return json_reply(body, status=refusal.status, headers=refusal.headers)

    def _mentions(self, payload: Mapping[str, Any]) -> tuple[str, ...]:
        return mentions(payload)

    def _idempotency_key(self, payload: Mapping[str, Any]) -> str | None:
        uuid = payload.get("msgUuid")
        return uuid if isinstance(uuid, str) and uuid else None

    def _quota_refusal(self, now: float) -> Refusal | None:
        """Count a call, and refuse it if the month's are spent."""
        day = datetime.fromtimestamp(now, UTC) + CHINA
        if (day.year, day.month) != self._month:
            self._month, self._calls = (day.year, day.month), 0
        if self._quota is not None and self._calls >= self._quota:
            return codes.QUOTA_SPENT
        self._calls += 1
        return None
