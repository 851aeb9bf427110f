"""Ends a process when its parent ends, however that happens; so that nobody keeps the port of a killed ``serve``."""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.2


def die_with_parent(parent: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send the signal ``by`` when ``parent`` ends; elsewhere than on Linux a thread looks for it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:  # it ended before we could ask
            os.kill(os.getpid(), by)
    else:
        threading.Thread(target=_watch, args=(parent, by), daemon=True).start()


def _watch(parent: int, by: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), by)
