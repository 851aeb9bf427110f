"""Reads the people whom messages mention; which names a person may have depends on the plugins that are there."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from posthouse.config.source import Path_, Source
from posthouse.config.validation import validated
from posthouse.core.errors import Problem
from posthouse.core.people import EMAIL, MOBILE, People, Person
from posthouse.core.plugin import Mobile, PluginSettings
from posthouse.discovery import Registry

#: No system has names with blanks around them; the ``@`` in front of one belongs to a text, not to the name.
BARE = r"^[^@\s](.*\S)?$"
ADDRESS = r"^[^@\s<>]+@[^@\s<>]+$"


def _bare(name: str) -> str:
    if not re.fullmatch(BARE, name):
        raise ValueError("must be a name alone, without an @ or blanks around it")
    return name


def _address(text: str) -> str:
    if not re.fullmatch(ADDRESS, text):
        raise ValueError("must be an e-mail address and nothing else")
    return text


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


#: What a person is called.
Known = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra={"pattern": BARE}), AfterValidator(_bare)]
#: An address, of which a reference may stand for a part.
Address = Annotated[
    str,
    Field(min_length=1, max_length=255, json_schema_extra={"pattern": rf"{ADDRESS}|\$\{{"}),
    AfterValidator(_address),
]
#: What a vendor calls a person, whatever that looks like.
Id = Annotated[str, Field(min_length=1, max_length=255)]
#: One, or several.
Names = Annotated[tuple[Known, ...], BeforeValidator(_as_list, json_schema_input_type=Known | list[Known])]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_as_list, json_schema_input_type=Address | list[Address])]


class PersonSettings(PluginSettings):
    """One human, and the names that every system has for them."""

    name: Known
    """What the person is called in messages where a robot cannot mention them; no two are called the same."""
    email: Addresses = ()
    """The e-mail addresses that commits and systems know the person by: one, or a list."""
    mobile: Mobile | None = None
    """The mobile number by which DingTalk and WeCom find the person, in quotes."""


def person_model(registry: Registry) -> type[PersonSettings]:
    """Return the model of a person with a key for each webhook type and each kind of robot.

    Where a plugin's word is one of a person's own keys, or a robot's is a webhook type's, one key serves for both.
    """
    fields: dict[str, Any] = {
        kind.lower(): (Names, Field(default=(), description=f"The person's names in {kind}: one, or a list."))
        for kind in registry.webhooks
    }
    for kind, notifier in {**registry.notifiers, **registry.kinds}.items():
        alias = f"The same as `{notifier.type}`." if kind != notifier.type else ""
        about = alias or f"The person's id for robots of the kind `{kind}`."
        fields.setdefault(kind, (Id | None, Field(default=None, description=about)))
    own = {key: field for key, field in fields.items() if key not in PersonSettings.model_fields}
    return create_model("PersonSettings", __base__=PersonSettings, __doc__=PersonSettings.__doc__, **own)


def read_people(values: Any, path: Path_, registry: Registry, source: Source, problems: list[Problem]) -> People:
    """Return the people in the list at ``path``, and add what is wrong with it to ``problems``."""
    if values is None:
        return People()
    if not isinstance(values, list):
        if path not in source.problems:
            problems.append(source.problem(path, "must be a list"))
        return People()
    model, persons = person_model(registry), list[Person]()
    owners: dict[str, int] = {}
    for index, value in enumerate(values):
        settings = validated(model, value, (*path, index), source, problems)
        if settings is not None:
            found = _mistakes(settings, index, registry, owners)
            problems += [source.problem((*path, index, key), text) for key, text in found]
            persons.append(_person(settings, registry))
    return People(persons)


def _mistakes(
    person: PersonSettings, index: int, registry: Registry, owners: dict[str, int]
) -> Iterator[tuple[str, str]]:
    """Yield the keys of names that somebody above has, and of an id that is there twice; note who has the others."""
    for key in ("name", *_systems(registry)):
        for name in _values(person, key):
            owner = owners.setdefault(f"{key}:{name}".casefold(), index)
            if owner != index:
                yield key, f"people[{owner}] has {name!r}, too"
    for kind in registry.notifiers:
        given = [word for word in _words(kind, registry) if _values(person, word)]
        if len(given) > 1:
            yield given[1], f"is the same as {given[0]!r}"


def _person(settings: PersonSettings, registry: Registry) -> Person:
    ids = {
        kind: [found for word in _words(kind, registry) for found in _values(settings, word)]
        for kind in registry.notifiers
    }
    return Person(
        name=settings.name,
        names=frozenset(f"{key}:{name}" for key in _systems(registry) for name in _values(settings, key)),
        mobile=settings.mobile or "",
        ids={kind: found[0] for kind, found in ids.items() if found},
    )


def _systems(registry: Registry) -> tuple[str, ...]:
    """Return the keys of names by which events know a person."""
    return (EMAIL, MOBILE, *(kind.lower() for kind in registry.webhooks))


def _words(kind: str, registry: Registry) -> list[str]:
    """Return every word for a kind of robot."""
    return [word for word, found in registry.kinds.items() if found is registry.notifiers[kind]]


def _values(settings: PersonSettings, key: str) -> tuple[str, ...]:
    value = getattr(settings, key)
    return (value,) if isinstance(value, str) else tuple(value or ())
