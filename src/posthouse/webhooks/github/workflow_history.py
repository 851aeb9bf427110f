"""What is remembered of a workflow on a branch: how its newest run ended, and since when it fails."""

import re
from dataclasses import dataclass, replace

from posthouse import Reader
from posthouse.webhooks.github.payload import word

#: How runs end that say something about the code; GitHub's other conclusions do not.
ENDS = {"success": "success", "failure": "failed", "timed_out": "failed", "startup_failure": "failed"}
#: An `End` as it is remembered. The numbers are bounded, as Python would not read endless ones.
REMEMBERED = re.compile(r"(success|failed) ([0-9]{1,30})\.([0-9]{1,30}) since ([0-9]{1,30})")


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: ``stamp`` is its number and attempt, ``since`` the number of the first run that failed."""

    outcome: str
    stamp: tuple[int, int]
    since: int

    def __str__(self) -> str:
        run, attempt = self.stamp
        return f"{self.outcome} {run}.{attempt} since {self.since}"

    def after(self, last: "End | None") -> "End":
        """Return the same with what is known from before: when the failing began."""
        return replace(self, since=last.since) if last and last.outcome == self.outcome == "failed" else self


def outcome(change: Reader) -> str:
    """Return how the run ended, in the words of `End`; else GitHub's own word, such as "cancelled"."""
    conclusion = word(change, "workflow_run.conclusion")
    return ENDS.get(conclusion, conclusion)


def end_of(change: Reader) -> End | None:
    """Return how a run ended; None for one that goes on, has no number, or says nothing about the code."""
    run, how = change.count("workflow_run.run_number"), outcome(change)
    if run is None or change.text("action") != "completed" or how not in ENDS.values():
        return None
    return End(how, (run, change.count("workflow_run.run_attempt") or 1), run)


def recalled(text: str | None) -> End | None:
    """Return what was remembered; None for nothing."""
    found = REMEMBERED.fullmatch(text or "")
    return End(found[1], (int(found[2]), int(found[3])), int(found[4])) if found else None


def compared(now: End, last: End | None) -> str:
    """Return what the end of a run means after the one before: a failure may be a new one, a success a relief.

    A repeat of the last run means what it meant at first.
    """
    if now.outcome == "failed":
        goes_on = last and last.outcome == "failed" and (last.stamp < now.stamp or last.since < now.stamp[0])
        return "still_failing" if goes_on else "failed"
    return "fixed" if last and last.outcome == "failed" and last.stamp < now.stamp else "success"


def is_outdated(now: End | None, last: End | None) -> bool:
    """Tell whether a newer run, or a newer attempt at this one, has ended before."""
    return now is not None and last is not None and now.stamp < last.stamp
