"""The one outgoing connection to robots: sends a request value, returns a reply value, bounded in time and size."""

import time
from collections.abc import Mapping

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from posthouse.core.errors import Rejected, TryLater
from posthouse.core.http import HttpReply, HttpRequest
from posthouse.core.plugin import Language

CONNECT_SECONDS = 3.0
#: From the start of an attempt to the last byte of its reply; a lane's lease is longer.
TOTAL_SECONDS = 10.0
BODY_BYTES = 64 * 1024
CONNECTIONS = 64

REMEDIES: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "transient": "连不上机器人，消息尚未发出：会自动重试。请检查本机的网络、DNS、防火墙和 url。",
        "ambiguous": "没有收到机器人的答复，消息可能已经送达：会自动重试。请检查网络和代理。",
        "config": "机器人的地址不是有效的网址：请检查 url。",
    },
    "en": {
        "transient": "The robot cannot be reached and nothing was sent; it is tried again by itself. "
        "Check this machine's network, DNS, firewall and the robot's url.",
        "ambiguous": "The robot did not answer, so the message may or may not be shown; it is tried again by itself. "
        "Check the network and any proxy.",
        "config": "The robot's address is not a valid one: check url.",
    },
}


class Transport:
    """A pool of connections, used by any number of threads."""

    def __init__(self, *, language: Language = "zh", total_seconds: float = TOTAL_SECONDS) -> None:
        self._remedies = REMEDIES[language]
        self._total_seconds = total_seconds
        self._pool = urllib3.PoolManager(num_pools=32, maxsize=CONNECTIONS, retries=False)

    def send(self, request: HttpRequest) -> HttpReply:
        """Make the request once and return the reply, whatever its status; redirects are not followed.

        Raises `TryLater` when there is no reply, and `Rejected` when the address cannot be one. What these say
        never holds the address, which is a credential.
        """
        deadline = time.monotonic() + self._total_seconds
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, self._total_seconds), total=self._total_seconds)
        try:
            response = self._pool.urlopen(
                "POST",
                request.url,
                body=request.body,
                headers=dict(request.headers),
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            return _reply(response, deadline)
        except (NameResolutionError, NewConnectionError, ConnectTimeoutError, SSLError) as error:
            # Nothing was sent yet, so nothing can have been shown.
            raise TryLater(_said(error), verdict="transient", remedy=self._remedies["transient"]) from None
        except LocationValueError:
            raise Rejected("the address is no URL", verdict="config", remedy=self._remedies["config"]) from None
        except (HTTPError, OSError) as error:
            raise TryLater(_said(error), verdict="ambiguous", remedy=self._remedies["ambiguous"]) from None

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()


def _reply(response: urllib3.BaseHTTPResponse, deadline: float) -> HttpReply:
    """Read the body piece by piece: a robot that drips bytes must not hold its lane beyond the lease."""
    body = b""
    late = False
    try:
        while len(body) < BODY_BYTES and not late and (piece := response.read1(BODY_BYTES - len(body))):
            body += piece
            late = time.monotonic() > deadline
    except BaseException:
        response.close()
        raise
    if late:
        response.close()
        raise TimeoutError
    if len(body) >= BODY_BYTES:
        response.close()
    else:
        response.release_conn()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpReply(status=response.status, headers=headers, body=body)


def _said(error: Exception) -> str:
    match error:
        case NameResolutionError():
            return "the robot's host name cannot be resolved"
        case NewConnectionError():  # before the next one, which it is a kind of
            return "the connection to the robot was refused"
        case ConnectTimeoutError():
            return "no connection to the robot in time"
        case SSLError():
            return "no secure connection to the robot: its certificate or TLS is not accepted"
        case ReadTimeoutError() | TimeoutError():
            return "the robot did not answer in time"
    return "the connection to the robot broke off"
