"""The robots of one process: what each is called, which token it has, and which lane and limits come with that."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from posthouse.config import Settings
from posthouse.core.budget import Allowance
from posthouse.core.errors import ConfigError, Problem
from posthouse.core.plugin import Notifier, RobotSettings
from posthouse.outbox import Token


class Robots:
    """Made once from the settings, by ``make`` for each robot. Raises `ConfigError` for pools that share a token."""

    def __init__(self, settings: Settings, make: Callable[[type[Notifier], RobotSettings], Notifier]) -> None:
        self._pools = settings.pools
        self.notifiers: Mapping[str, Notifier] = {
            robot.name: make(robot.notifier, robot.settings) for robot in settings.robots.values()
        }
        #: The hash of each robot's token. Robots with one token share a lane, and with it a budget.
        self.tokens: Mapping[str, str] = {name: _token(notifier) for name, notifier in self.notifiers.items()}
        #: The lane of each robot and each pool.
        self.lanes: Mapping[str, str] = _lanes(settings, self.tokens)
        #: What each token may use: robots that share one keep to the lowest limits.
        self.allowances: Mapping[str, Allowance] = {
            token: _allowance([self.notifiers[name] for name, other in self.tokens.items() if other == token])
            for token in self.tokens.values()
        }
        _check_tokens(settings, self.tokens)
        #: The robots and pools that may hear of confidential events.
        self.confidants = frozenset(name for name in self.lanes if self._is_confidential(name))

    def members(self, name: str, lane_id: str) -> tuple[str, ...]:
        """Return the robots that may speak under a name: itself, or those of a pool; none if nobody is configured.

        A name that was changed since is known by its lane.
        """
        if name not in self._pools and name not in self.notifiers:
            name = next((other for other, lane in self.lanes.items() if lane == lane_id), name)
        return self._pools.get(name) or ((name,) if name in self.notifiers else ())

    def speaker(self, name: str) -> Notifier:
        """Return the notifier of a robot, or of a pool's first; raises `KeyError` for a name that nobody has."""
        return self.notifiers[self._pools.get(name, (name,))[0]]

    def stored_tokens(self) -> list[Token]:
        """Return every token as the outbox knows it, with a hash of the settings that it is used with."""
        named: dict[str, list[str]] = {}
        for name, token in self.tokens.items():
            named.setdefault(token, []).append(name)
        return [
            Token(
                token=token,
                lane_id=self.lanes[names[0]],
                vendor=self.notifiers[names[0]].type,
                settings=_fingerprint(self.notifiers[name] for name in names),
            )
            for token, names in named.items()
        ]

    def _is_confidential(self, name: str) -> bool:
        return all(self.notifiers[member].settings.confidential for member in self._pools.get(name, (name,)))


def _token(notifier: Notifier) -> str:
    """Name what the vendor counts by without showing it: that is a credential."""
    return f"{notifier.type}:{_hash(notifier.identity())}"


def _lanes(settings: Settings, tokens: Mapping[str, str]) -> Mapping[str, str]:
    """Return the lane of each robot and pool. A token that a pool uses has the pool's lane under every name."""
    pool_of: dict[str, str] = {}
    for pool, members in settings.pools.items():
        lane_id = f"pool:{_hash(' '.join(sorted(tokens[member] for member in members)))}"
        for member in members:
            if pool_of.setdefault(tokens[member], lane_id) != lane_id:
                text = f"{member!r} has the token of a robot that is in another pool already"
                raise ConfigError([Problem(str(settings.path), None, f"config.robots.{pool}", text)])
    lanes = {name: pool_of.get(token, token) for name, token in tokens.items()}
    return lanes | {pool: lanes[members[0]] for pool, members in settings.pools.items()}


def _check_tokens(settings: Settings, tokens: Mapping[str, str]) -> None:
    """Raise `ConfigError` for names that only their tokens show to be one robot: a pool's, or a fallback's."""
    for pool, members in settings.pools.items():
        if len({tokens[member] for member in members}) < len(members):
            raise _wrong(settings, f"config.robots.{pool}", "two robots of this pool have one token")
    for robot in settings.robots.values():
        fallback = robot.settings.fallback
        others = settings.pools.get(fallback, (fallback,)) if fallback else ()
        if others and {tokens[other] for other in others} == {tokens[robot.name]}:
            raise _wrong(settings, f"config.robots.{robot.name}", f"its fallback {fallback!r} has the same token")


def _wrong(settings: Settings, key: str, text: str) -> ConfigError:
    return ConfigError([Problem(str(settings.path), None, key, text)])


def _allowance(robots: Sequence[Notifier]) -> Allowance:
    return Allowance(
        per_minute=_lowest(robot.per_minute for robot in robots),
        per_second=_lowest(robot.per_second for robot in robots),
        per_month=_lowest(robot.settings.monthly_quota or 0 for robot in robots),
        crowded_at_half_hours=any(robot.limits.crowded_at_half_hours for robot in robots),
    )


def _lowest(limits: Iterable[int]) -> int:
    """Return the lowest of several limits, of which 0 is none."""
    return min((limit for limit in limits if limit), default=0)


def _fingerprint(robots: Iterable[Notifier]) -> str:
    """Return what changes when a robot's settings do, and shows none of them."""
    parts = [(robot.settings.model_dump_json(), *robot.settings.secrets()) for robot in robots]
    return _hash(repr(sorted(parts)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
