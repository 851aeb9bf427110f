"""The one outgoing connection, against servers that do what robots and what stands before them do at their worst."""

import contextlib
import gzip
import logging
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from loopback import Caller, listening
from posthouse import HttpReply, HttpRequest, Rejected, TryLater
from posthouse.core.errors import DeliveryError
from posthouse.transport import BODY_BYTES, REMEDIES, Transport

SECRET = "a-token-nobody-may-see"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: How long the tests let an attempt take, and how much later than that it may end on a busy machine, in seconds.
TOTAL = 0.5
GRACE = 1.0


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(language="en", total_seconds=TOTAL)
    yield made
    made.close()


def request(address: str, *, body: bytes = b"{}") -> HttpRequest:
    url = address if "://" in address else f"http://{address}/robot/send?access_token={SECRET}"
    return HttpRequest(url=url, headers={"content-type": "application/json"}, body=body)


def failure(transport: Transport, address: str) -> DeliveryError:
    """Send, and return the error, which came in time and shows neither address nor token."""
    started = time.monotonic()
    with pytest.raises((TryLater, Rejected)) as caught:
        transport.send(request(address))
    assert time.monotonic() - started < TOTAL + GRACE
    error = caught.value
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    for text in (str(error), repr(error), error.answer, error.remedy, str(error.args)):
        assert SECRET not in text
        assert "robot/send" not in text
        assert address not in text
    return error


def answering(*answers: bytes) -> Callable[[Caller], None]:
    """Give the answers one after the other on each connection, then close it."""

    def talk(caller: Caller) -> None:
        for answer in answers:
            if not caller.request():
                return
            caller.say(answer)

    return talk


def reply_to(transport: Transport, answer: bytes) -> HttpReply:
    with listening(answering(answer)) as address:
        return transport.send(request(address))


def test_the_request_arrives_as_it_is(transport: Transport) -> None:
    received = []

    def talk(caller: Caller) -> None:
        received.append(caller.request())
        caller.say(b"HTTP/1.1 201 Created\r\nX-Odd: \xe4\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00!")

    with listening(talk) as address:
        reply = transport.send(request(address, body="{“}".encode()))
    assert (reply.status, reply.body, reply.headers["x-odd"]) == (201, b"\xff\xfe\x00!", "ä")
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /robot/send?access_token={SECRET} HTTP/1.1\r\n".encode())
    assert b"content-type: application/json" in head
    assert body == "{“}".encode()


def test_a_question_is_asked_without_a_body(transport: Transport) -> None:
    received = []

    def talk(caller: Caller) -> None:
        received.append(caller.request())
        caller.say(OK)

    with listening(talk) as address:
        asked = HttpRequest(url=f"http://{address}/rest/api/user?key=a%20b", headers={}, body=b"", method="GET")
        assert transport.send(asked).body == b"ok"
    assert received[0].startswith(b"GET /rest/api/user?key=a%20b HTTP/1.1\r\n")
    assert b"content-length" not in received[0].lower()


