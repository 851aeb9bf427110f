"""Checks values of the file against a settings model, and says what is wrong with them in words for people."""

import difflib
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

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
        for detail in error.errors(include_url=False, include_input=False):
            place = detail["loc"]
            text = WORDS.get(detail["type"], detail["msg"].removeprefix("Value error, "))
            if detail["type"] == "extra_forbidden":
                known = (*_keys(model, place[:-1]), *(also_known if len(place) == 1 else ()))
                text = f"unknown key{nearest(str(place[-1]), known)}"
            if (*path, *place) not in source.problems:
                problems.append(source.problem((*path, *place), text))
    return None


def _keys(model: type[BaseModel], place: tuple[str | int, ...]) -> Iterable[str]:
    """Return the keys of the model that stands at ``place`` inside another one."""
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return ()
        model = field.annotation
    return model.model_fields


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the rest of a sentence about an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word.casefold(), [name.casefold() for name in names], n=1, cutoff=0.5)
    if near:
        return f"; did you mean {next(name for name in names if name.casefold() == near[0])!r}?"
    return f"; there are {', '.join(names)}" if names else ""
