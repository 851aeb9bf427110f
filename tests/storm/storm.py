"""Kills processes, breaks connections and restarts the database while events come in, and counts what became of them.

Real ``posthouse web`` and ``posthouse worker`` processes on one PostgreSQL, a sender that posts again until it is
answered, and robots that fail at random. The same seed makes the same weather; who dies in the middle of what, nobody
can repeat.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from aftermath import Aftermath
from fleet import LOOK, Fleet, Process
from sender import Sender
from weather import Weather

from postgres import Server
from posthouse.core.errors import StoreUnavailable
from posthouse.fakes import FakeRobots, running
from posthouse.outbox import Outbox

WEBS, WORKERS = 2, 3
#: How many events are under way to us at a time.
SENDERS = 8


@dataclass
class Storm:
    """One storm, over a database server of its own."""

    weather: Weather
    folder: Path
    server: Server
    #: How many events a second are posted.
    per_second: float
    #: After how many more events somebody is killed, at least and at most: a slow machine is given the time it needs.
    between_kills: tuple[int, int]
    #: How the database is stopped and started again, one after the other, while events are posted.
    outages: Sequence[str] = ("fast", "immediate")
    counts: Counter[str] = field(default_factory=Counter)

    def run(self, *, seconds: float) -> Aftermath:
        """Let it rage while everything is posted, wait ``seconds`` at most until all is told, and count."""
        fakes = self.weather.fakes()
        fleet = Fleet(self.folder / "posthouse.yml", WEBS, WORKERS)
        url = self.server.new_database()
        with running(FakeRobots(*fakes.values())) as address, closing(fleet), closing(Outbox.open(url)) as outbox:
            self.weather.configure(fleet.config, database=url, robots=address)
            fleet.start()
            sender = Sender(self.weather, fleet.ports, per_second=self.per_second)
            with ThreadPoolExecutor(SENDERS) as pool:
                posting = [pool.submit(sender.run) for _ in range(SENDERS)]
                try:
                    self._rage(fleet, sender, until=lambda: all(each.done() for each in posting))
                finally:
                    sender.stop()
            for each in posting:
                each.result()
            _wait_until_told(fleet, outbox, seconds)
            fleet.stop()
            aftermath = Aftermath(self.weather, sender.posts, outbox.history, fakes, crashed=fleet.crashes)
            aftermath.count()
        self.counts += fleet.counts + sender.counts + aftermath.counts
        return aftermath

    def _rage(self, fleet: Fleet, sender: Sender, *, until: Callable[[], bool]) -> None:
        """Kill one process after the other, and restart the database now and then, while events are posted."""
        chance, whole = self.weather.chance("kills"), self.weather.events
        outages = {whole * (number + 1) // (len(self.outages) + 1): how for number, how in enumerate(self.outages)}
        next_kill = chance.randint(*self.between_kills)
        victims: list[Process] = []
        while not until():
            fleet.look_after(LOOK)
            posted = len(sender.posts)
            if outages and posted >= min(outages):
                self._restart_database(fleet, outages.pop(min(outages)), seconds=chance.uniform(0.2, 2.0))
            if posted >= next_kill:
                # In turn, so that a short storm spares nobody.
                victims = victims or chance.sample(fleet.processes, len(fleet.processes))
                fleet.kill(victims.pop())
                next_kill = posted + chance.randint(*self.between_kills)

    def _restart_database(self, fleet: Fleet, how: str, *, seconds: float) -> None:
        self.server.stop(how)
        fleet.look_after(seconds)
        self.server.start()
        self.counts[f"database restarts ({how})"] += 1


def _wait_until_told(fleet: Fleet, outbox: Outbox, seconds: float) -> None:
    until = monotonic() + seconds
    while monotonic() < until:
        fleet.look_after(LOOK)
        try:
            if not outbox.history.waiting_events() and not outbox.history.waiting():
                return
        except StoreUnavailable:
            pass  # a connection to the server as it was before its restart
