"""The worker's own page for Prometheus, which a thread serves: a worker has no other reason to speak HTTP."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import click

from posthouse.config import ServerSettings
from posthouse.core.errors import PosthouseError
from posthouse.meters import CONTENT_TYPE, Page, WorkMeters

PATH = "/metrics"


def serve_metrics(meters: WorkMeters, server: ServerSettings, *, port: int | None, descriptor: int | None) -> None:
    """Serve the page from now on until the process ends, on a port, on a socket that listens already, or on both.

    Raises `PosthouseError` for a port that cannot be had.
    """
    if not server.metrics:
        if port is not None:
            raise click.UsageError("with server.metrics: off there is nothing to serve on --metrics-port")
        return
    token = server.metrics_token.get_secret_value() if server.metrics_token else None
    page = Page(meters.registry, token=token)
    if port is not None:
        _serve(_listen(server.host, port), page)
    if descriptor is not None:  # the parent's, for the web process beside this one
        _serve(socket.socket(fileno=descriptor), page)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except (OSError, UnicodeError) as error:
        raise PosthouseError(f"cannot serve metrics on {host}:{port}: {error}") from error


def _serve(listener: socket.socket, page: Page) -> None:
    server = _Server(listener, page)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Server(ThreadingHTTPServer):
    def __init__(self, listener: socket.socket, page: Page) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()  # the one it made itself
        self.socket = listener
        self.page = page

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of those who do not wait for the answer."""


class _Handler(BaseHTTPRequestHandler):
    #: How long somebody may take to say what they want, in seconds.
    timeout = 5.0

    def do_GET(self) -> None:
        """Answer with the page, or why not."""
        page = cast("_Server", self.server).page
        if self.path.partition("?")[0] != PATH:
            self._answer(404, b"there is nothing here but /metrics\n")
        elif not page.may_read(self.headers.get("Authorization", "")):
            self._answer(401, b"this page needs the server.metrics_token as a bearer token\n")
        else:
            self._answer(200, page.text())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Keep no access log."""

    def version_string(self) -> str:
        """Name nothing but ourselves."""
        return "posthouse"
