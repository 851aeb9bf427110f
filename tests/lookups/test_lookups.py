"""Asking a sender back: never in the way of a message, never a second door for a token. All over real sockets."""

import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluence_server import (
    GRACE,
    HANMEIMEI,
    NOON,
    PAGE,
    PATIENCE,
    PERSON,
    TOKEN,
    Clock,
    Confluence,
    Said,
    answer,
    broken,
    confluence,
    event,
    found,
    handler,
    lookups,
    secrets_in,
    silent,
    turns,
)

from loopback import Caller
from making import REGISTRY, webhook_settings
from posthouse import Site
from posthouse.core.event import Findings
from posthouse.lookups import Lookups
from posthouse.lookups.client import ANSWER_BYTES, KEPT, REST, Client, Question, Server

CONTENT = "/rest/api/content/65601"
USER = "/rest/api/user"
BOTH: dict[str, Said] = {CONTENT: found(PAGE), USER: found(PERSON)}


def look(answers: dict[str, Said]) -> tuple[Findings, Confluence]:
    """Look an event up once, within the time that it may take."""
    started = time.monotonic()
    with confluence(answers) as server, lookups(server.address) as looking:
        findings = looking.look_up("demo", event())
        assert time.monotonic() - started < PATIENCE + GRACE
    assert not secrets_in(findings)
    return findings, server


def test_what_was_found_is_said_with_where_and_how_long() -> None:
    with confluence(BOTH) as server, lookups(server.address) as looking:
        findings = looking.look_up("demo", event(who=HANMEIMEI))
    assert findings.outcome == "ok"
    assert findings.note.startswith(f"the title and the space and the person's name from {server.address} in ")
    assert findings.note.endswith(" ms")
    assert (findings.values["title"], findings.values["author"]) == ("退款流程", "Han Meimei")


def test_only_a_webhook_with_credentials_asks() -> None:
    with confluence(BOTH) as server, lookups(server.address, demo={}) as looking:
        for name in ("demo", "nobody"):
            assert looking.look_up(name, event()) == Findings()
    assert not server.asked


def test_other_types_of_webhooks_are_left_alone() -> None:
    gitlab = REGISTRY.webhooks["GITLAB"]
    looking = Lookups({"demo": gitlab(webhook_settings(gitlab), Site())}, clock=Clock())
    assert looking.look_up("demo", event()) == Findings()
    looking.close()


def test_the_token_is_in_one_header_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with confluence(BOTH) as server, lookups(server.address) as looking:
        findings = looking.look_up("demo", event(who=HANMEIMEI))
        server.answers[CONTENT] = answer(status=401)
        refused = looking.look_up("demo", event(at=NOON + 1))
    assert server.targets() == [CONTENT, USER, CONTENT]
    for asked in server.asked:
        assert dict(asked.headers).pop("authorization") == f"Bearer {TOKEN}"
        assert TOKEN not in asked.target
        assert not any(TOKEN in value for name, value in asked.headers.items() if name != "authorization")
    assert not secrets_in(findings)
    assert not secrets_in(refused)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(Server("demo", "http://127.0.0.1", f"Bearer {TOKEN}"))


def test_a_mail_address_and_an_api_token_make_a_basic_proof() -> None:
    cloud = {"user": "lilei@example.com", "api_token": "opensesame"}
    with confluence(BOTH) as server, lookups(server.address, demo=cloud) as looking:
        looking.look_up("demo", event())
    assert server.asked[0].headers["authorization"] == "Basic bGlsZWlAZXhhbXBsZS5jb206b3BlbnNlc2FtZQ=="


