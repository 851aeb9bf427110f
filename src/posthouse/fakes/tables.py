"""Where tables begin in Markdown: at a line with bars above one of dashes and bars."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

_RULER = frozenset("|:- \t")


def table_starts(lines: Sequence[str]) -> Iterator[int]:
    """Yield the number of each line that is the head of a table."""
    for number, (head, ruler) in enumerate(pairwise(lines)):
        ruler = ruler.strip("> \t")  # noqa: PLW2901 - a table may stand in a quote
        if "|" in head and "|" in ruler and "-" in ruler and _RULER.issuperset(ruler):
            yield number
