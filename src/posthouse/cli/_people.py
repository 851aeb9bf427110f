"""Who is named in events and not configured, and who is configured and cannot be mentioned. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from posthouse.config import Settings
from posthouse.core.event import Inbound
from posthouse.core.message import Mention
from posthouse.core.people import EMAIL, MOBILE, People, Person
from posthouse.desk import Desk
from posthouse.outbox import StoredEvent
from posthouse.trace import UNVERIFIED


@dataclass(frozen=True, slots=True)
class Calls:
    """Whom one event's messages mention, or the error that deciding about it ended in."""

    webhook_id: str
    event_id: int
    mentions: tuple[Mention, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """One whom messages mention ``times`` times by names that nobody has in the configuration.

    ``names`` are those that the configuration can have, such as "gitlab:lilei"; there may be none. ``person`` is who
    else goes by one of them, by other names that the configuration has. A ``guess`` may be nobody.
    """

    text: str
    names: tuple[str, ...]
    times: int
    webhooks: tuple[str, ...]
    guess: bool = False
    person: str = ""


def unmentionable(settings: Settings) -> list[Person]:
    """Return those whom no configured robot can mention, as they have neither an id for its kind nor a mobile."""
    kinds = {robot.notifier.type for robot in settings.robots.values()}
    return [one for one in settings.people.persons if kinds and not one.mobile and not kinds & set(one.ids)]


def calls(desk: Desk, stored: StoredEvent) -> Calls:
    """Decide about a stored event with today's plugins and configuration, and without looking anything up."""
    found = Calls(stored.webhook_id, stored.id)
    if stored.verified.startswith(UNVERIFIED):
        return found  # nobody knows who wrote it, so nobody is told of it
    try:
        inbound = Inbound(stored.headers, stored.query, stored.body, stored.received_at)
        event = desk.webhook(stored.webhook_id).parse(inbound)
        decision = desk.decide(stored.webhook_id, replace(event, received_at=stored.received_at))
        return replace(found, mentions=tuple(one for routed in decision.said for one in routed.message.mentions))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything; the other events are looked at
        return replace(found, error=f"{type(error).__name__}: {error}")


def strangers(settings: Settings, found: Iterable[Calls]) -> list[Stranger]:
    """Return everybody who is mentioned and not configured, once each, those first who are mentioned most.

    Whoever has a name in common with somebody is the same person. Who is named by a mobile number can be mentioned.
    """
    kinds = {EMAIL, *(kind.lower() for kind in settings.registry.webhooks)}
    known = _Everybody(settings.people, kinds)
    for one in found:
        for mention in one.mentions:
            if not any(name.startswith(f"{MOBILE}:") for name in mention.names):
                known.meet(mention, one.webhook_id)
    return sorted(known.strangers(), key=lambda one: (-one.times, one.text))


@dataclass(eq=False)
class _Somebody:
    """One who is mentioned, as far as the mentions that were met say; names are the same whatever their case."""

    text: str
    names: dict[str, str]
    times: int = 0
    webhooks: dict[str, None] = field(default_factory=dict)
    guess: bool = True
    person: str = ""

    def take(self, other: "_Somebody") -> None:
        """Become one with another who turned out to be the same."""
        if not self.text or (self.guess and not other.guess):
            self.text = other.text
        self.names = other.names | self.names
        self.times += other.times
        self.webhooks |= other.webhooks
        self.guess &= other.guess
        self.person = self.person or other.person


class _Everybody:
    """All who are mentioned, by each of their names."""

    def __init__(self, people: People, kinds: Collection[str]) -> None:
        self._people = people
        self._kinds = kinds
        self._by_name: dict[str, _Somebody] = {}

    def meet(self, mention: Mention, webhook_id: str) -> None:
        """Note one mention; where its names belong to several who were met before, these are one."""
        person = self._people.find(mention)
        names = {name.casefold(): name for name in mention.names if name.partition(":")[0] in self._kinds}
        new = _Somebody(mention.text, names, guess=mention.guess)
        if person is None:
            new.times, new.webhooks = 1, {webhook_id: None}
        else:
            new.person = person.name
        keys = [*names] or [f"{webhook_id} {mention.text}"]
        same = {id(one): one for one in map(self._by_name.get, keys) if one is not None}
        somebody, *others = [*same.values(), new]
        for other in others:
            somebody.take(other)
        self._by_name |= dict.fromkeys([*keys, *somebody.names], somebody)

    def strangers(self) -> Sequence[Stranger]:
        """Return those who were mentioned by names that the configuration does not have."""
        everybody = {id(one): one for one in self._by_name.values()}
        return [
            Stranger(
                text=one.text,
                names=tuple(name for name in one.names.values() if self._people.find(Mention("", (name,))) is None),
                times=one.times,
                webhooks=tuple(one.webhooks),
                guess=one.guess,
                person=one.person,
            )
            for one in everybody.values()
            if one.times
        ]
