"""Addresses to listen on: whether one is free, and under which names others reach it."""

import socket
from collections.abc import Iterator

import psutil

from posthouse.core.errors import PosthouseError

EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not used


def require_free(host: str, port: int) -> None:
    """Raise `PosthouseError` if somebody listens there already.

    Granian would share the port with another posthouse of the same user, and each would get half of the requests.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except UnicodeError:  # what no name server would be asked for, such as "a..b"
        raise PosthouseError(f"cannot listen on {host}:{port}: this is no name of a host") from None
    except OSError as error:
        raise PosthouseError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


def base_urls(host: str, port: int) -> Iterator[str]:
    """Yield the addresses under which this machine may be reached: all of them when it listens on all."""
    hosts = [host]
    if host in EVERY_ADDRESS:
        interfaces = psutil.net_if_addrs().values()
        found = {address.address for each in interfaces for address in each if address.family == socket.AF_INET}
        hosts = sorted(found, key=lambda one: (one.startswith("127."), one))
    yield from (f"http://[{one}]:{port}" if ":" in one else f"http://{one}:{port}" for one in hosts)
