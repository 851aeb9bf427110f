"""An exchange with a robot or a sender, as values. What carries credentials stays out of the ``repr``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is to be sent, once; redirects are never followed."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class AppriseRequest:
    """What the Apprise library is to send, once, to the service that its ``url`` names.

    ``level`` is one of Apprise's words: info, success, warning, failure. The library turns the ``format`` of the body
    into what the service understands. The reply is `HttpReply` of status 200, whose body is a JSON object:
    ``notified`` tells whether the service took the message, ``late`` whether it did not answer in time, and ``said`` is
    what the library wrote down about it, a list of lines.
    """

    url: str = field(repr=False)
    title: str
    body: str
    level: str = "info"
    format: Literal["text", "markdown"] = "text"


#: What a transport sends.
Request = HttpRequest | AppriseRequest


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back. Header names are lower-case; the body is cut after what the transport takes."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes
