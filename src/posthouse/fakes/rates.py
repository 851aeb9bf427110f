"""How many requests a robot takes, and for how long it takes none after too many. Time is an argument."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` requests in any ``seconds``; 0 is any number."""

    count: int
    seconds: float = 60.0


@dataclass(slots=True)
class Rate:
    """One robot's limits and what was asked of it.

    With a ``penalty``, one request too many lets the robot refuse everything for so many seconds, and what comes
    meanwhile does not prolong it; without one, requests pass again as soon as older ones are out of the window.
    """

    limits: tuple[Limit, ...]
    penalty: float = 0.0
    _recent: deque[float] = field(default_factory=deque)
    _refused_until: float = 0.0

    def refuses(self, now: float) -> bool:
        """Count a request made at ``now``, in seconds, and tell whether it is one too many."""
        if now < self._refused_until:
            return True
        window = max(limit.seconds for limit in self.limits)
        while self._recent and self._recent[0] <= now - window:
            self._recent.popleft()
        if not any(self._rest(limit, now) for limit in self.limits):
            self._recent.append(now)
            return False
        if self.penalty:
            self._recent.clear()
            self._refused_until = now + self.penalty
        return True

    def rest(self, now: float) -> float:
        """Return in how many seconds from ``now`` a request would pass."""
        return max(self._refused_until - now, *(self._rest(limit, now) for limit in self.limits), 0.0)

    def _rest(self, limit: Limit, now: float) -> float:
        if not limit.count or len(self._recent) < limit.count:
            return 0.0
        return max(0.0, self._recent[-limit.count] + limit.seconds - now)