@pytest.mark.parametrize(
    "moment",
    [
        answer(status=500),
        answer(status=503),
        answer(status=429),
        broken(b""),
        broken(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    ],
    ids=["500", "503", "429", "nothing", "half an answer"],
)
def test_after_a_bad_moment_it_is_asked_again(moment: Said) -> None:
    findings, server = look({CONTENT: turns(moment, found(PAGE))})
    assert findings.outcome == "ok"
    assert findings.values["title"] == "退款流程"
    assert server.targets() == [CONTENT, CONTENT]


@pytest.mark.parametrize("status", [429, 500, 502])
def test_what_stays_bad_is_not_asked_a_third_time(status: int) -> None:
    findings, server = look({CONTENT: answer(status=status)})
    assert (findings.values, findings.outcome) == ({}, "failed")
    assert findings.note.startswith(f"not the title and the space: Confluence answered {status}")
    assert server.targets() == [CONTENT, CONTENT]


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (answer(b"<html>Log in</html>"), "the answer is not one of Confluence's interface: check host"),
        (answer(b"[1, 2]"), "the answer is not one of Confluence's interface: check host"),
        (answer(b'{"title": "half'), "the answer is not one of Confluence's interface: check host"),
        (answer(b'{"title": NaN}'), "the answer is not one of Confluence's interface: check host"),
        (answer(b'{"a":' * 100_000), "the answer is not one of Confluence's interface: check host"),
        (answer(b""), "the answer is not one of Confluence's interface: check host"),
        (answer(b"{}" + b" " * ANSWER_BYTES), "Confluence's answer is longer than 512 KiB"),
        (answer(b"", 204), "Confluence answered 204"),
        (answer(b"{}", 400), "Confluence answered 400"),
    ],
    ids=["HTML", "a list", "half JSON", "no number", "deep", "empty", "huge", "204", "400"],
)
def test_an_answer_that_is_none_is_not_asked_for_again(said: bytes, note: str) -> None:
    findings, server = look({CONTENT: said, USER: found(PERSON)})
    assert findings.values == {"author": "Han Meimei", "username": "hanmeimei"}
    assert findings.outcome == "failed"
    assert findings.note.endswith(f"not the title and the space: {note}")
    assert server.targets() == [CONTENT, USER]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with confluence({"/": found(PAGE)}) as elsewhere:
        location = f"Location: http://{elsewhere.address}/rest/api/content/65601"
        findings, server = look({"/": answer(b"", status, location)})
    assert not elsewhere.asked
    assert server.targets() == [CONTENT, USER]
    assert f"Confluence answered with a redirect ({status}), which is not followed: check host" in findings.note


def test_no_token_is_sent_to_where_an_answer_points() -> None:
    with confluence({"/": found(PAGE)}) as elsewhere:
        page = PAGE | {"_links": {"base": f"http://{elsewhere.address}", "webui": "/x", "next": "/rest/api/space"}}
        spaces = {"results": [{"id": 1}], "_links": {"next": f"http://{elsewhere.address}/rest/api/space?start=1"}}
        answers: dict[str, Said] = {CONTENT: found(page), "/rest/api/space": found(spaces)}
        with confluence(answers) as server, lookups(server.address) as looking:
            looking.look_up("demo", event())
            looking.look_up("demo", event("space_updated", space={"id": 32769}))
    assert not elsewhere.asked


@pytest.mark.parametrize("status", [403, 404])
def test_what_must_not_be_seen_is_hidden_and_nothing_more_is_asked(status: int) -> None:
    findings, server = look({CONTENT: answer(b"{}", status), USER: found(PERSON)})
    assert (findings.values, findings.outcome) == ({"hidden": True}, "failed")
    said = f"Confluence says that there is none, or none for these credentials ({status})"
    assert findings.note == f"not the title and the space: {said}"
    assert server.targets() == [CONTENT]


def test_silence_costs_no_more_than_it_may() -> None:
    findings, server = look({"/": silent})
    assert (findings.values, findings.outcome) == ({}, "failed")
    assert findings.note.startswith("not the title and the space: Confluence did not answer in time")
    assert server.targets() == [CONTENT]


