"""Posts over many connections as fast as a server answers, from one thread, and times every request."""

import json
import selectors
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PUSH = Path(__file__).parent.parent / "tests/webhooks/gitlab/payloads/push_hook__two_commits.json"


@dataclass
class Result:
    """What came of a load: requests in all, per second, latencies in milliseconds, and statuses."""

    seconds: float
    latencies: list[float]
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency, in milliseconds, that ``share`` of the requests did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


class Pushes:
    """Real push payloads of about one size that differ in the commit they lead to: nobody is told of one push twice."""

    def __init__(self, size: int) -> None:
        body = _push_of(size)
        after = json.dumps(json.loads(body)["after"]).encode()
        self._parts = body.split(b'"after": ' + after, 1)

    def __getitem__(self, number: int) -> bytes:
        """Return the payload of one push."""
        return (b'"after": "%040x"' % (number + 1)).join(self._parts)


def _push_of(size: int) -> bytes:
    """Return a real push payload, filled with more commits up to about ``size`` bytes."""
    payload = json.loads(PUSH.read_text())
    commit = payload["commits"][0]
    while len(json.dumps(payload)) < size - 200:
        room = size - len(json.dumps(payload))
        payload["commits"].append({**commit, "added": [f"src/file_{n}.py" for n in range(min(room, 2000) // 20)]})
    return json.dumps(payload).encode()


@dataclass
class _Connection:
    sock: socket.socket
    out: bytes = b""
    started_at: float = 0.0
    received: bytes = b""
    events: int = selectors.EVENT_READ


def run(  # noqa: C901 - one loop, kept in one piece for its speed
    ports: Sequence[int], path: str, pushes: Pushes, *, connections: int, seconds: float, headers: str = ""
) -> Result:
    """Post pushes, each with a ``webhook-id`` of its own, for some seconds, to servers in turn.

    Answers must have a Content-Length.
    """
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Gitlab-Event: Push Hook\r\n{headers}Content-Length: {len(pushes[0])}\r\nwebhook-id: "
    ).encode()
    selector = selectors.DefaultSelector()
    result = Result(seconds=0.0, latencies=[])
    run_id = uuid.uuid4().hex
    sent = 0

    def begin(connection: _Connection) -> None:
        nonlocal sent
        sent += 1
        connection.out = head + f"{run_id}-{sent}\r\n\r\n".encode() + pushes[sent]
        connection.received = b""
        connection.started_at = time.perf_counter()
        push(connection)

    def push(connection: _Connection) -> None:
        try:
            done = connection.sock.send(connection.out)
        except BlockingIOError:
            done = 0
        connection.out = connection.out[done:]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.out else 0)
        if events != connection.events:
            connection.events = events
            selector.modify(connection.sock, events, connection)

    for number in range(connections):
        sock = socket.create_connection(("127.0.0.1", ports[number % len(ports)]))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(0.0)
        selector.register(sock, selectors.EVENT_READ, _Connection(sock))
    started_at = time.perf_counter()
    for key in list(selector.get_map().values()):
        begin(key.data)
    open_connections = connections
    while open_connections:
        for key, events in selector.select(5.0):
            connection: _Connection = key.data
            if events & selectors.EVENT_WRITE:
                push(connection)
            if not events & selectors.EVENT_READ:
                continue
            connection.received += connection.sock.recv(65536)
            status = _status_if_complete(connection.received)
            if status is None:
                continue
            now = time.perf_counter()
            result.latencies.append((now - connection.started_at) * 1000)
            result.statuses[status] = result.statuses.get(status, 0) + 1
            if now - started_at < seconds:
                begin(connection)
            else:
                selector.unregister(connection.sock)
                connection.sock.close()
                open_connections -= 1
    result.seconds = time.perf_counter() - started_at
    selector.close()
    return result


def _status_if_complete(received: bytes) -> int | None:
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    return int(head[9:12]) if len(rest) >= length else None
