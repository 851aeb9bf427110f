"""Makes blocks of what a payload may say or not: what is empty is left out, and what is long is cut.

Each function returns the blocks to unpack into a `Message`: one, or none where nothing is left.
"""

import re
from collections.abc import Iterable, Sequence

from posthouse.core.message import Block, Buttons, Fields, Inline, Items, Line, Link, Quote, excerpt, join, plain

#: How many entries of a list are shown before it says "… +12".
SHOWN = 10
#: How much of a text is quoted, in characters.
QUOTED = 300
#: What Markdown has for those alone who write, such as the hints in templates for issues. No page shows it.
HTML_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)


def fields(*pairs: tuple[str, Line | str]) -> tuple[Block, ...]:
    """Return the pairs that have a value as one block."""
    kept = tuple((key, (value,) if isinstance(value, str) else value) for key, value in pairs if plain(value))
    return (Fields(kept),) if kept else ()


def items(lines: Sequence[Line], *, shown: int = SHOWN) -> tuple[Block, ...]:
    """Return the first ``shown`` lines as a list that says how many more there are."""
    return (Items(tuple(lines[:shown]), len(lines[shown:])),) if lines else ()


def quote(text: str, *, limit: int = QUOTED) -> tuple[Block, ...]:
    """Return the beginning of what somebody wrote: at most ``limit`` characters, without blank lines."""
    short = excerpt(text, limit)
    return (Quote(short),) if short else ()


def quote_markdown(text: str, *, limit: int = QUOTED) -> tuple[Block, ...]:
    """Do the same for Markdown, without the HTML comments in it."""
    # Cut first: the text may have megabytes, and only its beginning can be shown.
    return quote(HTML_COMMENT.sub("", text[: limit * 20]), limit=limit)


def buttons(*links: Link) -> tuple[Block, ...]:
    """Return the links that lead somewhere as one block."""
    kept = tuple(link for link in links if link.url)
    return (Buttons(kept),) if kept else ()


def listed(parts: Iterable[Inline], separator: str, *, shown: int = SHOWN) -> Line:
    """Return the first ``shown`` parts that have a text in one line, which says how many more there are.

    It is no block, but what a field or a sentence can have. A plugin has the same with the separator of the site's
    language: `Plugin.listed`.
    """
    known = [part for part in parts if plain((part,))]
    line = join(known[:shown], separator)
    return (*line, f" … +{len(known) - shown}") if len(known) > shown else line
