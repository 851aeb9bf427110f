"""Sends a request value and returns a reply value, bounded in time and size."""

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

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
from posthouse.core.http import AppriseRequest, HttpReply, Request
from posthouse.core.plugin import Language
from posthouse.transport.apprise import notify
from posthouse.transport.connections import CONNECT_SECONDS, TOTAL_SECONDS, HttpPool, HttpsPool

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
    """A pool of connections, used by any number of threads. ``peer`` is what errors call whoever is spoken to."""

    def __init__(
        self,
        *,
        language: Language = "zh",
        total_seconds: float = TOTAL_SECONDS,
        body_bytes: int = BODY_BYTES,
        peer: str = "the robot",
    ) -> None:
        self._remedies = REMEDIES[language]
        self._total_seconds = total_seconds
        self._body_bytes = body_bytes
        self._peer = peer
        self._pools = urllib3.PoolManager(num_pools=32, maxsize=CONNECTIONS, retries=False)
        self._pools.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}
        # Its warnings about odd answers show the whole address.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def send(self, request: Request, *, seconds: float | None = None) -> HttpReply:
        """Make the request once and return the reply, whatever its status; redirects are not followed.

        ``seconds`` is how long this one may take, if that is less than usual. Raises `TryLater` when there is no
        reply, and `Rejected` when the address cannot be one. What these say never holds the address, which is a
        credential.
        """
        total = self._total_seconds if seconds is None else min(seconds, self._total_seconds)
        if isinstance(request, AppriseRequest):
            return self._notify(request, total)
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, total), total=total)
        try:
            host, target = _split(request.url)
            response = self._pools.connection_from_host(*host).urlopen(
                request.method,
                target,
                body=request.body or None,
                headers=dict(request.headers),
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            return _reply(response, self._body_bytes)
        except (NameResolutionError, NewConnectionError, ConnectTimeoutError, SSLError) as error:
            # Nothing was sent yet, so nothing can have been shown.
            raise TryLater(_said(error, self._peer), verdict="transient", remedy=self._remedies["transient"]) from None
        except LocationValueError:
            raise Rejected("the address is no URL", verdict="config", remedy=self._remedies["config"]) from None
        except (HTTPError, OSError) as error:
            raise TryLater(_said(error, self._peer), verdict="ambiguous", remedy=self._remedies["ambiguous"]) from None

    def _notify(self, request: AppriseRequest, seconds: float) -> HttpReply:
        reply = notify(request, seconds=seconds)
        if reply is None:
            raise Rejected("Apprise does not understand the URL", verdict="config", remedy=self._remedies["config"])
        return reply

    def close(self) -> None:
        """Close every connection."""
        # A pool that is only dropped keeps its connections for as long as an old traceback refers to it.
        for key in self._pools.pools.keys():  # noqa: SIM118 - it refuses to be iterated
            pool = self._pools.pools.get(key)
            if pool is not None:
                pool.close()
        self._pools.clear()


def _split(url: str) -> tuple[tuple[str, int | None, str], str]:
    """Return host, port and scheme, and what is asked of that host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise LocationValueError("no address") from None
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise LocationValueError("no host")
    query = f"?{parts.query}" if parts.query else ""
    return (parts.hostname, port, parts.scheme), f"{parts.path or '/'}{query}"


def _reply(response: urllib3.BaseHTTPResponse, most: int) -> HttpReply:
    body = b""
    try:
        while len(body) < most and (piece := response.read1(most - len(body))):
            body += piece
    except BaseException:
        response.close()
        raise
    if len(body) >= most:
        response.close()
    else:
        response.release_conn()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpReply(status=response.status, headers=headers, body=body)


def _said(error: Exception, peer: str) -> str:
    match error:
        case NameResolutionError():
            return f"{peer}'s host name cannot be resolved"
        case NewConnectionError():  # before the next one, which it is a kind of
            return f"the connection to {peer} was refused"
        case ConnectTimeoutError():
            return f"no connection to {peer} in time"
        case SSLError():
            return f"no secure connection to {peer}: its certificate or TLS is not accepted"
        case ReadTimeoutError() | TimeoutError():
            return f"{peer} did not answer in time"
    return f"the connection to {peer} broke off"
