"""Connections whose answers end in time, whatever the other side does: urllib3 bounds only each step of its own."""

import http.client
import io
import socket
import time
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

CONNECT_SECONDS = 3.0
#: From the start of an attempt to the last byte of its reply; a lane's lease is longer.
TOTAL_SECONDS = 10.0


class _Incoming(io.RawIOBase):
    """What a socket receives, up to a moment: its own timeout begins anew with every byte.

    Who drips an answer must not hold a lane beyond its lease.
    """

    def __init__(self, sock: socket.socket, stream: io.RawIOBase) -> None:
        self._socket = sock
        self._stream = stream
        self._deadline = time.monotonic() + (sock.gettimeout() or 0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        rest = self._deadline - time.monotonic()
        if rest <= 0.0:
            raise TimeoutError
        self._socket.settimeout(rest)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Incoming(sock, self.fp.detach()))


class _HttpConnection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _HttpsConnection(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connected(self)


def _connected(connection: HTTPConnection) -> socket.socket:
    """Connect to one of the host's addresses, within the timeout over all of them: urllib3 gives it to each anew."""
    began_at = time.monotonic()
    try:
        found = socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise LocationValueError("no host name") from None
    except OSError as error:
        raise NameResolutionError(connection.host, connection, error) from error  # type: ignore[arg-type]
    patience = connection.timeout or CONNECT_SECONDS
    deadline = time.monotonic() + patience
    failure: OSError = TimeoutError()
    # Name servers may have taken longer than the whole attempt may: then nothing is sent any more.
    usable = found if time.monotonic() - began_at < TOTAL_SECONDS else []
    for number, (*_, address) in enumerate(usable):
        rest = (deadline - time.monotonic()) / (len(usable) - number)
        try:
            return create_connection(
                (str(address[0]), int(address[1])), max(rest, 0.01), socket_options=connection.socket_options
            )
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "no connection in time")
    raise NewConnectionError(connection, "no connection") from failure


class HttpPool(urllib3.HTTPConnectionPool):
    """Connections to one host over HTTP."""

    ConnectionCls = _HttpConnection


class HttpsPool(urllib3.HTTPSConnectionPool):
    """Connections to one host over HTTPS."""

    ConnectionCls = _HttpsConnection
