"""Reads robots, wherever the file has them: with names of their own, in pools, or inside of a webhook."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, RootModel

from posthouse.config.settings import Robot
from posthouse.config.source import Path_, Source
from posthouse.config.validation import nearest, validated
from posthouse.core.errors import Problem
from posthouse.core.plugin import Notifier
from posthouse.discovery import Registry

#: What may be a robot's name. A dot is in the names of those inside of a webhook: ``finance.ding_talk``.
NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
#: What may stand where a kind of robot does: names of others that are used in turn.
POOL = "pool"
#: What stands beside the kinds of robots under ``notify``: the names of robots and pools.
NAMED = "robots"


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f"{name!r} is there twice")
    return names


Unique = Annotated[
    tuple[str, ...], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_once_each)
]


class RobotNames(RootModel[Unique]):
    """Names that stand under `robots`."""


class RobotReader:
    """Collects robots and pools, and what is wrong with them."""

    def __init__(self, source: Source, registry: Registry, problems: list[Problem]) -> None:
        self.robots: dict[str, Robot] = {}
        self.pools: dict[str, tuple[str, ...]] = {}
        self._kinds: Mapping[str, type[Notifier]] = registry.kinds
        self._source = source
        self._problems = problems
        #: Every name under ``robots``, whether what stands there is right or not, and where the pools among them are.
        self._named: set[str] = set()
        self._pools: dict[str, Path_] = {}
        #: The lists of names that webhooks have, and who has whom as a fallback; what they name may stand further down.
        self._lists: dict[Path_, tuple[str, ...]] = {}
        self._fallbacks: dict[Path_, tuple[str, str]] = {}

    def read_named(self, values: Any, path: Path_) -> None:
        """Read what stands under ``robots``: a name, and below it one kind of robot, or a pool."""
        if values is None:
            return
        if not isinstance(values, dict):
            self._problem(path, "must have keys below it: the names of robots")
            return
        self._named |= set(values)
        for name, robot in values.items():
            place = (*path, name)
            if not re.fullmatch(NAME, name):
                self._problem(place, "a robot's name has letters, digits, _ and - only, 64 at most")
            if not isinstance(robot, dict) or len(robot) != 1:
                self._problem(place, f"must have one key below it: a kind of robot, or {POOL}")
                continue
            ((kind, settings),) = robot.items()
            if kind == POOL:
                self._pools[name] = (*place, POOL)
                self.pools[name] = self._names(settings, (*place, POOL))
            elif kind in self._kinds:
                self._read(name, kind, settings, (*place, kind))
            else:
                self._problem((*place, kind), f"unknown kind of robot{nearest(kind, [*self._kinds, POOL])}")

    def read_notify(self, notify: Any, path: Path_, webhook_id: str) -> tuple[str, ...]:
        """Read what stands under a webhook's ``notify``, and return the names of its robots and pools."""
        if notify is None:
            return ()
        if not isinstance(notify, dict):
            self._problem(path, f"must have keys below it: kinds of robots, or {NAMED} with the names of others")
            return ()
        found: dict[str, str] = {}
        for kind, values in notify.items():
            place = (*path, kind)
            if kind == NAMED:
                self._lists[place] = self._names(values, place)
                found |= dict.fromkeys(self._lists[place], NAMED)
            elif kind in self._kinds:
                name = f"{webhook_id}.{self._kinds[kind].type}"
                if name in found:
                    self._problem(
                        place, f"is the same as {found[name]!r} above; a second robot needs a name under robots"
                    )
                else:
                    self._read(name, kind, values, place)
                found.setdefault(name, kind)
            elif kind in self._named:
                self._problem(place, f"is a name and no kind of robot: write {NAMED}: [{kind}]")
            else:
                self._problem(place, f"unknown kind of robot{nearest(kind, [*self._kinds, NAMED])}")
        return tuple(found)

    def check_names(self) -> None:
        """Name what leads to no robot, or to one that cannot do what it is named for; called when all are read."""
        owners: dict[str, str] = {}
        for pool, path in self._pools.items():
            self._check_pool(pool, path, owners)
        for path, names in self._lists.items():
            for index, name in enumerate(names):
                self._require(name, (*path, index), self._named)
                if owners.get(name) in names:
                    self._problem((*path, index), f"is in the pool {owners[name]!r}: its group would hear all twice")
        for path, (robot, fallback) in self._fallbacks.items():
            self._require(fallback, path, self._named - {robot})
            # Two that look after each other are right: an alert is told once, and a robot's trouble is one alert.
            if fallback in self._named and self.pools.get(fallback, (fallback,)) == (robot,):
                self._problem(path, "must be another robot: this one cannot tell of its own trouble")

    def _check_pool(self, pool: str, path: Path_, owners: dict[str, str]) -> None:
        """Name members that are no robots, of several kinds, or in two pools; note whose the others are."""
        first: Robot | None = None
        for index, member in enumerate(self.pools[pool]):
            place, robot = (*path, index), self.robots.get(member)
            first = first or robot
            self._require(member, place, self._named - {*self._pools})
            if member in self._pools:
                self._problem(place, "is a pool, and a pool has robots in it")
            elif member in owners:
                self._problem(place, f"{member!r} is in the pool {owners[member]!r} already")
            elif robot and first and robot.notifier is not first.notifier:
                self._problem(place, f"{member!r} is of another kind than {first.name!r}")
            owners.setdefault(member, pool)

    def _read(self, name: str, kind: str, values: Any, path: Path_) -> None:
        notifier = self._kinds[kind]
        settings = validated(notifier.settings_model, _as_meant(values), path, self._source, self._problems)
        if settings is not None:
            self.robots[name] = Robot(name=name, notifier=notifier, settings=settings)
            if settings.fallback is not None:
                self._fallbacks[*path, "fallback"] = (name, settings.fallback)

    def _names(self, values: Any, path: Path_) -> tuple[str, ...]:
        found = validated(RobotNames, values, path, self._source, self._problems)
        return found.root if found else ()

    def _require(self, name: str, path: Path_, known: Iterable[str]) -> None:
        if name not in self._named:
            self._problem(path, f"there is no {name!r} under robots{nearest(name, known)}")

    def _problem(self, path: Path_, text: str) -> None:
        if path not in self._source.problems:
            self._problems.append(self._source.problem(path, text))


def _as_meant(values: Any) -> Any:
    """Return a robot's settings with ``digest: off`` as it is meant: YAML 1.1 reads it as false."""
    return {**values, "digest": "off"} if isinstance(values, dict) and values.get("digest") is False else values
