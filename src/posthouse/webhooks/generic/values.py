"""What templates see of a payload: nothing that is null, no more than a message needs, and all of it readable."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jinja2 import ChainableUndefined

from posthouse import listed, plain

#: How many entries of a list or an object a template sees, and how many characters of a text. A loop in a loop goes
#: over a million entries at most, however much a sender posts.
ENTRIES = 1000
CHARACTERS = 10_000


def readable(value: Any) -> Any:
    """Return a payload without what is null, and without what is more than any message needs."""
    match value:
        case dict():
            pairs = islice(value.items(), ENTRIES)
            return JsonObject((key, readable(item)) for key, item in pairs if item is not None)
        case list():
            return JsonArray(readable(item) for item in islice(value, ENTRIES) if item is not None)
        case str():
            return value[:CHARACTERS]
        case _:
            return value


def shown(value: Any) -> str:
    """Return a value as people read it, not as Python writes it; nothing for what no payload has."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case dict():
            return plain(listed((f"{key}: {text}" for key, item in value.items() if (text := shown(item))), ", "))
        case list() | tuple() | Iterator():
            items = list(islice(value, ENTRIES))
            nested = any(isinstance(item, dict | list) for item in items)
            return plain(listed(map(shown, items), "; " if nested else ", "))
        case _:
            return ""


class JsonObject(dict[str, Any]):
    """A JSON object that filters turn into the text that people read."""

    __slots__ = ()

    def __str__(self) -> str:
        return shown(self)


class JsonArray(list[Any]):
    """A JSON array that does the same."""

    __slots__ = ()

    def __str__(self) -> str:
        return shown(self)


class Missing(ChainableUndefined):
    """What a payload does not have. It stays missing whatever it is calculated with, and is neither more nor less."""

    __slots__ = ()

    def _stays(self, *_: Any) -> "Missing":
        return self

    def _is_not(self, _: Any) -> bool:
        return False

    def _has_no_number(self) -> Any:
        raise TypeError(self._undefined_message)  # the filters "int" and "float" have a default for it

    # Jinja's own say that they never return; these do.
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _stays  # type: ignore[assignment]
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __neg__ = __pos__ = _stays  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = _is_not  # type: ignore[assignment]
    __round__ = _stays
    __int__ = __float__ = _has_no_number
