"""A worker that others believe dead and that is not: its network failed, or it was frozen, in the middle of work."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import select

import namespaces
import postgres
from posthouse import Inbound
from posthouse.fakes import FakeFeishu, FakeFeishuRobot, FakeRobots, Fault, running
from posthouse.outbox import AttemptRecord, Outbox
from posthouse.outbox.tables import lane
from posthouse.relay import LEASE, Relay

TOKEN = "cut-off-robot"
#: How long whatever is expected may take, in seconds, on a busy machine.
PATIENCE = 30.0
#: How long GitLab waits for an answer to a webhook, in seconds.
SENDERS_PATIENCE = 10.0
#: Stores an event for each line that it gets, and says how many seconds that took and what was wrong.
STORING = """\
import sys, time
from posthouse.core.errors import StoreUnavailable
from posthouse.outbox import Arrival, Outbox

outbox = Outbox.open(sys.argv[1])
for line in sys.stdin:
    began_at, error = time.monotonic(), ""
    try:
        outbox.record(Arrival("demo", "Push Hook", line.strip(), 1.0, "", {}, {}, b"{}"))
    except StoreUnavailable as caught:
        error = str(caught).splitlines()[0]
    print(time.monotonic() - began_at, error, flush=True)
"""
MISSING = namespaces.missing()
needs_namespaces = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))


def wait_until(condition: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not happen in time"
        Event().wait(0.05)


@dataclass
class Site:
    """A relay that takes events in and looks at them, a robot, and workers on other hosts."""

    folder: Path
    relay: Relay
    robot: FakeFeishu
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self, host: namespaces.Host | None = None) -> "subprocess.Popen[bytes]":
        """Start one more worker, on a host, and wait until it works."""
        number = len(self.workers)
        command = [sys.executable, "-m", "posthouse.cli", "worker", "--config", str(self.folder / "posthouse.yml")]
        with self.log(number).open("wb") as log:
            started = host.start(command, log) if host else subprocess.Popen(command, stdout=log, stderr=log)
        self.workers.append(started)
        wait_until(lambda: "working on" in self.log(number).read_text())
        return started

    def log(self, worker: int) -> Path:
        return self.folder / f"worker-{worker}.log"

    def tell(self, title: str) -> int:
        body = json.dumps({"title": title}).encode()
        return self.relay.accept("demo", Inbound({}, {}, body, self.relay.clock())).event_id

    def asked(self) -> int:
        return len(self.robot.requests(TOKEN))

    def state(self, event_id: int) -> str:
        record = self.relay.outbox.history.event(event_id)
        return record.deliveries[0].state if record and record.deliveries else ""

    def attempts(self, event_id: int) -> Sequence[AttemptRecord]:
        record = self.relay.outbox.history.event(event_id)
        assert record is not None
        (delivery,) = record.deliveries
        found = self.relay.outbox.history.attempts(delivery.id)
        assert delivery.attempts == len(found)
        return found

    def lease_until(self) -> float:
        """Return until when the robot's lane is held."""
        with self.relay.outbox._reads.connect() as connection:
            until = connection.scalar(select(lane.c.lease_until).where(lane.c.kind == "robot"))
        return until or 0.0


def open_site(stack: ExitStack, folder: Path, server: postgres.Server) -> Site:
    """Open a site whose database and robot listen on one address."""
    robot = FakeFeishu({TOKEN: FakeFeishuRobot()})
    address = stack.enter_context(running(FakeRobots(robot), host=server.host))
    url = f"{address}/open-apis/bot/v2/hook/{TOKEN}"
    webhook = {"webhook_id": "demo", "type": "GENERIC", "title": "{{ title }}"}
    notify = {"fei_shu": {"url": url, "digest": "off"}}
    settings = {"server": {"database": server.new_database()}, "webhooks": [{**webhook, "notify": notify}]}
    (folder / "posthouse.yml").write_text(json.dumps({"config": settings}))
    relay = Relay.open(folder / "posthouse.yml")
    stack.callback(relay.close)
    site = Site(folder, relay, robot)
    stack.callback(end, site.workers)
    return site


def end(workers: "list[subprocess.Popen[bytes]]") -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
            worker.wait(10)


