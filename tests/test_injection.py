"""Nothing that a user can type at a sender becomes a mention, a link, an image or markup at a robot.

Whatever text a payload has, in whatever place, is made hostile; what the event's handler says about it is rendered by
every notifier in every form, and read by the vendors' own rules (`notifiers/vendor_rules.py`).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from making import REGISTRY, beside, event_of, kind_of, made_handler, payload_files
from notifiers.messages import HOSTILE, INJECTIONS, MESSAGES, SERVER
from notifiers.vendor_rules import seen
from posthouse import (
    Bold,
    Buttons,
    Event,
    EventHandler,
    Fields,
    Items,
    Link,
    Mention,
    Message,
    Notifier,
    NotifyEventHandler,
    People,
    Person,
    Site,
    Text,
)
from test_every_notifier import ROBOTS

PEOPLE = People(
    [
        Person(
            "Li Lei", frozenset({"gitlab:lilei"}), mobile="13800000000", ids=dict.fromkeys(REGISTRY.notifiers, "lilei")
        )
    ]
)
SITE = Site(language="en", people=PEOPLE)
#: Ways of being configured in which a robot looks otherwise than in `ROBOTS`.
VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "ding_talk": ({"open_links_in": "browser"},),
    "fei_shu": ({"card_version": 1},),
    "wechat": ({"format": "markdown_v2"}, {"format": "text"}),
}
#: Longer texts are shortened by handlers, so what is hostile comes first in them.
SHOWN_CHARACTERS = 60
#: What a stored message has besides texts.
NO_TEXT = ("kind", "level", "url", "names")
#: Where texts are changed: an object or a list, and a key in it.
Place = tuple[Any, Any]
#: About how many payload files of one event are tried.
FILES = 5


def sample(paths: list[Path]) -> list[Path]:
    """Return the first of an event's payload files, and some of the others, the same ones each time."""
    return paths[:: max(len(paths) // FILES, 1)]


EVENTS = [
    (key, sample(list(paths)))
    for key, paths in groupby(payload_files(), key=lambda path: (kind_of(path), path.stem.partition("__")[0]))
]
every_event = pytest.mark.parametrize(("key", "paths"), EVENTS, ids=[" ".join(key) for key, _ in EVENTS])


@cache
def robots() -> tuple[Notifier, ...]:
    """Return a robot of every kind that there is."""
    missing = REGISTRY.notifiers.keys() - ROBOTS.keys()
    assert not missing, f"tests/test_every_notifier.py has no row in ROBOTS for {missing}"
    return tuple(robot(kind) for kind in sorted(REGISTRY.notifiers))


@cache
def all_robots() -> tuple[Notifier, ...]:
    """Return the same, and those that are configured otherwise."""
    return (*robots(), *(robot(kind, **settings) for kind, several in VARIANTS.items() for settings in several))


def robot(kind: str, **settings: Any) -> Notifier:
    found = REGISTRY.notifiers[kind]
    return found(found.settings_model(**{**ROBOTS[kind], **settings}), SITE)


@every_event
def test_what_users_type_at_a_sender_is_text_at_every_robot(key: tuple[str, str], paths: list[Path]) -> None:
    told, silent = 0, True
    for number, path in enumerate(paths):
        made = told_of(path)
        if made is None:
            continue
        handler, event = made
        silent = False
        hosts = set(hosts_in(event.payload, event.looked_up, dict(handler.settings)))
        # The first file is tried in both ways, the others in turn.
        for alone in (False, True) if number == 0 else (number % 2 == 1,):
            for message in hostile_messages(handler, event, offset=number, alone=alone):
                told += 1
                check(robots(), message, hosts, f"{path.name}, {'alone' if alone else 'with the text'}")
    assert told or silent, f"nothing hostile of {key} was told"


@pytest.mark.parametrize("number", range(len(INJECTIONS)))
def test_hostile_text_is_text_in_every_part_of_a_message(number: int) -> None:
    whole = json.loads(EVERYWHERE.to_json())
    for injection in (INJECTIONS[number], f"before {INJECTIONS[number]} after", f"{INJECTIONS[number]}!"):
        for holder, name in places(whole, skipped=NO_TEXT):
            holder[name] = injection
        check(all_robots(), Message.from_json(json.dumps(whole)), HOSTS, injection)


@pytest.mark.parametrize("first", INJECTIONS)
def test_halves_of_hostile_text_do_not_join(first: str) -> None:
    whole = json.loads(EVERYWHERE.to_json())
    for second in INJECTIONS[::3]:
        for number, (holder, name) in enumerate(places(whole, skipped=NO_TEXT)):
            text = first if number % 2 else second
            holder[name] = text[: len(text) // 2] if number % 4 < 2 else text[len(text) // 2 :]
        check(all_robots(), Message.from_json(json.dumps(whole)), HOSTS, f"{first} {second}")


@pytest.mark.parametrize("number", range(len(INJECTIONS)))
def test_hostile_text_around_a_mention_mentions_nobody_else_and_nobody_twice(number: int) -> None:
    called = tuple(Mention(text, names) for text in INJECTIONS[number:] for names in ((), ("gitlab:lilei",)))
    check(all_robots(), replace(EVERYWHERE, mentions=called), HOSTS, INJECTIONS[number])
    check(all_robots(), replace(EVERYWHERE, mentions=called, everybody=True), HOSTS, INJECTIONS[number])


@pytest.mark.parametrize(
    "address",
    [
        *(f"{before}{injection}" for before in ("", f"{SERVER}/") for injection in INJECTIONS),
        *("javascript:alert(1)//https://gitlab.example.com", "data:text/html,x", "//h/p", "\thttp:h", "dingtalk://h/p"),
        *(f"{SERVER}@h/p", f"{SERVER}&#64;h/p", f"{SERVER}\\@h/p", f"{SERVER}:x@h/p", f"{SERVER}\u2024h/p"),
    ],
)
def test_a_hostile_address_leads_nowhere_else(address: str) -> None:
    for url in (address, re.sub(r"\s", "", address)):
        link = Link("x", url)
        blocks = (
            Text(("!", link, "(http://h/p)")),
            Fields((("n", (link,)),)),
            Items(((link,),)),
            Buttons((link, link)),
        )
        check(all_robots(), Message("t", blocks), HOSTS, url)


HOSTS = {urlsplit(SERVER).netloc}
#: Hostile text in every part, and right beside links.
EVERYWHERE = replace(
    MESSAGES["hostile_everywhere"],
    blocks=(
        Text((HOSTILE, Link(HOSTILE, SERVER), HOSTILE, Link(HOSTILE, SERVER), Bold(HOSTILE), Link(HOSTILE, SERVER))),
        *MESSAGES["hostile_everywhere"].blocks,
    ),
)


def check(notifiers: Sequence[Notifier], message: Message, hosts: set[str], about: str) -> None:
    """Look at every form of a message by the vendors' rules: mentioned is who may be, and links lead to ``hosts``."""
    for notifier in notifiers:
        allowed = [name for one in notifier.called(message) for name in (one.id, one.mobile) if name]
        allowed += ["all"] if message.everybody else []
        for form in range(notifier.forms):
            payload = notifier.render(message, form=form)
            shown = seen(notifier.type, payload)
            others = Counter(shown.mentions) - Counter(allowed)
            foreign = [link for link in shown.links if not leads_to(link, hosts)]
            if others or shown.markup or foreign:
                pytest.fail(
                    f"{notifier.type}, form {form}, of {about}:\nmentions {others}\nmarkup {shown.markup}\n"
                    f"foreign links {foreign}\n{json.dumps(payload, ensure_ascii=False)[:3000]}"
                )


def leads_to(link: str, hosts: set[str]) -> bool:
    parts = urlsplit(link)
    if parts.scheme == "dingtalk":
        # DingTalk's client opens what is in the query.
        parts = urlsplit(parse_qs(parts.query)["url"][0])
    return parts.scheme in {"http", "https"} and parts.netloc.lower() in hosts


def hostile_messages(handler: EventHandler, event: Event, *, offset: int, alone: bool) -> Sequence[Message]:
    """Return what is said about an event in which every text that may be hostile is so.

    A text is left as it is where the event would not be told of any more: as the name of an action, or a moment.
    """
    free, kept = list[tuple[Place, str]](), list[tuple[Place, str]]()
    for number, place in enumerate([*places(event.payload), *places(event.looked_up)]):
        text = hostile(text_at(place), INJECTIONS[(number + offset) % len(INJECTIONS)], alone=alone)
        kept.append((place, text_at(place)))
        write([(place, text)])
        if said(handler, event):
            free.append((place, text))
        write(kept[-1:])
    write(free)
    try:
        return said(handler, event)
    finally:
        write(kept)


def text_at(place: Place) -> str:
    holder, name = place
    return str(holder[name])


def write(texts: Iterable[tuple[Place, str]]) -> None:
    for (holder, name), text in texts:
        holder[name] = text


def hostile(text: str, injection: str, *, alone: bool) -> str:
    """Return a text made hostile; an address begins as it did and has no blanks, or it would be none."""
    if text.startswith(("http://", "https://")):
        return text + re.sub(r"\s", "", injection)
    if alone:
        return injection
    return f"{text} {injection}" if len(text) <= SHOWN_CHARACTERS else f"{injection} {text}"


def said(handler: EventHandler, event: Event) -> Sequence[Message]:
    """Return what a handler says, also where it would rather be silent but can say something."""
    result = handler.handle(event)
    if isinstance(result, Sequence):
        return result
    return (handler.message(event),) if isinstance(handler, NotifyEventHandler) else ()


def told_of(path: Path) -> tuple[EventHandler, Event] | None:
    """Return a payload file's event with its handler, if there is one and it has something to say."""
    event = event_of(path, SITE)
    found = REGISTRY.events.get((kind_of(path), event.name))
    if found is None:
        return None
    handler = made_handler(found, SITE, **beside(path).get("settings", {}))
    return (handler, event) if said(handler, event) else None


def places(value: Any, skipped: tuple[str, ...] = ()) -> Iterator[Place]:
    """Return every place in a JSON value where a text is."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        if isinstance(value[key], str) and key not in skipped:
            yield value, key
        elif isinstance(value[key], dict | list):
            yield from places(value[key], skipped)


def hosts_in(*values: Any) -> Iterator[str]:
    """Return the hosts of all addresses, wherever they stand."""
    yield from (host.lower() for host in re.findall(r"https?://([^/\s\"'<>()?#]+)", str(values)))
