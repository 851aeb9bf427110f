"""How a process ends: with its parent, so that nobody keeps the port of a killed ``serve``; and told to stop once.

A terminal or systemd tells every process to stop, and parents tell their children as well, within milliseconds. Granian
sets a `threading.Event` then, whose lock is not reentrant: a handler that interrupts the same handler waits for itself.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from types import FrameType

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: How long a child waits when told to stop, in seconds: its parent, told at the same time, then knows why it ends.
CHILD_SECONDS = 0.1


def die_with_parent(parent: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send the signal ``by`` when ``parent`` ends; elsewhere than on Linux a thread looks for it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:  # it ended before we could ask
            os.kill(os.getpid(), by)
    else:
        threading.Thread(target=_watch, args=(parent, by), daemon=True).start()


def hear_stop_once() -> None:
    """Let those who handle SIGTERM and SIGINT now be called once; for a process that forks, so has no threads."""
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        handler = handlers[signal.Signals(number)]
        if not heard and callable(handler):
            heard = True
            handler(number, frame)

    for number in STOP_SIGNALS:
        signal.signal(number, hear)


def hear_stop_in_a_thread() -> None:
    """Let whoever handles SIGTERM and SIGINT later be called once, by a thread; until then the process just ends.

    To be called in the main thread of a child before others are started: they inherit what it does not hear.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threading.Thread(target=_hear, daemon=True).start()


def _hear() -> None:
    number = signal.sigwait(STOP_SIGNALS)
    time.sleep(CHILD_SECONDS)
    handler = signal.getsignal(number)
    if not callable(handler):
        os._exit(0)
    handler(number, None)


def _watch(parent: int, by: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), by)