def test_one_request_may_be_given_less_time(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.wait()

    patient = Transport(language="en", total_seconds=60.0)
    started = time.monotonic()
    with listening(talk) as address, pytest.raises(TryLater, match="the robot did not answer in time"):
        patient.send(request(address), seconds=0.1)
    assert time.monotonic() - started < TOTAL + GRACE
    # More than usual it never gets.
    with listening(talk) as address, pytest.raises(TryLater):
        transport.send(request(address), seconds=60.0)
    assert time.monotonic() - started < 2 * (TOTAL + GRACE)


def test_errors_name_whom_we_speak_to() -> None:
    transport = Transport(language="en", total_seconds=TOTAL, peer="Confluence")
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        error = failure(transport, f"127.0.0.1:{unheard.getsockname()[1]}")
    assert str(error) == "the connection to Confluence was refused"


def test_a_connection_is_used_again(transport: Transport) -> None:
    connections = []

    def talk(caller: Caller) -> None:
        connections.append(caller.number)
        while caller.request():
            caller.say(OK)

    with listening(talk) as address:
        assert [transport.send(request(address)).body for _ in range(3)] == [b"ok"] * 3
        transport.close()
    assert connections == [0]


def test_a_connection_that_was_closed_meanwhile_is_replaced(transport: Transport) -> None:
    with listening(answering(OK)) as address:
        assert transport.send(request(address)).body == b"ok"
        for _ in range(3):
            # The end of the connection may still be on its way while we use it.
            with contextlib.suppress(TryLater):
                assert transport.send(request(address)).body == b"ok"
                break
        else:
            pytest.fail("no new connection was made")
        transport.close()


def test_every_connection_is_closed_even_after_one_that_broke_off(transport: Transport) -> None:
    ended = []

    def talk(caller: Caller) -> None:
        caller.request()
        if caller.number == 0:
            return
        caller.say(OK)
        ended.append(caller.request())

    started = time.monotonic()
    with listening(talk) as address:
        failure(transport, address)
        assert transport.send(request(address)).body == b"ok"
        transport.close()
    assert ended == [b""]
    assert time.monotonic() - started < GRACE


def test_a_refused_connection_has_shown_nothing(transport: Transport) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        error = failure(transport, f"127.0.0.1:{unheard.getsockname()[1]}")
    assert (type(error), error.verdict) == (TryLater, "transient")
    assert str(error) == "the connection to the robot was refused"
    assert error.remedy == REMEDIES["en"]["transient"]


def test_a_name_that_does_not_exist_has_shown_nothing() -> None:
    # A label of 64 letters is refused without asking anybody; so this needs no name server.
    with pytest.raises((TryLater, Rejected)) as caught:
        Transport().send(request("http://nowhere..invalid/"))
    assert caught.value.verdict in {"transient", "config"}


def test_silence_may_have_shown_it(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.wait()

    with listening(talk) as address:
        error = failure(transport, address)
    assert (type(error), error.verdict) == (TryLater, "ambiguous")
    assert str(error) == "the robot did not answer in time"
    assert error.remedy == REMEDIES["en"]["ambiguous"]


@pytest.mark.parametrize(
    ("at_once", "dripped"),
    [
        (b"", b"HTTP/1.1 200 OK\r\n" + b"X-Long: x\r\n" * 90),
        (b"HTTP/1.1 200 OK\r\n", b"X-Long: " + b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 1000),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
    ],
    ids=["headers", "one header", "body", "body without length", "chunks", "length of a chunk", "continue"],
)
def test_an_answer_that_drips_ends_in_time(transport: Transport, at_once: bytes, dripped: bytes) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.say(at_once)
        caller.drip(dripped, every=0.05)

    with listening(talk) as address:
        error = failure(transport, address)
    assert (type(error), error.verdict) == (TryLater, "ambiguous")
    assert str(error) == "the robot did not answer in time"


def test_a_dripping_answer_that_comes_in_time_is_taken(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.drip(b"HTTP/1.1 200 OK\r\n", every=0.001)
        caller.drip(b"Content-Length: 2\r\n\r\nok", every=0.001)

    with listening(talk) as address:
        assert transport.send(request(address)).body == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 abc\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\0" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    ],
    ids=[
        "nothing",
        "half a body",
        "half a chunk",
        "no chunk",
        "no gzip",
        "no status",
        "no HTTP",
        "zeros",
        "many headers",
        "a long header",
    ],
)
def test_a_connection_that_breaks_off_may_have_shown_it(transport: Transport, answer: bytes) -> None:
    with listening(answering(answer)) as address:
        error = failure(transport, address)
    assert (type(error), error.verdict) == (TryLater, "ambiguous")


def test_a_connection_that_is_reset_may_have_shown_it(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with listening(talk) as address:
        assert failure(transport, address).verdict == "ambiguous"


def test_a_huge_answer_is_cut(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.request()
        caller.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not caller.over.is_set():
            caller.say(b"x" * 65536)

    with listening(talk) as address:
        reply = transport.send(request(address))
        assert reply.body == b"x" * BODY_BYTES
        # What is left of it is not taken for the next answer.
        assert transport.send(request(address)).body == b"x" * BODY_BYTES


def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut(transport: Transport) -> None:
    bomb = gzip.compress(b"x" * 20_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    assert reply_to(transport, head.encode() + bomb).body == b"x" * BODY_BYTES


def test_how_much_of_an_answer_is_taken_can_be_chosen() -> None:
    small = Transport(language="en", total_seconds=TOTAL, body_bytes=10)
    assert reply_to(small, b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20).body == b"x" * 10


def test_an_answer_of_exactly_the_limit_is_whole(transport: Transport) -> None:
    body = b"x" * BODY_BYTES
    assert reply_to(transport, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)).body == body


@pytest.mark.parametrize("status", [204, 301, 302, 307, 308, 400, 404, 429, 500, 503])
def test_every_status_is_a_reply_and_no_redirect_is_followed(transport: Transport, status: int) -> None:
    callers = []

    def talk(caller: Caller) -> None:
        callers.append(caller.request())
        caller.say(
            f"HTTP/1.1 {status} So\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
        )

    with listening(talk) as address:
        reply = transport.send(request(address))
    assert (reply.status, reply.body) == (status, b"")
    assert len(callers) == 1


def test_tls_to_a_plain_port_has_shown_nothing(transport: Transport) -> None:
    def talk(caller: Caller) -> None:
        caller.connection.recv(100)
        caller.say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with listening(talk) as address:
        error = failure(transport, f"https://{address}/robot/send?access_token={SECRET}")
    assert (type(error), error.verdict) == (TryLater, "transient")
    assert "no secure connection" in str(error)


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http:///robot/send",
        "nonsense://host/",
        "http://[::1/robot/send",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        f"http://{'x' * 64}.example/robot/send",
    ],
)
def test_what_is_no_address_is_rejected_with_a_remedy(transport: Transport, address: str) -> None:
    error = failure(transport, address)
    assert (type(error), error.verdict) == (Rejected, "config")
    assert error.remedy == REMEDIES["en"]["config"]


def test_remedies_are_in_the_language_of_the_site() -> None:
    transport = Transport(language="zh", total_seconds=TOTAL)
    assert failure(transport, "http:///").remedy == REMEDIES["zh"]["config"]
    assert REMEDIES["zh"].keys() == REMEDIES["en"].keys()


def test_no_address_is_logged(transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with listening(answering(b"")) as address:
        failure(transport, address)
        failure(transport, address)
    reply_to(transport, OK)
    reply_to(transport, b"HTTP/1.1 200 OK\r\nthis is no header\r\nContent-Length: 0\r\n\r\n")
    assert SECRET not in caplog.text
    assert SECRET not in repr(request("127.0.0.1:1"))


def test_many_threads_share_one_transport(transport: Transport) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def talk(caller: Caller) -> None:
        while caller.request():
            caller.say(OK)

    with listening(talk) as address:
        with ThreadPoolExecutor(8) as threads:
            replies = list(threads.map(lambda _: transport.send(request(address)).body, range(40)))
        transport.close()
    assert replies == [b"ok"] * 40
