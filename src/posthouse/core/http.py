"""An HTTP exchange with a robot, as values. Addresses and bodies stay out of the ``repr``: they carry credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is to be sent: always a POST, never following redirects."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back. Header names are lower-case; the body is cut after 64 KiB."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes
