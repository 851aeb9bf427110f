"""Reads the people whom messages mention; which names a person may have depends on the plugins that are there."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from posthouse.config.source import Path_, Source
from posthouse.config.validation import validated
from posthouse.core.errors import Problem
from posthouse.core.people import EMAIL, MOBILE, People, Person
from posthouse.core.plugin import Mobile, PluginSettings
from posthouse.discovery import Registry

Known = Annotated[str, Field(min_length=1, max_length=255)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


#: One name, or several.
Names = Annotated[tuple[Known, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]


class PersonSettings(PluginSettings):
    """One human, and the names that every system has for them."""

    name: Known
    """What the person is called in messages where a robot cannot mention them."""
    email: Names = ()
    """The e-mail addresses that commits and systems know the person by: one, or a list."""
    mobile: Mobile | None = None
    """The mobile number by which DingTalk and WeCom find the person."""


def person_model(registry: Registry) -> type[PersonSettings]:
    """Return the model of a person with a key for each webhook type and each kind of robot."""
    fields: dict[str, Any] = {
        kind.lower(): (Names, Field(default=(), description=f"The person's names in {kind}: one, or a list."))
        for kind in registry.webhooks
    }
    fields |= {
        kind: (Known | None, Field(default=None, description=f"The person's id for robots of the kind `{kind}`."))
        for kind in registry.notifiers
    }
    return create_model("PersonSettings", __base__=PersonSettings, __doc__=PersonSettings.__doc__, **fields)


def read_people(values: Any, path: Path_, registry: Registry, source: Source, problems: list[Problem]) -> People:
    """Return the people in the list at ``path``, and add what is wrong with it to ``problems``."""
    if values is None:
        return People()
    if not isinstance(values, list):
        problems.append(source.problem(path, "must be a list"))
        return People()
    model, persons, owners = person_model(registry), list[Person](), dict[str, str]()
    for index, value in enumerate(values):
        settings = validated(model, value, (*path, index), source, problems)
        if settings is None:
            continue
        person = _person(settings, registry)
        for name in sorted(person.names):
            other = owners.setdefault(name.casefold(), person.name)
            if other != person.name:
                problems.append(source.problem((*path, index), f"{name!r} is a name of {other!r}, too"))
        persons.append(person)
    return People(persons)


def _person(settings: PersonSettings, registry: Registry) -> Person:
    ids = {kind: getattr(settings, kind) for kind in registry.notifiers}
    return Person(
        name=settings.name,
        names=frozenset(_names(settings, registry)),
        mobile=settings.mobile or "",
        ids={kind: found for kind, found in ids.items() if found},
    )


def _names(settings: PersonSettings, registry: Registry) -> Iterator[str]:
    yield from (f"{EMAIL}:{address}" for address in settings.email)
    if settings.mobile:
        yield f"{MOBILE}:{settings.mobile}"
    for kind in registry.webhooks:
        yield from (f"{kind.lower()}:{name}" for name in getattr(settings, kind.lower()))
