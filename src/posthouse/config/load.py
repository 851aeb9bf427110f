"""Loads a configuration file, and names every problem in it at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from posthouse.config.people import read_people
from posthouse.config.robots import RobotReader
from posthouse.config.settings import FileSettings, Settings, Webhook
from posthouse.config.source import Path_, Source, read
from posthouse.config.validation import nearest, validated
from posthouse.core.errors import ConfigError, Problem
from posthouse.core.plugin import EventHandler, WebhookHandler, WebhookSettings, event_word
from posthouse.discovery import PluginError, Registry, discover

ROOT = "config"


def load(path: Path) -> Settings:
    """Return the settings in the file at ``path``, or raise `ConfigError` with every problem found."""
    source = read(path)
    if not isinstance(source.values, dict) or set(source.values) != {ROOT}:
        others = [key for key in source.values if key != ROOT] if isinstance(source.values, dict) else []
        wrong: Path_ = (others[0],) if others else ()
        raise ConfigError([source.problem(wrong, f"the file must have one key, {ROOT!r}, and all others below it")])
    problems = [problem for each in source.problems.values() for problem in each]
    values = source.values[ROOT]
    file = validated(FileSettings, values, (ROOT,), source, problems)
    if not isinstance(values, dict) or ("plugins" in values and (file is None or problems)):
        raise _error(problems)  # without the plugins, what stands under webhooks cannot be judged
    try:
        registry = discover(file.plugins if file else (), folder=path.parent)
    except PluginError as error:
        raise ConfigError([source.problem((ROOT, "plugins"), str(error))]) from error
    people = read_people(values.get("people"), (ROOT, "people"), registry, source, problems)
    robots = RobotReader(source, registry, problems)
    robots.read_named(values.get("robots"), (ROOT, "robots"))
    reader = _WebhookReader(source, registry, problems, robots)
    webhooks = values.get("webhooks")
    for index, webhook in enumerate(webhooks if isinstance(webhooks, list) else ()):
        reader.read((ROOT, "webhooks", index), webhook)
    robots.check_names()
    if problems or file is None:
        raise _error(problems)
    return Settings(
        path=path,
        server=file.server,
        registry=registry,
        webhooks=reader.webhooks,
        robots=robots.robots,
        pools=robots.pools,
        people=people,
    )


def _error(problems: Iterable[Problem]) -> ConfigError:
    return ConfigError(sorted(problems, key=lambda problem: problem.line or 0))


class _WebhookReader:
    """Reads the entries under ``webhooks``, whose keys depend on their type and on the kinds of robots."""

    def __init__(self, source: Source, registry: Registry, problems: list[Problem], robots: RobotReader) -> None:
        self.webhooks: dict[str, Webhook] = {}
        self._robots = robots
        self._names: list[Any] = []
        self._source = source
        self._registry = registry
        self._problems = problems

    def read(self, path: Path_, values: Any) -> None:
        if not isinstance(values, dict):
            self._problem(path, "must have keys below it")
            return
        name = values.get("webhook_id")
        if name is not None and name in self._names:
            self._problem((*path, "webhook_id"), f"there is another webhook {name!r} above")
        self._names.append(name)
        handler = self._known(self._registry.webhooks, values, path)
        settings = self._settings(handler, values, path)
        robots = self._robots.read_notify(values.get("notify"), (*path, "notify"), str(name))
        if handler is None or settings is None:
            return
        self._check_events(handler, settings, (*path, "events"))
        self.webhooks[settings.webhook_id] = Webhook(
            id=settings.webhook_id, handler=handler, settings=settings, robots=robots
        )

    def _known(
        self, kinds: Mapping[str, type[WebhookHandler]], values: Mapping[str, Any], path: Path_
    ) -> type[WebhookHandler] | None:
        kind = values.get("type")
        if isinstance(kind, str) and kind not in kinds:
            self._problem((*path, "type"), f"no webhook type is called {kind!r}{nearest(kind, kinds)}")
        return kinds.get(kind) if isinstance(kind, str) else None

    def _settings(
        self, handler: type[WebhookHandler] | None, values: Mapping[str, Any], path: Path_
    ) -> WebhookSettings | None:
        model = WebhookSettings if handler is None else handler.settings_model
        own = {key: value for key, value in values.items() if key != "notify"}
        if handler is None:  # which other keys are right depends on the type; only what all have in common is checked
            own = {key: value for key, value in own.items() if key in model.model_fields}
        return validated(model, own, path, self._source, self._problems, also_known=("notify",))

    def _check_events(self, handler: type[WebhookHandler], settings: WebhookSettings, path: Path_) -> None:
        """Name what is switched that does not exist: it would never have an effect."""
        known = {name: found for (kind, name), found in self._registry.events.items() if kind == handler.type}
        seen: dict[str, str] = {}
        for key, switch in settings.events.items():
            word = event_word(key)
            found = next((event for name, event in known.items() if event_word(name) == word), None)
            if found is None:
                self._problem((*path, key), f"no event of {handler.type} is called {key!r}{nearest(key, known)}")
            elif word in seen:
                self._problem((*path, key), f"the same event is set as {seen[word]!r} above")
            elif isinstance(switch, tuple):
                self._check_happenings(found, switch, (*path, key))
            seen[word] = key

    def _check_happenings(self, handler: type[EventHandler], chosen: tuple[str, ...], path: Path_) -> None:
        if not handler.happenings:
            self._problem(path, "can only be on or off")
            return
        for index, what in enumerate(chosen):
            if what not in handler.happenings:
                near = nearest(what, handler.happenings)
                self._problem((*path, index), f"nothing that may happen here is called {what!r}{near}")

    def _problem(self, path: Path_, text: str) -> None:
        if path not in self._source.problems:
            self._problems.append(self._source.problem(path, text))
