"""What people wrote into Jira, as plain text to quote: wiki markup, and the document format that follows it."""

from collections.abc import Iterator, Mapping

from posthouse import excerpt
from posthouse.webhooks.jira import adf, wiki

#: How much of a text is quoted, in characters.
QUOTED = 300
#: How much of a text is read for that, in characters: what is beyond cannot be seen, and markup is left out.
READ = 4000
#: How much of a text is looked through for mentions, in characters.
LOOKED_THROUGH = 20_000


def excerpt_of(body: object, people: Mapping[str, str]) -> str:
    """Return the beginning of a description or a comment as readable plain text of a few lines.

    Jira's webhooks have wiki markup, on Cloud too; a document (``{"type": "doc"}``) is what REST version 3 has in its
    place. Anything else reads as nothing. ``people`` are display names by account id, user name and user key: who is
    mentioned and not among them is "@…", as an account id says nothing to anybody.

    Takes linear time, and the time for a few thousand characters at most.
    """
    if isinstance(body, str):
        text = body.strip()
        shown, cut = wiki.plain_text(text[:READ], people), len(text) > READ
    elif isinstance(body, dict) and body.get("type") == "doc":
        shown, cut = adf.plain_text(body, people, limit=READ)
    else:
        return ""
    short = excerpt(shown, QUOTED)
    return f"{short}…" if cut and not short.endswith("…") else short


def mentioned_in(body: object) -> Iterator[tuple[str, str]]:
    """Yield who is mentioned in a text: the account, name or key it has of them, and the name it shows, if any."""
    if isinstance(body, str):
        yield from wiki.mentioned_in(body[:LOOKED_THROUGH])
    elif isinstance(body, dict) and body.get("type") == "doc":
        yield from adf.mentioned_in(body)
