"""How a process with many threads goes about its work once it has started."""

import contextlib
import gc
import os

#: How many new objects it takes until Python looks through them for what is not needed any more: a request makes a few
#: hundred, and lets go of them by itself. Python's own 700 would make every second request wait for that.
NEW_OBJECTS = 20_000


def run_steadily() -> None:
    """Let threads finish what they are at, and leave alone what is there to stay.

    Only one thread at a time can run Python. On Linux, the kernel would interrupt that one for each that has been
    woken up and can only wait for it; as a batch process it does not (sched(7)). Threads that are started from now on
    do the same. Where the kernel does not let us, all goes on a little more slowly.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
