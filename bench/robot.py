"""A robot that takes everything at once: the least that an HTTP server can do, so that it is not what is measured."""

import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{"errcode":0,"errmsg":"ok"}'


@contextmanager
def robot() -> Iterator[tuple[int, "Synchronized[int]", "Synchronized[float]"]]:
    """Yield the port, how many requests were answered, and when the last one came (by the wall clock)."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    count = multiprocessing.Value("i", 0)
    last_at = multiprocessing.Value("d", 0.0)
    process = multiprocessing.Process(target=_serve, args=(listener, count, last_at), daemon=True)
    process.start()
    try:
        yield listener.getsockname()[1], count, last_at
    finally:
        process.terminate()
        process.join()
        listener.close()


def _serve(listener: socket.socket, count: "Synchronized[int]", last_at: "Synchronized[float]") -> None:
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, None)
    while True:
        for key, _ in selector.select():
            if key.data is None:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(sock, selectors.EVENT_READ, bytearray())
                continue
            received = key.fileobj.recv(65536)
            if not received:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                continue
            key.data.extend(received)
            if _is_complete(key.data):
                key.data.clear()
                last_at.value = time.time()
                count.value += 1
                key.fileobj.sendall(ANSWER)


def _is_complete(received: bytearray) -> bool:
    head, separator, rest = bytes(received).partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(rest) >= int(line.split(b":")[1])
    return True
