"""The robots behind HTTP, with a page that shows what their groups see."""

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from types import FrameType
from typing import Any
from urllib.parse import quote, unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from waitress import wasyncore
from waitress.server import create_server

from posthouse.fakes.exchange import FakeReply, json_reply
from posthouse.fakes.faults import Fault
from posthouse.fakes.page import PAGE_HEADERS, page
from posthouse.fakes.vendor import FakeVendor

#: What a request body may have here: more than the robots take, so that they can say that it is too long.
READ_BYTES = 4 * 1024 * 1024
THREADS = 8
NOTHING_HERE = json_reply({"error": "there is nothing here"}, status=404)


class FakeRobots:
    """A WSGI application with the robots of one vendor or several, at their vendors' paths.

    ``GET /`` is a page for people. For tests in other processes there are, all in JSON and for a vendor that is
    dingtalk, feishu or wecom,

    - ``GET /robots/<vendor>/<token>/shown``: a list of messages
    - ``GET /robots/<vendor>/<token>/mentions``: a list of ids for each of them
    - ``GET /robots/<vendor>/<token>/requests``: a list of `Received`
    - ``POST /robots/<vendor>/<token>/misbehave``: a `Fault` or a list of them, for the next requests
    - ``GET /healthz``

    Without ``/<vendor>`` it is the first vendor that is meant. Raises `ValueError` for two fakes of one vendor.
    """

    def __init__(self, *vendors: FakeVendor[Any]) -> None:
        self.vendors = vendors
        if not vendors or len({vendor.name for vendor in vendors}) < len(vendors):
            raise ValueError("fake robots need one vendor or several different ones")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises `ConnectionAbortedError` where the connection is to be dropped."""
        reply = self._reply(environ)
        _wait(reply.delay, gone=environ.get("waitress.client_disconnected", lambda: False))
        if reply.dropped:
            # With log_socket_errors off, waitress closes the connection on an OSError without having sent anything.
            raise ConnectionAbortedError("dropped on demand")
        headers = [*reply.headers.items(), ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {_reason(reply.status)}", headers)
        return [reply.body]

    def _reply(self, environ: WSGIEnvironment) -> FakeReply:
        method, path = environ["REQUEST_METHOD"], quote(environ["PATH_INFO"], encoding="latin-1")
        body = environ["wsgi.input"].read(READ_BYTES)
        for vendor in self.vendors:
            if vendor.serves(path):
                headers = {"content-type": environ.get("CONTENT_TYPE", "")}
                client = environ.get("REMOTE_ADDR", "127.0.0.1")
                return vendor.answer(method, path, environ["QUERY_STRING"], headers, body, client=client)
        match method, path.strip("/").split("/"):
            case "GET" | "HEAD", [""]:
                return FakeReply(200, PAGE_HEADERS, page(self.vendors).encode("utf-8", "replace"))
            case "GET" | "HEAD", ["healthz"]:
                return json_reply({"status": "ok"})
            case _, ["robots", *more] if len(more) in (2, 3):
                vendors = [one for one in self.vendors if len(more) == 2 or one.name == more[0]]
                return self._ask(vendors[0], method, unquote(more[-2]), more[-1], body) if vendors else NOTHING_HERE
        return NOTHING_HERE

    def _ask(self, vendor: FakeVendor[Any], method: str, token: str, what: str, body: bytes) -> FakeReply:
        match method, what:
            case "GET", "shown":
                return json_reply(vendor.shown(token))
            case "GET", "mentions":
                return json_reply(vendor.mentions(token))
            case "GET", "requests":
                return json_reply([asdict(received) for received in vendor.requests(token)])
            case "POST", "misbehave":
                return _misbehave(vendor, token, body)
        return NOTHING_HERE


def _misbehave(vendor: FakeVendor[Any], token: str, body: bytes) -> FakeReply:
    try:
        value = json.loads(body)
        faults = [Fault.from_json(fault) for fault in (value if isinstance(value, list) else [value])]
        vendor.misbehave(token, *faults)
    except (ValueError, RecursionError) as error:
        return json_reply({"error": str(error)}, status=400)
    except KeyError as error:
        return json_reply({"error": str(error.args[0])}, status=404)
    return json_reply({"faults": len(faults)})


@contextmanager
def running(app: FakeRobots, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a background thread for the length of a ``with`` statement, and give it the address ("http://…:8099").

    Port 0 takes a free one; raises `OSError` if the port cannot be had. At the end every connection is closed, also
    those that still wait for a late answer.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    server = create_server(
        app, sockets=[listener], threads=THREADS, ident="", log_socket_errors=False, asyncore_use_poll=True
    )
    loop = threading.Thread(target=server.run, name=f"fake robots at {address}")
    loop.start()
    try:
        yield address
    finally:
        _stop(server, loop)


def serve(app: FakeRobots, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, having told ``ready`` the address; only in a process's main thread."""
    told_to_stop = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        told_to_stop.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(app, host=host, port=port) as address:
            ready(address)
            told_to_stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(server: Any, loop: threading.Thread) -> None:
    """Let the server's own thread close its sockets, and its wake-up pipe last: until then others may write to it."""

    def close_connections() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        wasyncore.dispatcher.close(server)

    server.trigger.pull_trigger(close_connections)
    server.task_dispatcher.shutdown()
    # Without its last channel the loop ends.
    server.trigger.pull_trigger(server.trigger.del_channel)
    loop.join()
    server.trigger.close()


def _wait(seconds: float, *, gone: Callable[[], bool]) -> None:
    """Let time pass, unless the client has given up or the server stops."""
    until = time.monotonic() + seconds
    while not gone() and (rest := until - time.monotonic()) > 0:
        time.sleep(min(rest, 0.02))


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
