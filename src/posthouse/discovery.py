"""The one place that knows where plugins come from. Nothing registers itself; what is defined is found.

Three sources, in this order: every module under `posthouse.webhooks` and `posthouse.notifiers`, the installed entry
points of the group ``posthouse.plugins``, and the modules or files that the configuration names. A user's plugin
replaces a built-in one with the same key; two users' plugins with the same key are an error.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

import posthouse.notifiers
import posthouse.webhooks
from posthouse.core.errors import PosthouseError
from posthouse.core.plugin import EventHandler, Limits, Notifier, Plugin, WebhookHandler

ENTRY_POINT_GROUP = "posthouse.plugins"
#: What a concrete class has to define, by its kind; it would be missed only when the plugin is first used.
NEEDED: Mapping[type[Plugin], Mapping[str, type]] = {
    WebhookHandler: {"type": str},
    Notifier: {"type": str, "limits": Limits},
    EventHandler: {"webhook_type": type, "events": tuple},
}


class PluginError(PosthouseError):
    """A plugin cannot be imported, lacks what its kind needs, or claims the same key as another one."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The plugin classes that are there, by their keys."""

    webhooks: Mapping[str, type[WebhookHandler]]
    notifiers: Mapping[str, type[Notifier]]
    #: By webhook type and name of the event.
    events: Mapping[tuple[str, str], type[EventHandler]]

    @property
    def kinds(self) -> Mapping[str, type[Notifier]]:
        """The notifiers by every word that the configuration may use for them."""
        aliases = {alias: found for found in self.notifiers.values() for alias in found.aliases}
        return {**aliases, **self.notifiers}


def discover(plugins: Sequence[str] = (), *, folder: Path | None = None) -> Registry:
    """Find every plugin; ``plugins`` are module names or ``.py`` files, relative ones seen from ``folder``.

    Raises `PluginError` for one that cannot be imported or lacks what it needs, and for two of a user's with the same
    key.
    """
    built_in = _by_key(_classes(_built_in_modules()))
    users: dict[tuple[str, ...], type[Plugin]] = {}
    for key, found in _keyed(_classes(_user_modules(plugins, folder or Path.cwd()))):
        if key in users and users[key] is not found:
            raise PluginError(f"{_path(found)} and {_path(users[key])} both want to be {' '.join(key)}")
        users[key] = found
    found_by_key = built_in | users
    return Registry(
        webhooks={key[1]: found for key, found in found_by_key.items() if issubclass(found, WebhookHandler)},
        notifiers={key[1]: found for key, found in found_by_key.items() if issubclass(found, Notifier)},
        events={(key[1], key[2]): found for key, found in found_by_key.items() if issubclass(found, EventHandler)},
    )


def _built_in_modules() -> Iterator[ModuleType]:
    for package in (posthouse.webhooks, posthouse.notifiers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(module.name)


def _user_modules(plugins: Sequence[str], folder: Path) -> Iterator[ModuleType]:
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        yield _imported(point.value.partition(":")[0])
    for plugin in plugins:
        yield _loaded(folder / plugin) if plugin.endswith(".py") else _imported(plugin)


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise PluginError(f"the plugin {name!r} cannot be imported: {type(error).__name__}: {error}") from error


def _loaded(path: Path) -> ModuleType:
    name = f"posthouse plugin {path.resolve()}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise PluginError(f"the plugin file {path} does not exist")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"the plugin {path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _classes(modules: Iterable[ModuleType]) -> Iterator[type[Plugin]]:
    """Yield each concrete plugin class in the module that defines it; an imported base class is not found twice."""
    for module in modules:
        for found in vars(module).values():
            if inspect.isclass(found) and found.__module__ == module.__name__ and _is_plugin(found):
                yield found


def _is_plugin(found: type) -> TypeGuard[type[Plugin]]:
    return issubclass(found, Plugin) and not inspect.isabstract(found) and not found.__name__.startswith("_")


def _by_key(classes: Iterable[type[Plugin]]) -> dict[tuple[str, ...], type[Plugin]]:
    return dict(_keyed(classes))


def _keyed(classes: Iterable[type[Plugin]]) -> Iterator[tuple[tuple[str, ...], type[Plugin]]]:
    for found in classes:
        _require_what_it_needs(found)
        if issubclass(found, WebhookHandler):
            yield ("webhook", found.type), found
        elif issubclass(found, Notifier):
            yield ("notifier", found.type), found
        elif issubclass(found, EventHandler):
            _require_what_it_needs(found.webhook_type)
            for name in found.events:
                yield ("event", found.webhook_type.type, name), found


def _require_what_it_needs(found: type[Plugin]) -> None:
    for kind, attributes in NEEDED.items():
        for name, expected in attributes.items() if issubclass(found, kind) else ():
            if not isinstance(getattr(found, name, None), expected):
                raise PluginError(f"{_path(found)} must have {name!r}, of the type {expected.__name__}")


def _path(found: type[Plugin]) -> str:
    return f"{found.__module__}.{found.__qualname__}"
