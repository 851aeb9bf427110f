"""What the tests of every fake share: a clock to set, and asking a robot without a network."""

import json
from typing import Any

from posthouse.fakes import FakeReply, FakeVendor

NOW = 1_700_000_000.0
JSON = {"Content-Type": "application/json; charset=utf-8"}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def ask(fake: FakeVendor[Any], payload: Any, path: str, query: str = "", **more: Any) -> FakeReply:
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    return fake.answer("POST", path, query, JSON, body, **more)
