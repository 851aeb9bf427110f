"""A disk without room: senders are asked to try again, nothing that was answered is lost, and all goes on with room."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import event

from house import House, open_house
from posthouse import Inbound
from posthouse.core.errors import Overloaded, StoreUnavailable
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, running
from posthouse.relay import Relay
from posthouse.worker import Worker

CONFIG = """\
config:
  server: {{language: en, database: "sqlite:///{folder}/posthouse.db"}}
  plugins: [{plugin}]
  webhooks:
    - webhook_id: finance
      type: GITLAB
      notify: {{ding_talk: {{url: "{address}/robot/send", access_token: demo-token, per_minute: 0}}}}
"""
PLUGIN = """
from posthouse import EventHandler, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

class Mine(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Mine Hook",)

    def handle(self, event):
        return [Message(event.reader.text("title"))]
"""
#: What SQLite takes for no bound.
UNBOUNDED = 2**30


@dataclass
class Disk:
    """What a database's file may grow to, in pages: SQLite says of no more pages what it says of a full disk."""

    house: House
    pages: int = UNBOUNDED

    def fill(self) -> None:
        self.house.relay.outbox._commit.close()  # connections learn of it when they are taken out of the pool
        with self.house.relay.outbox._reads.connect() as connection:
            self.pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def make_room(self) -> None:
        self.pages = UNBOUNDED
        self.house.relay.outbox._commit.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    config = CONFIG.format(folder=tmp_path, plugin="plugin.py", address="https://dingtalk.example.com")
    made = open_house(tmp_path, config=config, plugin=PLUGIN)
    yield made
    made.relay.close()


@pytest.fixture
def disk(house: House) -> Disk:
    made = Disk(house)

    def bound(connection: object, *_more: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {made.pages}")  # type: ignore[attr-defined]

    event.listen(house.relay.outbox._engine, "checkout", bound)
    return made


def post(house: House, number: int, *, length: int = 0) -> int:
    return house.post({"object_kind": "mine", "title": f"n{number}", "more": "x" * length})


def do_all(work: Callable[[str], bool]) -> None:
    while work("t"):
        pass


def test_nothing_is_taken_in_until_there_is_room(house: House, disk: Disk) -> None:
    before = post(house, 1)
    disk.fill()
    for _ in range(3):
        with pytest.raises(Overloaded):
            post(house, 2, length=100_000)
    disk.make_room()
    after = post(house, 3)
    assert [record.id for record in house.relay.outbox.history.events(10)] == [after, before]


def test_what_waits_to_be_handled_waits_until_there_is_room(house: House, disk: Disk) -> None:
    ids = [post(house, number) for number in range(100)]
    disk.fill()
    with pytest.raises(StoreUnavailable, match="full"):
        do_all(house.relay.handle_next)
    disk.make_room()
    house.now += 60.0
    house.work()
    assert {house.state(event_id) for event_id in ids} == {"sent"}
    assert [title.split()[-1] for title in house.robots.titles] == [f"n{number}" for number in range(100)]


def test_what_was_sent_and_could_not_be_noted_is_noted_once_there_is_room(house: House, disk: Disk) -> None:
    ids = [post(house, number) for number in range(300)]
    do_all(house.relay.handle_next)
    disk.fill()
    with pytest.raises(StoreUnavailable, match="full"):
        do_all(house.relay.deliver_next)
    house.now += 60.0
    with pytest.raises(StoreUnavailable, match="full"):
        do_all(house.relay.deliver_next)
    disk.make_room()
    house.now += 60.0
    house.work()
    assert {house.state(event_id) for event_id in ids} == {"sent"}
    assert [title.split()[-1] for title in house.robots.titles] == [f"n{number}" for number in range(300)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB, which only root can have."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a disk of 8 MB")
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_worker_goes_on_when_a_full_disk_has_room_again(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    dingtalk = FakeDingTalk(any_token=True, pattern=FakeRobot(per_minute=0))
    dingtalk.misbehave("demo-token")
    with running(FakeRobots(dingtalk)) as address:
        config = tmp_path / "posthouse.yml"
        config.write_text(CONFIG.format(folder=small_disk, plugin=tmp_path / "plugin.py", address=address))
        relay = Relay.open(config)
        worker = Worker(relay)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            taken_in = [f"n{number}" for number in range(20) if take_in(relay, number)]
            filler = small_disk / "filler"
            fill(filler)
            refused = 0
            for number in range(20, 200):
                if take_in(relay, number):
                    taken_in.append(f"n{number}")
                else:
                    refused += 1
            assert refused
            filler.unlink()
            deadline = monotonic() + 20.0
            while not take_in(relay, 200):
                assert monotonic() < deadline, "it was never taken in again"
            taken_in.append("n200")
            dingtalk.wait_for_shown("demo-token", len(taken_in), timeout=20.0)
        finally:
            worker.stop()
            thread.join(20.0)
            relay.close()
        assert not thread.is_alive()
        assert shown(dingtalk) == taken_in


def take_in(relay: Relay, number: int) -> bool:
    body = f'{{"object_kind": "mine", "title": "n{number}", "more": "{"x" * 20_000}"}}'
    try:
        relay.accept("finance", Inbound({}, {}, body.encode(), relay.clock()))
    except Overloaded:
        return False
    return True


def fill(file: Path) -> None:
    """Leave no room on a disk."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            return


def shown(dingtalk: FakeDingTalk) -> list[str]:
    """Return what the group sees, once each, in order."""
    return list(dict.fromkeys(message["markdown"]["title"].split()[-1] for message in dingtalk.shown("demo-token")))
