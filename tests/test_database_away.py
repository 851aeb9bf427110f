"""A lane in the middle of whose work the database failed is worked again as soon as the database is back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from house import House, open_house
from posthouse.core.errors import StoreUnavailable

CONFIG = """\
config:
  server: {language: en}
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      notify:
        ding_talk: {access_token: token-one, digest: "off"}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path, config=CONFIG, plugin="")
    yield opened
    opened.relay.close()


def rename(folder: Path, table: str, name: str) -> None:
    """Let every statement fail that needs a table, until it has its name again."""
    with closing(sqlite3.connect(folder / "posthouse.db")) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")


def answered_in_vain(house: House, folder: Path) -> int:
    """Let a robot answer while the answer cannot be noted; return the event it was told of."""
    event_id = house.push("main")
    house.relay.handle_next("t")
    house.robots.meanwhile = lambda: rename(folder, "attempt", "lost")
    with pytest.raises(StoreUnavailable):
        house.relay.deliver_next("t")
    house.robots.meanwhile = lambda: None
    return event_id


def test_an_answer_that_could_not_be_noted_is_noted_once_the_database_is_back(house: House, tmp_path: Path) -> None:
    event_id = answered_in_vain(house, tmp_path)
    assert house.state(event_id) == "waiting"
    rename(tmp_path, "lost", "attempt")
    house.work()
    assert house.state(event_id) == "sent"
    assert [attempt.verdict for attempt in house.attempts(event_id)] == ["ok"]
    assert len(house.robots.payloads) == 1


def test_an_answer_is_noted_at_the_latest_when_the_outbox_is_closed(house: House, tmp_path: Path) -> None:
    event_id = answered_in_vain(house, tmp_path)
    rename(tmp_path, "lost", "attempt")
    house.relay.close()
    with closing(sqlite3.connect(tmp_path / "posthouse.db")) as connection:
        states = connection.execute("SELECT state FROM delivery WHERE event_id = ?", (event_id,)).fetchall()
    assert states == [("sent",)]


def test_an_event_whose_deliveries_could_not_be_stored_is_handled_again_at_once(house: House, tmp_path: Path) -> None:
    event_id = house.push("main")
    rename(tmp_path, "delivery", "lost")
    with pytest.raises(StoreUnavailable):
        house.relay.handle_next("t")
    rename(tmp_path, "lost", "delivery")
    house.work()
    assert house.state(event_id) == "sent"


def test_who_dropped_a_lane_does_not_end_the_lease_of_its_next_holder(house: House, tmp_path: Path) -> None:
    event_id = house.push("main")
    rename(tmp_path, "delivery", "lost")
    with pytest.raises(StoreUnavailable):
        house.relay.handle_next("t")
    rename(tmp_path, "lost", "delivery")
    house.now += 60.0
    other = house.relay.outbox.lanes.claim("webhook", ["finance"], holder="other", now=house.now, lease=30.0)
    assert other is not None
    assert not house.relay.handle_next("t")
    assert house.event(event_id).state == "waiting"
