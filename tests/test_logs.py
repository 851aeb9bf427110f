"""Log lines, for people and for programs: a fate a line, nothing forged, nothing that is not meant to be there."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from house import House, open_house
from posthouse.cli._logs import FIELDS, JsonLine, OneLine, start_logging
from posthouse.core.errors import TryLater
from posthouse.web import create_app

CONFIG = """\
config:
  server: {language: en}
  plugins: [plugin.py]
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      notify:
        ding_talk: {access_token: token-one, sign_key: SECone}
"""
PLUGIN = """\
from posthouse import EventHandler, Message, No
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class ThinksHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Thinks Hook",)

    def handle(self, event):
        what = event.reader.text("what")
        if what == "raise":
            raise RuntimeError("the plugin is broken")
        return No(what) if what else [Message("a thought")]
"""


@pytest.fixture
def house(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[House]:
    caplog.set_level(logging.INFO, "posthouse")
    opened = open_house(tmp_path, config=CONFIG, plugin=PLUGIN)
    yield opened
    opened.relay.close()


def thinks(house: House, what: str = "") -> None:
    house.post({"object_kind": "thinks", "what": what})
    house.work()


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the log says in JSON."""
    formatted = [JsonLine().format(record) for record in caplog.records]
    assert not any("\n" in line for line in formatted)
    return [json.loads(line) for line in formatted]


def fields(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name in FIELDS and name != "seconds"}


def record(message: str, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "posthouse.relay", "levelname": "INFO", "msg": message, "created": 0.5})
    made.__dict__.update(extra)
    return made


def test_what_became_of_an_event_is_one_line_with_its_ids(house: House, caplog: pytest.LogCaptureFixture) -> None:
    thinks(house)
    event, delivery = lines(caplog)
    assert (event["level"], event["logger"]) == ("INFO", "posthouse.relay")
    assert event["message"] == "event 1 of finance: Thinks Hook, told"
    assert fields(event) == {"webhook": "finance", "event_id": 1, "event": "Thinks Hook", "outcome": "told"}
    assert 0 <= event["seconds"] < 30
    assert fields(delivery) == {
        "event_id": 1,
        "delivery_id": 1,
        "deliveries": 1,
        "robot": "finance.ding_talk",
        "verdict": "ok",
        "outcome": "sent",
    }
    assert delivery["seconds"] == 0


def test_silence_has_its_reason(house: House, caplog: pytest.LogCaptureFixture) -> None:
    thinks(house, "it is night")
    (event,) = lines(caplog)
    assert (event["outcome"], event["reason"]) == ("silent", "it is night")


def test_a_failed_attempt_has_its_verdict(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.robots.replies = [TryLater("the connection was refused", verdict="transient", after=5.0)]
    thinks(house)
    attempt = lines(caplog)[-1]
    assert (attempt["level"], attempt["verdict"], attempt["outcome"]) == ("WARNING", "transient", "waiting")
    assert "the connection was refused" in attempt["message"]


def test_a_handlers_bug_is_one_line_with_the_traceback(house: House, caplog: pytest.LogCaptureFixture) -> None:
    thinks(house, "raise")
    (event,) = lines(caplog)
    assert fields(event) == {"webhook": "finance", "event_id": 1, "event": "Thinks Hook", "outcome": "error"}
    assert event["message"] == "event 1 of finance: its handler failed"
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("RuntimeError: the plugin is broken")


def test_a_refused_request_has_its_status(house: House, caplog: pytest.LogCaptureFixture) -> None:
    create_app(house.relay).test_client().post("/webhook/finance", data=b"{}")
    (refused,) = lines(caplog)
    assert fields(refused) == {"webhook": "finance", "status": 401}


def test_a_time_names_its_zone() -> None:
    assert json.loads(JsonLine().format(record("hello")))["time"] == "1970-01-01T00:00:00.500+00:00"


def test_nobody_forges_a_line_or_steers_a_terminal() -> None:
    forged = 'a\n{"level": "INFO"}\x1b[2J\u202e\u2028b'
    for line in (JsonLine().format(record(forged)), OneLine("%(message)s").format(record(forged))):
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line
    assert json.loads(JsonLine().format(record(forged)))["message"] == forged


def test_only_what_is_meant_to_be_there_is() -> None:
    made = record("hello", event_id=7, reason="", robot=None, password="demo", verdict=Path("odd"))
    assert set(json.loads(JsonLine().format(made))) == {"time", "level", "logger", "message", "event_id", "verdict"}


def test_lines_for_people_are_what_they_were(house: House, caplog: pytest.LogCaptureFixture) -> None:
    thinks(house)
    caplog.handler.setFormatter(OneLine("%(levelname)-7s %(name)s: %(message)s"))
    said = [caplog.handler.format(each) for each in caplog.records]
    assert said == [
        "INFO    posthouse.relay: event 1 of finance: Thinks Hook, told",
        "INFO    posthouse.relay: delivery 1 of event 1 to finance.ding_talk: sent in 0 ms",
    ]


@pytest.mark.parametrize(
    ("style", "shape"), [("text", r"\d{4}-.* INFO    posthouse.relay: hello"), ("json", r"\{.*\}")]
)
def test_a_style_takes_the_place_of_the_one_before(
    style: Any, shape: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, level = logging.getLogger(), logging.getLogger().level
    monkeypatch.setattr(root, "handlers", [])
    try:
        start_logging()
        start_logging(style)
        logging.getLogger("posthouse.relay").info("hello")
    finally:
        root.setLevel(level)
        logging.getLogger("posthouse").setLevel(logging.NOTSET)
    said = capsys.readouterr().err
    assert re.fullmatch(f"{shape}\n", said), said