def test_an_answer_that_drips_costs_no_more_than_it_may() -> None:
    findings, _ = look({"/": lambda caller: caller.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Long: x\r\n" * 90, every=0.05)})
    assert findings.note.startswith("not the title and the space: Confluence did not answer in time")


def test_a_slow_answer_leaves_less_time_for_the_next_question() -> None:
    def slow(caller: Caller) -> None:
        caller.over.wait(PATIENCE * 0.7)
        caller.say(found(PAGE))

    started = time.monotonic()
    with confluence({CONTENT: slow, USER: silent}) as server, lookups(server.address) as looking:
        findings = looking.look_up("demo", event(who=HANMEIMEI))
    assert time.monotonic() - started < PATIENCE * 1.5 + GRACE
    assert (findings.values["title"], findings.outcome) == ("退款流程", "failed")
    assert "not the person's name: Confluence did not answer in time" in findings.note


def test_nobody_there_is_said() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with lookups(f"127.0.0.1:{unheard.getsockname()[1]}") as looking:
            findings = looking.look_up("demo", event())
    assert "the connection to Confluence was refused" in findings.note
    assert findings.outcome == "failed"


@pytest.mark.parametrize(
    "trouble", [answer(status=500), answer(status=401), broken(b"")], ids=["500", "401", "nothing"]
)
def test_a_server_that_failed_is_left_alone_for_a_while(trouble: Said) -> None:
    clock = Clock()
    with confluence({"/": trouble}) as server, lookups(server.address, clock) as looking:
        looking.look_up("demo", event())
        asked = len(server.asked)
        clock.now += REST - 1
        resting = looking.look_up("demo", event(at=clock.now))
        assert len(server.asked) == asked
        assert "Confluence failed a moment ago and is left alone for 30 s" in resting.note
        assert resting.outcome == "failed"
        clock.now += 2
        server.answers = {CONTENT: found(PAGE)}
        assert looking.look_up("demo", event(at=clock.now)).outcome == "ok"


def test_a_name_that_is_known_is_told_even_while_the_server_rests() -> None:
    clock = Clock()
    with confluence(BOTH) as server, lookups(server.address, clock) as looking:
        looking.look_up("demo", event(who=HANMEIMEI))
        server.answers[CONTENT] = answer(status=500)
        clock.now += 5
        findings = looking.look_up("demo", event(who=HANMEIMEI, at=clock.now))
    assert findings.values == {"author": "Han Meimei", "username": "hanmeimei"}
    assert findings.outcome == "failed"


def test_a_missing_page_is_no_reason_to_leave_a_server_alone() -> None:
    clock = Clock()
    with confluence({}) as server, lookups(server.address, clock) as looking:
        looking.look_up("demo", event())
        server.answers = {CONTENT: found(PAGE)}
        assert looking.look_up("demo", event()).outcome == "ok"


def test_events_that_came_in_before_an_answer_share_it() -> None:
    clock = Clock(NOON + 10)
    with confluence(BOTH) as server, lookups(server.address, clock) as looking:
        for second in range(3):
            assert looking.look_up("demo", event(at=NOON + second)).values["version"] == 8
    assert server.targets() == [CONTENT]


def test_an_event_that_came_in_after_an_answer_is_asked_about_anew() -> None:
    clock = Clock()
    with confluence(BOTH) as server, lookups(server.address, clock) as looking:
        looking.look_up("demo", event())
        server.answers[CONTENT] = found(PAGE | {"title": "Refunds, second edition"})
        clock.now += 5
        assert looking.look_up("demo", event(at=NOON + 4)).values["title"] == "Refunds, second edition"


def test_an_answer_about_a_page_is_not_kept_for_long() -> None:
    clock = Clock()
    with confluence(BOTH) as server, lookups(server.address, clock) as looking:
        looking.look_up("demo", event())
        clock.now += 61
        looking.look_up("demo", event())
    assert server.targets() == [CONTENT, CONTENT]


def test_a_persons_name_is_kept_for_hours() -> None:
    clock = Clock()
    with confluence(BOTH) as server, lookups(server.address, clock) as looking:
        for _ in range(3):
            looking.look_up("demo", event("page_removed", who=HANMEIMEI, at=clock.now))
            clock.now += 3600
        assert server.targets() == [USER]
        clock.now += 2 * 3600
        looking.look_up("demo", event("page_removed", who=HANMEIMEI, at=clock.now))
    assert server.targets() == [USER, USER]


def test_what_was_not_there_is_not_kept() -> None:
    with confluence({}) as server, lookups(server.address) as looking:
        looking.look_up("demo", event("page_removed"))
        looking.look_up("demo", event("page_removed"))
    assert server.targets() == [USER, USER]


def test_one_webhook_never_gets_what_another_was_told() -> None:
    webhooks = {"powerful": {"private_token": TOKEN}, "humble": {"private_token": "another"}}
    with confluence(BOTH) as server, lookups(server.address, **webhooks) as looking:
        assert looking.look_up("powerful", event()).outcome == "ok"
        server.answers = {}
        assert looking.look_up("humble", event()).values == {"hidden": True}
    assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {TOKEN}", "Bearer another"]


def test_no_more_answers_are_kept_than_there_is_room_for() -> None:
    asking = Client("Confluence", clock=Clock())
    with confluence({"/": found({})}) as server:
        address = Server("demo", f"http://{server.address}", "Bearer x")
        for number in (*range(KEPT + 1), 1, 0):
            question = Question(f"/{number}", lambda _: {}, keep=60.0)
            assert not asking.ask(address, question, until=time.monotonic() + 10).trouble
        asking.close()
    # Number 1 was still kept, number 0 was not.
    assert server.targets()[-2:] == [f"/{KEPT}", "/0"]


def test_many_threads_share_what_was_looked_up() -> None:
    with confluence(BOTH) as server, lookups(server.address, Clock(NOON + 10)) as looking:
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda _: looking.look_up("demo", event()).values["title"], range(40)))
        looking.close()
    assert told == ["退款流程"] * 40
    assert len(server.asked) <= 8


def test_credentials_do_not_show() -> None:
    made = handler("demo", {"host": "https://confluence.example.com", "private_token": TOKEN})
    looking = Lookups({"demo": made}, clock=Clock())
    assert TOKEN not in repr(looking) + repr(vars(looking)) + repr(made.settings)
    looking.close()
