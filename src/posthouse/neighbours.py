"""Which workers are on the same machine, so that nobody waits for the leases of those that died there."""

import contextlib
import logging
import os
import socket
import sys
import time
from pathlib import Path

import psutil

from posthouse.outbox import Outbox

log = logging.getLogger("posthouse.worker")

#: What tells a machine from others of the same name: its present start, or, where a sandbox hides that, its number.
MACHINES = (Path("/proc/sys/kernel/random/boot_id"), Path("/etc/machine-id"))


def own_name() -> str:
    """Return a name for this process that no other one has, on whichever machine."""
    return f"{_place()}/{os.getpid()}/{time.time_ns()}"


def bury_the_dead(outbox: Outbox, holder: str) -> None:
    """End the leases of processes of this machine that are no more; this one is ``holder``."""
    place, own, _ = holder.rsplit("/", 2)
    dead = []
    for name in outbox.lanes.holders():
        parts = name.rsplit("/", 3)
        if len(parts) != 4 or parts[0] != place or name.startswith(f"{holder}/"):
            continue
        if parts[1] == own or _is_dead(int(parts[1])):
            dead.append(name)
    if dead:
        log.warning("taking over %d lanes of a worker that died", len(dead))
        outbox.lanes.end_leases(dead)


def _place() -> str:
    """Name this machine, and on Linux the container too: process numbers mean something only inside it."""
    if sys.platform != "linux":
        return socket.gethostname()
    return f"{socket.gethostname()}:{_machine()}:{Path('/proc/self/ns/pid').readlink()}"


def _machine() -> str:
    for path in MACHINES:
        with contextlib.suppress(OSError):
            return path.read_text().strip()
    return ""


def _is_dead(number: int) -> bool:
    """Tell whether a process is no more, or only its parent has not noticed yet."""
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
