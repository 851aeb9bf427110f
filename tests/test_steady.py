"""A process with many threads lets each finish what it is at, where the kernel lets it."""

import os
import subprocess
import sys

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such a way to schedule")


def output_of(code: str) -> str:
    """Run some lines in a process of their own, whose way to go about things may change."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@linux
def test_threads_that_are_started_later_are_scheduled_as_batches() -> None:
    shown = output_of("""
import os, threading
from posthouse.cli._steady import run_steadily
run_steadily()
thread = threading.Thread(target=lambda: print(os.sched_getscheduler(threading.get_native_id())))
thread.start()
thread.join()
""")
    assert int(shown) == os.SCHED_BATCH


@linux
def test_where_the_kernel_refuses_all_goes_on() -> None:
    shown = output_of("""
import os
from posthouse.cli._steady import run_steadily
def refuse(*_):
    raise PermissionError("no")
os.sched_setscheduler = refuse
run_steadily()
print("on")
""")
    assert shown == "on\n"


def test_what_is_there_at_the_start_is_not_looked_through_again() -> None:
    shown = output_of("""
import gc
from posthouse.cli._steady import run_steadily
before = len(gc.get_objects())
run_steadily()
print(gc.get_freeze_count() >= before, len(gc.get_objects()) < 100)
""")
    assert shown == "True True\n"