def stop(worker: "subprocess.Popen[bytes]") -> int:
    worker.terminate()
    return worker.wait(30)


@pytest.fixture
def site(tmp_path: Path, server: postgres.Server) -> Iterator[Site]:
    with ExitStack() as stack:
        yield open_site(stack, tmp_path, server)


@needs_namespaces
def test_a_host_that_is_cut_off_is_replaced_and_comes_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        network = stack.enter_context(namespaces.network(2))
        server = stack.enter_context(postgres.running(host=network.address))
        site = open_site(stack, tmp_path, server)
        cut, other = network.hosts
        first = site.start(cut)
        site.robot.misbehave(TOKEN, Fault(delay=3.0))
        event_id = site.tell("hello")
        wait_until(site.asked)
        cut.unplug()
        lease = site.lease_until()
        second = site.start(other)
        wait_until(lambda: site.state(event_id) == "sent", seconds=LEASE + PATIENCE)
        # Not before it was certain that the first one had lost it.
        assert site.robot.requests(TOKEN)[1].at >= lease
        assert [attempt.verdict for attempt in site.attempts(event_id)] == ["ambiguous", "ok"]
        cut.plug_in()
        assert stop(second) == 0
        later = site.tell("once more")
        wait_until(lambda: site.state(later) == "sent")
        assert [attempt.verdict for attempt in site.attempts(event_id)] == ["ambiguous", "ok"]
        assert [attempt.verdict for attempt in site.attempts(later)] == ["ok"]
        assert site.asked() == 3
        assert stop(first) == 0
        assert "Traceback" not in site.log(0).read_text()


@needs_namespaces
def test_a_sender_hears_within_its_patience_that_the_database_is_out_of_reach() -> None:
    with ExitStack() as stack:
        network = stack.enter_context(namespaces.network(1))
        server = stack.enter_context(postgres.running(host=network.address))
        (host,) = network.hosts
        command = [sys.executable, "-c", STORING, server.new_database()]
        storing = stack.enter_context(host.talk(command))

        def store(key: str) -> tuple[float, str]:
            assert storing.stdin is not None
            assert storing.stdout is not None
            storing.stdin.write(f"{key}\n")
            storing.stdin.flush()
            seconds, _, error = storing.stdout.readline().strip().partition(" ")
            return float(seconds), error

        assert store("before")[1] == ""
        host.unplug()
        seconds, error = store("meanwhile")
        assert "the database failed" in error
        assert seconds < SENDERS_PATIENCE
        host.plug_in()
        seconds, error = store("after")
        assert error == ""
        assert seconds < SENDERS_PATIENCE


def test_who_stops_in_the_middle_of_a_transaction_does_not_keep_its_locks(site: Site) -> None:
    stopped = Outbox.open(site.relay.desk.settings.server.database_url)
    site.tell("hello")
    with stopped._engine.connect() as connection:
        connection.execute(select(lane).with_for_update())
        assert not site.relay.handle_next("other")
        wait_until(lambda: site.relay.handle_next("other"))
        connection.invalidate()
    stopped.close()


def test_a_worker_that_was_frozen_settles_nothing_that_others_hold(site: Site) -> None:
    first = site.start()
    site.robot.misbehave(TOKEN, Fault(delay=3.0))
    event_id = site.tell("hello")
    wait_until(site.asked)
    first.send_signal(signal.SIGSTOP)
    # As if the lease had run out: nobody needs to wait half a minute for what a clock does.
    site.relay.outbox.lanes.end_leases(site.relay.outbox.lanes.holders())
    second = site.start()
    wait_until(lambda: site.state(event_id) == "sent")
    first.send_signal(signal.SIGCONT)
    wait_until(
        lambda: "has another holder by now; what was sent last may be sent there again" in site.log(0).read_text()
    )
    assert [attempt.verdict for attempt in site.attempts(event_id)] == ["ambiguous", "ok"]
    assert stop(second) == 0
    later = site.tell("once more")
    wait_until(lambda: site.state(later) == "sent")
    assert site.asked() == 3
    assert stop(first) == 0
    assert "Traceback" not in site.log(0).read_text()
