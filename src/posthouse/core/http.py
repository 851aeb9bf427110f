"""An HTTP exchange with a robot or a sender, as values. What carries credentials stays out of the ``repr``."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is to be sent, once; redirects are never followed."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back. Header names are lower-case; the body is cut after what the transport takes."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes
