"""What can go wrong with a request on demand, as a value and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LONGEST_DELAY = 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    ``errcode`` (with ``errmsg``) or ``body`` is answered instead of looking at the message, which is shown all the
    same if ``shown``. Where only a code is given, its text, HTTP status and headers are the vendor's, as far as they
    are known; ``status`` and ``headers`` change them. ``drop`` closes the connection "before" the message was shown,
    or "after" it was. ``delay`` seconds pass between showing the message and answering; alone, everything else goes
    well.
    """

    errcode: int | str | None = None
    errmsg: str = ""
    status: int | None = None
    body: str | None = None
    shown: bool = False
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Any) -> "Fault":
        """Return the fault that a JSON object with these names describes; raises `ValueError` for anything else."""
        if not isinstance(value, dict) or not value or not value.keys() <= _TYPES.keys():
            raise ValueError(f"a fault is an object with some of {', '.join(_TYPES)}")
        for name, part in value.items():
            if not isinstance(part, _TYPES[name]) or (isinstance(part, bool) and name != "shown"):
                raise ValueError(f"{name} has the wrong type")
        if value.get("drop", "after") not in {"before", "after"}:
            raise ValueError('drop is "before" or "after"')
        if not 0 <= value.get("delay", 0) <= LONGEST_DELAY or not 200 <= value.get("status", 200) <= 599:
            raise ValueError("a fault's delay is at most an hour, in seconds, and its status is from 200 to 599")
        headers = value.get("headers", {})
        if not all(isinstance(text, str) and f"{name}{text}".isprintable() for name, text in headers.items()):
            raise ValueError("a fault's headers are names with texts of one line")
        return cls(**value)

    @property
    def answers(self) -> bool:
        """Tell whether the robot's own answer is replaced."""
        return self.errcode is not None or self.body is not None or self.drop == "before"


_TYPES: Mapping[str, Any] = {
    "errcode": int | str,
    "errmsg": str,
    "status": int,
    "body": str,
    "shown": bool,
    "delay": int | float,
    "drop": str,
    "headers": dict,
}
