"""A Confluence on loopback that answers as a test says, and remembers what it was asked."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from loopback import Caller, listening
from posthouse import Event, Site
from posthouse.core.event import Findings
from posthouse.lookups import Lookups
from posthouse.webhooks.confluence import ConfluenceWebhookHandler
from posthouse.webhooks.confluence.handler import ConfluenceWebhookSettings

TOKEN = "a-token-nobody-may-see"
LILEI, HANMEIMEI = "ff8080815e8f1a2b015e8f1a2b000001", "ff8080815e8f1a2b015e8f1a2b000002"
NOON = 1_795_492_800.0
#: How long the tests let the questions about one event take, and how much later they may end, in seconds.
PATIENCE = 0.5
GRACE = 1.0

PAGE: dict[str, Any] = {
    "id": "65601",
    "type": "page",
    "status": "current",
    "title": "退款流程",
    "space": {"id": 32769, "key": "FIN", "name": "财务", "_links": {"webui": "/display/FIN"}},
    "version": {
        "by": {"userKey": LILEI, "username": "lilei", "displayName": "Li Lei"},
        "number": 8,
        "message": "补充时限",
        "minorEdit": False,
    },
    "_links": {"base": "https://confluence.example.com", "webui": "/display/FIN/Refunds", "tinyui": "/x/QQAB"},
}
PERSON = {"type": "known", "username": "hanmeimei", "userKey": HANMEIMEI, "displayName": "Han Meimei"}


#: What is said for a request: bytes, or whatever a function does on the connection.
Said = bytes | Callable[[Caller], None]


@dataclass
class Asked:
    """One request that came: its target and its headers, with lower-case names."""

    target: str
    headers: Mapping[str, str]


@dataclass
class Confluence:
    """``answers`` are by the beginnings of targets; anything else is answered with 404."""

    answers: dict[str, Said]
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def targets(self) -> list[str]:
        """Return what was asked for, in order, without what follows a question mark."""
        return [asked.target.partition("?")[0] for asked in self.asked]


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


def found(value: Any, status: int = 200) -> bytes:
    """Return an answer with a JSON value."""
    return answer(json.dumps(value, ensure_ascii=False).encode(), status)


def answer(body: bytes = b"{}", status: int = 200, *headers: str) -> bytes:
    """Return an answer with any body."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def turns(*answers: Said) -> Said:
    """Give these answers one after the other, and the last one from then on."""
    left = list(answers)
    return lambda caller: say(caller, left.pop(0) if len(left) > 1 else left[0])


def broken(text: bytes) -> Said:
    """Say this and hang up."""

    def talk(caller: Caller) -> None:
        caller.say(text)
        raise ConnectionAbortedError

    return talk


def silent(caller: Caller) -> None:
    """Say nothing until the test is over."""
    caller.wait()


def say(caller: Caller, said: Said) -> None:
    """Say it, or do it."""
    if callable(said):
        said(caller)
    else:
        caller.say(said)


NOTHING = answer(b'{"statusCode": 404, "message": "No content found"}', 404)


@contextmanager
def confluence(answers: Mapping[str, Said]) -> Iterator[Confluence]:
    """Run a Confluence for the length of a ``with`` statement."""
    server = Confluence(dict(answers))

    def talk(caller: Caller) -> None:
        while request := caller.request():
            head, *lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            target = head.split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            server.asked.append(Asked(target, headers))
            say(caller, next((said for start, said in server.answers.items() if target.startswith(start)), NOTHING))

    with listening(talk) as address:
        server.address = address
        yield server


@contextmanager
def lookups(address: str, clock: Clock | None = None, **webhooks: Mapping[str, Any]) -> Iterator[Lookups]:
    """Make look-ups for webhooks that know this address, by their names; for one called "demo" if none is named."""
    servers = webhooks or {"demo": {"private_token": TOKEN}}
    made = {name: handler(name, {"host": f"http://{address}", **server}) for name, server in servers.items()}
    looking = Lookups(made, clock=clock or Clock(), patience=PATIENCE)
    yield looking
    looking.close()


def handler(name: str, server: Mapping[str, Any]) -> ConfluenceWebhookHandler:
    """Return the handler of a webhook that knows this Confluence."""
    settings = {"webhook_id": name, "type": "CONFLUENCE", "conf": {"confluence": server}}
    return ConfluenceWebhookHandler(ConfluenceWebhookSettings.model_validate(settings), Site())


def event(name: str = "page_updated", *, who: str = LILEI, at: float = NOON, **payload: Any) -> Event:
    """Return an event of Data Center, about page 65601 if nothing else is said."""
    about = payload or {"page": {"id": 65601}}
    return Event(name, {"timestamp": int(at * 1000), "event": name, "userKey": who, **about}, received_at=at)


def secrets_in(findings: Findings) -> bool:
    """Tell whether a token shows in what is said about a look-up."""
    return TOKEN in repr(findings) or TOKEN in findings.note or TOKEN in repr(dict(findings.values))
