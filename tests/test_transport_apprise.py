"""What goes through the Apprise library, against servers on loopback: one attempt, in time, and nothing in any log."""

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loopback import Caller, listening
from posthouse import AppriseRequest, Rejected
from posthouse.transport import REMEDIES, Transport

SECRET = "a-token-nobody-may-see"
#: How long the tests let an attempt take, and how much later than that it may end on a busy machine, in seconds.
TOTAL = 0.5
GRACE = 2.0


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(language="en")
    yield made
    made.close()


def request(address: str, options: str = "", **more: Any) -> AppriseRequest:
    url = address if "://" in address else f"json://lilei:{SECRET}@{address}/{SECRET}{options}"
    return AppriseRequest(url=url, **{"title": "标题", "body": "正文", **more})


def outcome(transport: Transport, sent: AppriseRequest, *, seconds: float | None = None) -> dict[str, Any]:
    reply = transport.send(sent, seconds=seconds)
    assert reply.status == 200
    return json.loads(reply.body)


def answering(
    status: int, received: list[bytes], body: bytes = b"{}", headers: bytes = b""
) -> Callable[[Caller], None]:
    def talk(caller: Caller) -> None:
        while one := caller.request():
            received.append(one)
            length = len(body)
            caller.say(b"HTTP/1.1 %d So\r\nContent-Length: %d\r\n%b\r\n%b" % (status, length, headers, body))

    return talk


def mail_server(received: list[str], answers: dict[str, str]) -> Callable[[Caller], None]:
    """Speak as much SMTP as it takes; ``answers`` are by command, and the others get a 250."""

    def talk(caller: Caller) -> None:
        caller.say(b"220 mail.example.com\r\n")
        lines = caller.connection.makefile("rb")
        for line in lines:
            command = line.decode().strip()
            received.append(command)
            answer = next((answers[word] for word in answers if command.upper().startswith(word)), "250 fine")
            caller.say(f"{answer}\r\n".encode())
            if answer.startswith("354"):
                received.append(b"".join(iter(lambda: lines.readline().replace(b".\r\n", b""), b"")).decode())
                caller.say(b"250 taken\r\n")
            if command.upper().startswith("QUIT"):
                return

    return talk


def unheard() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{closed.getsockname()[1]}"


def test_a_service_gets_title_text_and_level(transport: Transport) -> None:
    received: list[bytes] = []
    with listening(answering(200, received)) as address:
        assert outcome(transport, request(address, level="failure")) == {"notified": True, "late": False, "said": []}
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /{SECRET} HTTP/1.1".encode())
    assert b"User-Agent: posthouse" in head
    told = json.loads(body)
    assert (told["title"], told["message"], told["type"]) == ("标题", "正文", "failure")


def test_what_users_typed_is_not_turned_into_pictures(transport: Transport) -> None:
    received: list[bytes] = []
    with listening(answering(200, received)) as address:
        outcome(transport, request(address, "?emojis=yes", body=r":smile: \n"))
    assert json.loads(received[0].partition(b"\r\n\r\n")[2])["message"] == r":smile: \n"


def test_no_image_of_somebody_else_s_is_sent_along(transport: Transport) -> None:
    received: list[bytes] = []
    with listening(answering(200, received)) as address:
        assert outcome(transport, request(f"ntfy://{address}/topic"))["notified"]
    assert b"github" not in received[0].lower()


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 410, 429, 500, 503])
def test_a_status_that_is_no_success_is_told_and_nothing_is_tried_again(transport: Transport, status: int) -> None:
    received: list[bytes] = []
    headers = b"Location: http://127.0.0.1:1/elsewhere\r\n"
    with listening(answering(status, received, b"no_service", headers)) as address:
        found = outcome(transport, request(address, "?retry=3&wait=0"))
    assert (found["notified"], found["late"]) == (False, False)
    assert f"error={status}" in found["said"][0]
    assert "no_service" in " ".join(found["said"])
    assert len(received) == 1


def test_a_url_cannot_make_a_success_of_a_failure(transport: Transport) -> None:
    with listening(answering(500, [])) as address:
        assert not outcome(transport, request(address, "?optional=yes"))["notified"]


