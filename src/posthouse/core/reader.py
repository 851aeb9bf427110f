"""Reads JSON of unknown shape without ever raising: any field may be absent, null or of another type."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

#: What links may lead to. Anything else in a payload is text, however much it looks like an address.
LINK_SCHEMES = frozenset({"http", "https"})

#: Ids and counts are smaller than this; what is not is no id, and Python would not even write it down.
LARGEST = 10**30


@dataclass(frozen=True, slots=True)
class Reader:
    """One JSON value and safe ways to look into it.

    Paths are keys joined by dots: ``reader.text("project.web_url")``. What is missing, null or of another type
    reads as the default; nothing here raises.
    """

    value: Any

    def at(self, path: str) -> "Reader":
        """Return a reader of the value at ``path``; a reader of None where there is none."""
        value = self.value
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return Reader(value)

    def has(self, path: str) -> bool:
        """Tell whether there is a value other than null at ``path``."""
        return self.at(path).value is not None

    def text(self, path: str, default: str = "") -> str:
        """Return the string at ``path`` without white space around it; ``default`` if it is blank or none."""
        value = self.at(path).value
        return (value.strip() or default) if isinstance(value, str) else default

    def first_text(self, *paths: str) -> str:
        """Return the first of several strings that is not blank."""
        return next((text for path in paths if (text := self.text(path))), "")

    def label(self, path: str, default: str = "") -> str:
        """Return a string or a whole number as text: ids that some senders quote and others do not."""
        count = self.count(path)
        return self.text(path, default) if count is None else str(count)

    def number(self, path: str) -> int | float | None:
        """Return the finite number at ``path``; booleans are no numbers."""
        value = self.at(path).value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if isinstance(value, int) or math.isfinite(value) else None

    def count(self, path: str) -> int | None:
        """Return the number at ``path`` if it is a whole one and not negative."""
        value = self.number(path)
        return int(value) if value is not None and 0 <= value < LARGEST and value == int(value) else None

    def flag(self, path: str) -> bool:
        """Tell whether the value at ``path`` is exactly ``true``."""
        return self.at(path).value is True

    def link(self, path: str) -> str:
        """Return the string at ``path`` if it is an http or https address without white space, else an empty string."""
        text = self.text(path)
        try:
            parts = urlsplit(text)
        except ValueError:
            return ""
        sound = parts.scheme in LINK_SCHEMES and parts.netloc and not any(char.isspace() for char in text)
        return text if sound else ""

    def each(self, path: str) -> Iterator["Reader"]:
        """Yield a reader for every object in the list at ``path``; other kinds of values are passed over."""
        value = self.at(path).value
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                yield Reader(item)

    def texts(self, path: str) -> tuple[str, ...]:
        """Return the strings in the list at ``path`` that are not blank."""
        value = self.at(path).value
        items = value if isinstance(value, list) else ()
        return tuple(item.strip() for item in items if isinstance(item, str) and item.strip())
