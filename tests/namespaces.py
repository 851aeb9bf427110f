"""Hosts of their own on one machine: network namespaces of Linux on a bridge, whose cables can be pulled."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO

#: What a network is made of.
PROBE = "ip netns add probe$$ && ip netns del probe$$ && ip link add type veth && ip link add type bridge"


def missing() -> str | None:
    """Return what it takes to make hosts and is not there; None if they can be made."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces take Linux and root"
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return "network namespaces take iproute2 and util-linux"
    # In a namespace of its own, of which nothing is left.
    done = subprocess.run(["unshare", "--net", "sh", "-c", PROBE], capture_output=True, text=True)
    return f"network namespaces cannot be made: {done.stderr.strip()}" if done.returncode else None


@dataclass(frozen=True)
class Host:
    """A namespace with one address. Its ``plug`` is the other end of its cable."""

    name: str
    address: str
    plug: str

    def start(self, command: Sequence[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a process that sees no network but this host's."""
        return subprocess.Popen(["ip", "netns", "exec", self.name, *command], stdout=log, stderr=log)

    @contextmanager
    def talk(self, command: Sequence[str]) -> "Iterator[subprocess.Popen[str]]":
        """Run a process on this host for the length of a ``with`` statement, whose input and output are lines."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(["ip", "netns", "exec", self.name, *command], text=True, **pipes) as started:
            try:
                yield started
            finally:
                started.kill()

    def unplug(self) -> None:
        """Pull the cable at the far end: what is sent is lost, and nobody is told."""
        ip("link", "set", self.plug, "down")

    def plug_in(self) -> None:
        ip("link", "set", self.plug, "up")


@dataclass(frozen=True)
class Network:
    """The hosts, and the address at which they find what listens on this machine."""

    address: str
    hosts: Sequence[Host]


@contextmanager
def network(count: int) -> Iterator[Network]:
    """Make some hosts for the length of a ``with`` statement, if nothing is `missing`."""
    me = os.getpid()
    bridge, prefix = f"ph{me}", f"10.213.{me % 256}"
    with ExitStack() as stack:
        ip("link", "add", bridge, "type", "bridge")
        stack.callback(partial(ip, "link", "del", bridge))
        ip("addr", "add", f"{prefix}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        hosts = [Host(f"{bridge}-{n}", f"{prefix}.{n + 2}", f"{bridge}v{n}") for n in range(count)]
        for host in hosts:
            ip("netns", "add", host.name)
            stack.callback(partial(ip, "netns", "del", host.name))
            ip("link", "add", host.plug, "type", "veth", "peer", "name", "eth0", "netns", host.name)
            # Both ends, and at once: those in a namespace are gone some time after it.
            stack.callback(partial(ip, "link", "del", host.plug))
            ip("link", "set", host.plug, "master", bridge, "up")
            ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
            for end in ("lo", "eth0"):
                ip("-n", host.name, "link", "set", end, "up")
        yield Network(f"{prefix}.1", hosts)


def ip(*arguments: str) -> None:
    """Run iproute2's command; raises `CalledProcessError`."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
