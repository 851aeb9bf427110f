"""Checks values of the file against a settings model, and says what is wrong with them in words for people."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from posthouse.config.source import Path_, Source
from posthouse.core.errors import Problem

Model = TypeVar("Model", bound=BaseModel)

#: Our own words for the mistakes that people make; pydantic's for the others.
WORDS = {
    "missing": "is missing",
    "string_type": "must be text; a number needs quotes around it",
    "dict_type": "must have keys below it",
    "model_type": "must have keys below it",
    "model_attributes_type": "must have keys below it",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def validated(
    model: type[Model],
    values: Any,
    path: Path_,
    source: Source,
    problems: list[Problem],
    *,
    also_known: tuple[str, ...] = (),
) -> Model | None:
    """Return the model filled with ``values``, or None after adding what is wrong with them to ``problems``."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        said: dict[Path_, list[str]] = {}
        for detail in error.errors(include_url=False, include_input=False):
            place = _place(detail, values)
            known = (*_keys(model, place[:-1]), *(also_known if len(place) == 1 else ()))
            said.setdefault(place, []).append(_words(detail, known))
    for place, texts in said.items():
        if (*path, *place) not in source.problems and not _is_settled_below(place, said):
            problems.append(source.problem((*path, *place), ", or ".join(texts)))
    return None


def _place(detail: ErrorDetails, values: Any) -> Path_:
    """Return where in the file a mistake is: between the keys pydantic names which of several types it tried."""
    place: Path_ = ()
    for part in detail["loc"]:
        if (isinstance(values, dict) and part in values) or (isinstance(values, list) and part in range(len(values))):
            place, values = (*place, part), values[part]  # type: ignore[index]
    return (*place, detail["loc"][-1]) if detail["type"] == "missing" else place


def _words(detail: ErrorDetails, known: Iterable[str]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"unknown key{nearest(str(detail['loc'][-1]), known)}"
    said = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return WORDS.get(detail["type"], said)


def _is_settled_below(place: Path_, said: Mapping[Path_, Any]) -> bool:
    """Tell whether a mistake below this place says it all: that keys are none of the other types is no news."""
    return any(len(other) > len(place) and other[: len(place)] == place for other in said)


def _keys(model: type[BaseModel], place: Path_) -> Iterable[str]:
    """Return the keys of the model that stands at ``place`` inside another one."""
    for part in place:
        field = model.model_fields.get(str(part))
        found = next(_models(field.annotation), None) if field else None
        if found is None:
            return ()
        model = found
    return model.model_fields


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the settings models among the types that a value may have."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for choice in get_args(annotation):
        yield from _models(choice)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the rest of a sentence about an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word.casefold(), [name.casefold() for name in names], n=1, cutoff=0.5)
    if near:
        return f"; did you mean {next(name for name in names if name.casefold() == near[0])!r}?"
    return f"; there are {', '.join(names)}" if names else ""
