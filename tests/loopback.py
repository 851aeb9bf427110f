"""Servers on loopback that answer as a test says, byte by byte: for what no well-behaved server does."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Talks on one connection that was accepted; the connection is closed when it returns.
Talk = Callable[["Caller"], None]
REQUEST_END = b"\r\n\r\n"


class Caller:
    """A client that has connected. `over` is set when the test is."""

    def __init__(self, connection: socket.socket, over: threading.Event, number: int) -> None:
        self.connection = connection
        self.over = over
        self.number = number

    def request(self) -> bytes:
        """Return the next request with its body, or nothing if the client has closed the connection."""
        received = b""
        while REQUEST_END not in received:
            piece = self.connection.recv(65536)
            if not piece:
                return b""
            received += piece
        head, _, body = received.partition(REQUEST_END)
        lengths = [line.partition(b":")[2] for line in head.splitlines() if line.lower().startswith(b"content-length")]
        length = int(lengths[0]) if lengths else 0
        while len(body) < length:
            body += self.connection.recv(65536)
        return head + REQUEST_END + body

    def say(self, text: bytes) -> None:
        """Send bytes."""
        self.connection.sendall(text)

    def drip(self, text: bytes, *, every: float) -> None:
        """Send one byte after the other, until the client has gone or the test is over."""
        for number in range(len(text)):
            if self.over.wait(every):
                return
            self.say(text[number : number + 1])

    def wait(self) -> None:
        """Say nothing until the test is over."""
        self.over.wait(10)


@contextmanager
def listening(talk: Talk) -> Iterator[str]:
    """Listen for the length of a ``with`` statement, and give it the address, such as "127.0.0.1:4711"."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        loop = threading.Thread(target=_accept, args=(listener, talk, over, threads))
        loop.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()  # wakes the loop
            loop.join()
            for thread in threads:
                thread.join()


def _accept(listener: socket.socket, talk: Talk, over: threading.Event, threads: list[threading.Thread]) -> None:
    while True:
        connection, _ = listener.accept()
        if over.is_set():
            connection.close()
            return
        connection.settimeout(10)
        thread = threading.Thread(target=_converse, args=(Caller(connection, over, len(threads)), talk))
        threads.append(thread)
        thread.start()


def _converse(caller: Caller, talk: Talk) -> None:
    with caller.connection, contextlib.suppress(OSError):  # the client has gone
        talk(caller)
