"""What a database that failed has left undone: lanes to give back, and what came of attempts."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from posthouse.core.errors import LeaseLost, StoreUnavailable
from posthouse.outbox.lanes import Lanes
from posthouse.outbox.work import Claim, Settlement, Unsettled

log = logging.getLogger("posthouse.outbox")


class Dropped:
    """The lanes that one process has let go of in the middle of its work; used by any number of threads."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._left: deque[tuple[Claim, Settlement | None]] = deque()

    @contextmanager
    def seeing_to(self, claim: Claim) -> Iterator[None]:
        """Keep a lane in mind in which work ends by a failing database, and what is to be noted there."""
        try:
            yield
        except StoreUnavailable as error:
            self._left.append((claim, error.settled if isinstance(error, Unsettled) else None))
            raise

    def pick_up(self) -> None:
        """Note what was told, so that it is not told again, and give the lanes back; raises `StoreUnavailable`."""
        while self._left:
            try:
                claim, settled = left = self._left.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                if settled is None:
                    self._lanes.end_leases((claim.holder,))
                else:
                    self._lanes.settle_late(claim, settled)
            except LeaseLost as error:
                log.warning("%s; what was sent last may be sent there again", error)
            except StoreUnavailable:
                self._left.append(left)
                raise
