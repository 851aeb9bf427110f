"""For how long things are kept: what the configuration says, what the worker does, what people are told afterwards."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner, Result

from house import House, open_house
from posthouse.cli import cli
from posthouse.config import load
from posthouse.core.errors import ConfigError, PosthouseError
from posthouse.worker import Worker

CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db", language: en{server}}}
  webhooks:
    - {{webhook_id: finance, type: GITLAB, notify: {{ding_talk: {{access_token: token-one}}}}}}
"""
DAY = 86_400.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = open_house(tmp_path, config=CONFIG.format(folder=tmp_path, server=""), plugin="")
    yield made
    made.relay.close()


def tidy(house: House, *, after: float) -> None:
    house.now += after
    for _ in house.relay.tidy():
        pass


def invoke(house: House, *arguments: str) -> Result:
    config = str(house.relay.desk.settings.path)
    return CliRunner().invoke(cli, [*arguments, "--config", config], catch_exceptions=False)


def told(house: House) -> int:
    event_id = house.push("main")
    house.work()
    return event_id


def test_bodies_are_kept_for_a_week_and_events_for_thirty_days(house: House) -> None:
    event_id = told(house)
    tidy(house, after=7 * DAY)
    assert house.event(event_id).emptied_at is None
    tidy(house, after=1.0)
    assert house.event(event_id).emptied_at == house.now
    tidy(house, after=23 * DAY - 1.0)
    assert house.state(event_id) == "sent"
    tidy(house, after=1.0)
    assert house.relay.outbox.history.event(event_id) is None


def test_what_is_kept_for_ever_is_never_deleted(tmp_path: Path) -> None:
    server = ", keep: {events: forever, bodies: forever}"
    house = open_house(tmp_path, config=CONFIG.format(folder=tmp_path, server=server), plugin="")
    event_id = told(house)
    tidy(house, after=10_000 * DAY)
    assert house.event(event_id).emptied_at is None
    house.relay.close()


def test_what_is_configured_is_never_forgotten(house: House) -> None:
    for _ in range(10):
        tidy(house, after=20 * DAY)
    event_id = told(house)
    assert house.state(event_id) == "sent"
    assert house.budget("finance.ding_talk").ended


@pytest.mark.parametrize(
    ("keep", "key", "text"),
    [
        ("{events: 12h}", "config.server.keep.events", "must be greater than or equal to 86400"),
        ("{events: 30}", "config.server.keep.events", 'must be a length of time, such as "90s"'),
        ("{bodies: always}", "config.server.keep.bodies", "or must be 'forever'"),
        ("{messages: 7d}", "config.server.keep.messages", "unknown key"),
        ("30d", "config.server.keep", "must have keys below it"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, keep: str, key: str, text: str) -> None:
    path = tmp_path / "posthouse.yml"
    path.write_text(CONFIG.format(folder=tmp_path, server=f", keep: {keep}"))
    with pytest.raises(ConfigError) as raised:
        load(path)
    (problem,) = raised.value.problems
    assert problem.key == key
    assert text in problem.text


def test_explain_says_that_the_body_is_gone(house: House) -> None:
    event_id = told(house)
    before = invoke(house, "explain", str(event_id)).stdout
    assert " bytes, at " in before
    tidy(house, after=8 * DAY)
    after = invoke(house, "explain", str(event_id)).stdout
    assert "Push Hook for finance, its body is not kept any more, at " in after
    assert after.splitlines()[1:] == before.splitlines()[1:]


def test_explain_says_for_how_long_there_are_events(house: House) -> None:
    event_id = told(house)
    tidy(house, after=31 * DAY)
    with pytest.raises(PosthouseError, match=r"there is no event 1 in .*, where settled events are kept for 30 d$"):
        invoke(house, "explain", str(event_id))


def test_events_lists_what_is_left(house: House) -> None:
    told(house)
    kept = told(house)
    tidy(house, after=8 * DAY)
    lines = [json.loads(line) for line in invoke(house, "events", "--json").stdout.splitlines()]
    assert [line["event_id"] for line in lines] == [kept, kept - 1]
    tidy(house, after=23 * DAY)
    assert invoke(house, "events", "--json").stdout == ""


def test_replay_of_what_is_deleted_replays_nothing(house: House) -> None:
    event_id = told(house)
    tidy(house, after=31 * DAY)
    assert invoke(house, "replay", str(event_id)).stdout.startswith("0 events are handled again, 0 deliveries")


def test_lint_looks_at_what_still_has_a_body(house: House) -> None:
    told(house)
    tidy(house, after=8 * DAY)
    told(house)
    assert "by the newest 1 events" in invoke(house, "people", "lint").stdout


def test_a_worker_tidies_up(house: House) -> None:
    house.now = time.time() - 8 * DAY
    event_id = told(house)
    house.now = time.time()
    worker = Worker(house.relay)
    thread = threading.Thread(target=worker.run)
    thread.start()
    deadline = monotonic() + 10.0
    while house.event(event_id).emptied_at is None:
        assert monotonic() < deadline, "it was never emptied"
        threading.Event().wait(0.01)
    worker.stop()
    thread.join(5.0)
    assert not thread.is_alive()
