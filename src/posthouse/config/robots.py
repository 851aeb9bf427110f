"""Reads robots, wherever the file has them: with names of their own, in pools, or inside of a webhook."""

import re
from collections.abc import Mapping
from typing import Any

from posthouse.config.settings import Robot
from posthouse.config.source import Path_, Source
from posthouse.config.validation import nearest, validated
from posthouse.core.errors import Problem
from posthouse.core.plugin import Notifier
from posthouse.discovery import Registry

#: A dot is in the names of robots that stand inside of a webhook: ``finance.ding_talk``.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
#: What may stand where a kind of robot does: names of others that are used in turn.
POOL = "pool"
#: What stands beside the kinds of robots under ``notify``: the names of robots and pools.
NAMED = "robots"


class RobotReader:
    """Collects robots and pools, and what is wrong with them."""

    def __init__(self, source: Source, registry: Registry, problems: list[Problem]) -> None:
        self.robots: dict[str, Robot] = {}
        self.pools: dict[str, tuple[str, ...]] = {}
        self._kinds: Mapping[str, type[Notifier]] = registry.kinds
        self._source = source
        self._problems = problems
        #: Every name under ``robots``, whether what stands there is right or not.
        self._named: dict[str, Path_] = {}
        #: Names that the file refers to, and where.
        self._members: list[tuple[str, str, Path_]] = []
        self._asked: list[tuple[str, Path_]] = []
        self._fallbacks: list[tuple[str, str, Path_]] = []

    def read_named(self, values: Any, path: Path_) -> None:
        """Read what stands under ``robots``: a name, and below it one kind of robot, or a pool."""
        if values is None:
            return
        if not isinstance(values, dict):
            self._problem(path, "must have keys below it: the names of robots")
            return
        for name, robot in values.items():
            self._named[name] = (*path, name)
            if not NAME.fullmatch(name):
                self._problem((*path, name), "a robot's name has letters, digits, _ and - only, 64 at most")
            elif not isinstance(robot, dict) or len(robot) != 1:
                self._problem((*path, name), f"must have one key below it: a kind of robot, or {POOL}")
            else:
                ((kind, settings),) = robot.items()
                self._read_one(name, kind, settings, (*path, name, kind))

    def read_notify(self, notify: Any, path: Path_, webhook_id: str) -> tuple[str, ...]:
        """Read what stands under a webhook's ``notify``, and return the names of its robots and pools."""
        if notify is None:
            return ()
        if not isinstance(notify, dict):
            self._problem(path, "must have keys below it: kinds of robots, or the names of some as robots")
            return ()
        names: dict[str, None] = {}
        for kind, values in notify.items():
            if kind == NAMED:
                names |= dict.fromkeys(self._names(values, (*path, NAMED)))
                continue
            notifier = self._kinds.get(kind)
            name = f"{webhook_id}.{notifier.type if notifier else kind}"
            if name in names:
                self._problem((*path, kind), "this kind of robot stands above; give one of them a name under robots")
            else:
                self._read_one(name, kind, values, (*path, kind))
                names[name] = None
        return tuple(name for name in names if name in self.robots or name in self._named)

    def check_names(self) -> None:
        """Name every reference to a robot that is not there; called when all are read."""
        owner: dict[str, str] = {}
        for pool, member, path in self._members:
            if member not in self.robots:
                self._unknown(member, path, [name for name in self._named if name not in self.pools])
            elif self.robots[member].notifier is not self.robots[self.pools[pool][0]].notifier:
                self._problem(path, f"{member!r} is of another kind than {self.pools[pool][0]!r}")
            elif member in owner:
                self._problem(path, f"{member!r} is in the pool {owner[member]!r} already")
            owner[member] = pool
        for name, path in self._asked:
            if name not in self._named:
                self._unknown(name, path, self._named)
        for robot, fallback, path in self._fallbacks:
            if fallback not in self._named:
                self._unknown(fallback, path, self._named)
            elif fallback == robot:
                self._problem(path, "must be another robot")

    def _read_one(self, name: str, kind: str, values: Any, path: Path_) -> None:
        if kind == POOL and name in self._named:
            members = self._list(values, path)
            self.pools[name] = members
            self._members += [(name, member, (*path, index)) for index, member in enumerate(members)]
            return
        notifier = self._kinds.get(kind)
        if notifier is None:
            self._problem(path, f"unknown kind of robot{nearest(kind, [*self._kinds, NAMED, POOL])}")
            return
        settings = validated(notifier.settings_model, values, path, self._source, self._problems)
        if settings is not None:
            self.robots[name] = Robot(name=name, notifier=notifier, settings=settings)
            if settings.fallback is not None:
                self._fallbacks.append((name, settings.fallback, (*path, "fallback")))

    def _names(self, values: Any, path: Path_) -> tuple[str, ...]:
        names = self._list(values, path)
        self._asked += [(name, (*path, index)) for index, name in enumerate(names)]
        return names

    def _list(self, values: Any, path: Path_) -> tuple[str, ...]:
        if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
            return tuple(dict.fromkeys(values))
        self._problem(path, "must be a list of names that stand under robots")
        return ()

    def _unknown(self, name: str, path: Path_, known: Any) -> None:
        self._problem(path, f"no robot is called {name!r}{nearest(name, known)}")

    def _problem(self, path: Path_, text: str) -> None:
        if path not in self._source.problems:
            self._problems.append(self._source.problem(path, text))
