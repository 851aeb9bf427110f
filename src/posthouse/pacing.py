"""How fast a robot may be called, and how long its lane rests after a failure. Pure."""

import random
from collections.abc import Sequence

#: A robot's budget is counted over this many seconds.
WINDOW = 60.0
#: More attempts than this are not remembered; no limit is higher.
REMEMBERED = 600
#: Pauses after failures that name none, in seconds: about 2, 8, 32, 128, 512, then always 600.
FIRST_PAUSE = 2.0
PAUSE_GROWTH = 4.0
LONGEST_PAUSE = 600.0


class Pace:
    """The latest attempts of a lane, by which its budget of ``per_minute`` (0 for no limit) is counted.

    An attempt counts from when it *ended*. The robot counts it when it arrives, which is earlier, so that a window of
    ours never holds more than the robot's own, whatever the network does.
    """

    def __init__(self, ended: Sequence[float], per_minute: int) -> None:
        self._ended = list(ended)
        self._per_minute = per_minute

    def add(self, ended_at: float) -> None:
        """Count one more attempt."""
        self._ended.append(ended_at)

    def ready_at(self) -> float:
        """Return when the next attempt keeps to the limit; 0.0 for at once."""
        if self._per_minute == 0 or len(self._ended) < self._per_minute:
            return 0.0
        return self._ended[-self._per_minute] + WINDOW

    def recent(self, now: float) -> tuple[float, ...]:
        """Return what must be remembered of the attempts: nothing where there is no limit."""
        if self._per_minute == 0:
            return ()
        return tuple(ended for ended in self._ended[-REMEMBERED:] if ended > now - WINDOW)


def pause(failures: int) -> float:
    """Return how many seconds to rest after the ``failures``-th failure in a row, growing, with jitter of a fifth."""
    steady = min(FIRST_PAUSE * PAUSE_GROWTH ** min(failures - 1, 10), LONGEST_PAUSE)
    return steady * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, no secret
