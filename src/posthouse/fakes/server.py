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
from wsgiref.types import StartResponse, WSGIEnvironment

from waitress import wasyncore
from waitress.server import create_server

from posthouse.fakes.dingtalk import SEND_PATH, FakeDingTalk, FakeReply, Fault
from posthouse.fakes.page import PAGE_HEADERS, page

#: What a request body may have here: more than the robots take, so that they can say that it is too long.
READ_BYTES = 4 * 1024 * 1024
THREADS = 8


class FakeRobots:
    """A WSGI application.

    ``POST /robot/send`` is the robots' address. ``GET /`` is a page for people. For tests in other processes there
    are ``GET /robots/<token>/shown`` (a list of messages), ``GET /robots/<token>/requests`` (a list of `Received`),
    ``POST /robots/<token>/misbehave`` (a list of `Fault`) and ``GET /healthz``, all in JSON.
    """

    def __init__(self, dingtalk: FakeDingTalk) -> None:
        self.dingtalk = dingtalk

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
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read(READ_BYTES)
        if path == SEND_PATH:
            headers = {"content-type": environ.get("CONTENT_TYPE", "")}
            client = environ.get("REMOTE_ADDR", "127.0.0.1")
            return self.dingtalk.answer(method, path, environ["QUERY_STRING"], headers, body, client=client)
        match method, path.strip("/").split("/"):
            case "GET" | "HEAD", [""]:
                return FakeReply(200, PAGE_HEADERS, page(self.dingtalk).encode())
            case "GET" | "HEAD", ["healthz"]:
                return _json({"status": "ok"})
            case "GET", ["robots", token, "shown"]:
                return _json(self.dingtalk.shown(_text(token)))
            case "GET", ["robots", token, "requests"]:
                return _json([asdict(received) for received in self.dingtalk.requests(_text(token))])
            case "POST", ["robots", token, "misbehave"]:
                return self._misbehave(_text(token), body)
        return _json({"error": "there is nothing here"}, status=404)

    def _misbehave(self, token: str, body: bytes) -> FakeReply:
        try:
            value = json.loads(body)
            faults = [Fault.from_json(fault) for fault in (value if isinstance(value, list) else [value])]
            self.dingtalk.misbehave(token, *faults)
        except ValueError as error:
            return _json({"error": str(error)}, status=400)
        except KeyError as error:
            return _json({"error": str(error.args[0])}, status=404)
        return _json({"faults": len(faults)})


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


def _text(part: str) -> str:
    """Return a part of a path as text; WSGI hands bytes over as if they were Latin-1, decoded once already."""
    return part.encode("latin-1").decode("utf-8", "replace")


def _json(value: Any, *, status: int = 200) -> FakeReply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return FakeReply(status, {"Content-Type": "application/json; charset=utf-8"}, body)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