def test_nobody_there_is_told_at_once(transport: Transport) -> None:
    found = outcome(transport, request(unheard()))
    assert not found["notified"]
    assert "NewConnectionError" in " ".join(found["said"])


def test_a_service_that_says_nothing_is_given_up_in_time(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.wait()

    started = time.monotonic()
    with listening(talk) as address:
        found = outcome(transport, request(address), seconds=TOTAL)
        assert time.monotonic() - started < TOTAL + GRACE
    assert (found["notified"], found["late"]) == (False, True)


def test_an_answer_that_drips_is_given_up_in_time(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000, every=0.05)

    started = time.monotonic()
    with listening(talk) as address:
        found = outcome(transport, request(address), seconds=TOTAL)
        assert time.monotonic() - started < TOTAL + GRACE
    assert found["late"]


def test_how_long_a_service_may_take_can_be_said_in_the_url(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.wait()

    with listening(talk) as address:
        found = outcome(transport, request(address, "?rto=0.1"))
    assert (found["notified"], found["late"]) == (False, False)
    assert "Read timed out" in " ".join(found["said"])


def test_mail_is_sent(transport: Transport) -> None:
    received: list[str] = []
    with listening(mail_server(received, {"DATA": "354 go on"})) as address:
        url = f"mailto://{address}?from=posthouse@example.com&to=lilei@example.com"
        assert outcome(transport, request(url, format="markdown", body="**正文**"))["notified"]
    assert "rcpt to:<lilei@example.com>" in [line.lower() for line in received]
    mail = next(line for line in received if "\n" in line)
    assert "From: posthouse@example.com" in mail
    assert "<p><strong>=E6=AD=A3=E6=96=87</strong></p>" in mail


def test_what_a_mail_server_says_is_told(transport: Transport) -> None:
    refusing = mail_server([], {"MAIL": "550 5.7.1 not for you"})
    with listening(refusing) as address:
        found = outcome(transport, request(f"mailto://{address}?from=posthouse@example.com&to=lilei@example.com"))
    assert not found["notified"]
    assert "(550, b'5.7.1 not for you'" in " ".join(found["said"])


def test_mail_that_hangs_is_given_up_in_time(transport: Transport) -> None:
    started = time.monotonic()
    with listening(lambda caller: caller.wait()) as address:
        url = f"mailto://{address}?from=posthouse@example.com&to=lilei@example.com"
        assert outcome(transport, request(url), seconds=TOTAL)["late"]
        assert time.monotonic() - started < TOTAL + GRACE


@pytest.mark.parametrize("url", ["no-such-service://127.0.0.1", f"slack://{SECRET}/x"])
def test_what_is_no_url_is_rejected_with_a_remedy(transport: Transport, url: str) -> None:
    with pytest.raises(Rejected) as caught:
        transport.send(request(url))
    assert caught.value.verdict == "config"
    assert caught.value.remedy == REMEDIES["en"]["config"]
    assert SECRET not in str(caught.value)


def test_threads_do_not_hear_each_other_s_answers(transport: Transport) -> None:
    with listening(answering(200, [])) as good, listening(answering(404, [])) as bad, ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda address: outcome(transport, request(address)), [good, bad] * 6))
    for one in found[::2]:
        assert one == {"notified": True, "late": False, "said": []}
    for one in found[1::2]:
        assert not one["notified"]
        assert len([line for line in one["said"] if "error=404" in line]) == 1


class Written(logging.Handler):
    """What is written down by everybody whose lines are heard at all."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def written() -> Iterator[list[str]]:
    handler, root = Written(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


def test_nothing_is_written_into_anybody_s_log(transport: Transport, written: list[str]) -> None:
    logging.getLogger("posthouse").warning("this is heard")
    with listening(answering(200, [])) as good, listening(answering(401, [], SECRET.encode())) as bad:
        for address in (good, bad, unheard()):
            outcome(transport, request(address))
    with pytest.raises(Rejected):
        transport.send(request(f"slack://{SECRET}/x"))
    assert "posthouse: this is heard" in written
    assert not [line for line in written if line.startswith("apprise") or SECRET in line]
    assert SECRET not in repr(request("127.0.0.1:1"))
