"""Whom a message mentions: people that a payload names, and each ``@name`` in what somebody wrote."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from posthouse.core.blocks import HTML_COMMENT
from posthouse.core.message import Mention, first_line
from posthouse.core.people import EMAIL

#: How many people one message mentions at most.
AT_MOST = 20
#: How much of a text is looked at, in characters.
READ = 20_000
#: How long a name may be before it is cut, in characters.
NAME = 255
#: A word of GitLab's that calls everybody in a project.
EVERYBODY = "all"
#: An address; GitLab has "[REDACTED]" in the place of one that is private.
ADDRESS = re.compile(r"[^\s@<>]{1,255}@[^\s@<>]{1,255}")
#: The addresses that GitHub and GitLab make up for people who show none, and those that machines write from.
NO_MAILBOX = re.compile(r"no-?reply@|[^@]+@users\.noreply\.", re.IGNORECASE)
#: Where ``@name`` calls nobody: in a comment that no page shows, in code, and in what is quoted, as whoever said it
#: first has called them already. Every part is possessive, bounded or ends in any case: no text takes long.
UNHEARD = re.compile(
    rf"""
      {HTML_COMMENT.pattern}
    | ^[ \t>]*+ (?P<fence> `{{3,}}+ | ~{{3,}}+ ) [^`\n]*+ $ .*? (?: ^[ \t>]*+ (?P=fence) | \Z )
    | ^[ \t]*+ > [^\n]*+
    | (?<!`) (?P<ticks> `++ ) [^\n]{{1,200}}? (?<!`) (?P=ticks) (?!`)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
#: ``@`` and a username; "li@example.com", "example.com/@lilei", r"\@lilei" and the group "@finance/ledger" are none.
CALLED = re.compile(
    r"(?<! [\w\\.+/@-] ) @ (?P<name> \w [\w.-]{0,254}+ ) (?! /\w )",
    re.VERBOSE | re.ASCII,
)


def mention(kind: str, *names: str, text: str = "", email: str = "", guess: bool = False) -> Mention | None:
    """Return the mention of somebody who has these ``names`` in a system; None for nobody.

    ``kind`` is the webhook type's word in lower case, such as "gitlab". Empty names are left out, and so is an address
    that nobody reads. ``text`` is what to call the person where none of the names is known; a ``guess`` without names
    is nobody.
    """
    known = [first_line(name, NAME) for name in dict.fromkeys(names) if name]
    addresses = [f"{EMAIL}:{email}"] if ADDRESS.fullmatch(email) and not NO_MAILBOX.match(email) else []
    found, shown = (*(f"{kind}:{name}" for name in known), *addresses), first_line(text, NAME)
    return Mention(shown, found, guess=guess) if found or (shown and not guess) else None


def mentioned_in(markdown: str, kind: str) -> Iterator[Mention]:
    """Yield a guess for every ``@name`` in somebody's Markdown: it may be a person's, or an annotation of Java."""
    found = CALLED.finditer(UNHEARD.sub(" ", markdown[:READ]))
    # A full stop ends the sentence, and never a name.
    for name in dict.fromkeys(called["name"].rstrip(".") for called in found):
        if name.lower() != EVERYBODY:
            yield Mention(name, (f"{kind}:{name}",), guess=True)


def mentions(people: Iterable[Mention | None], *, without: Mention | None = None) -> tuple[Mention, ...]:
    """Return whom to mention, ``without`` the one who acted: each once, those first who are no guess, twenty at most.

    Who has a name in common with somebody is the same person, and so is a guess that is called the same: of a commit's
    author nothing but a name and an address is known. Their names are put together.
    """
    found: list[Mention] = []
    for one in sorted((one for one in people if one is not None), key=lambda one: one.guess):
        if len(found) == AT_MOST:
            break
        if without is not None and _is_same(without, one):
            continue
        place = next((place for place, other in enumerate(found) if _is_same(other, one)), None)
        if place is None:
            found.append(one)
        else:
            found[place] = replace(found[place], names=found[place].names + _further(found[place], one))
    return tuple(found)


def _is_same(known: Mention, one: Mention) -> bool:
    if one.guess and one.text and one.text.casefold() == known.text.casefold():
        return True
    return len(_further(known, one)) < len(one.names)


def _further(known: Mention, one: Mention) -> tuple[str, ...]:
    """Return the names that are not known yet, however they are spelled: nobody is told apart by capitals."""
    names = {name.casefold() for name in known.names}
    return tuple(name for name in one.names if name.casefold() not in names)
