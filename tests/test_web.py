"""The HTTP side, through Flask's client and as bare WSGI: what senders get, and what is stored before they do."""

import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection

from posthouse.relay import Relay
from posthouse.web import create_app
from posthouse.web.hooks import BODY_BYTES

SECRET = "opensesame-nobody-may-see"
CONFIG = """\
config:
  server: {{database: "sqlite:///{database}"}}
  plugins: [plugin.py]
  webhooks:
    - {{webhook_id: demo, type: GITLAB}}
    - {{webhook_id: safe, type: GITLAB, secret_token: {secret}}}
    - {{webhook_id: chinese, type: GITLAB, secret_token: 芝麻开门}}
    - {{webhook_id: broken.verify, type: BROKEN}}
    - {{webhook_id: broken.parse, type: BROKEN}}
"""
PLUGIN = """
from posthouse import WebhookHandler

class Broken(WebhookHandler):
    type = "BROKEN"

    def verify(self, inbound):
        if "verify" in self.settings.webhook_id:
            raise LookupError("a bug of the plugin's")
        return "by faith"

    def parse(self, inbound):
        raise LookupError("a bug of the plugin's")
"""
PUSH = b'{"object_kind": "push"}'
#: Status, headers by lower-case name, body.
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "posthouse.db"


@pytest.fixture
def relay(tmp_path: Path, database: Path) -> Iterator[Relay]:
    path = tmp_path / "posthouse.yml"
    path.write_text(CONFIG.format(database=database, secret=SECRET), encoding="utf-8")
    (tmp_path / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    opened = Relay.open(path)
    yield opened
    opened.close()


@pytest.fixture
def client(relay: Relay) -> FlaskClient:
    return create_app(relay).test_client()


@pytest.fixture
def wsgi(relay: Relay) -> Callable[..., Answer]:
    """Call the application as a server does, with nothing but what a test says."""
    application: WSGIApplication = create_app(relay)

    def call(
        path: str, body: bytes | io.RawIOBase | io.BytesIO = PUSH, *, method: str = "POST", **environ: str
    ) -> Answer:
        started: list[tuple[int, dict[str, str]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _info: Any = None) -> Callable[[bytes], object]:
            started.append((int(status[:3]), {name.lower(): value for name, value in headers}))
            return lambda _: None

        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        basic = {"REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
        extra = {"wsgi.input": stream, "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO()}
        if isinstance(body, bytes):
            basic["CONTENT_LENGTH"] = str(len(body))
        text = b"".join(application({**basic, **extra, **environ}, start_response))
        ((status, headers),) = started
        return status, headers, text

    return call


def stored(relay: Relay) -> list[tuple[str, str, str | None]]:
    """Return webhook, name and key of every event, oldest first."""
    return [(event.webhook_id, event.name, event.key) for event in reversed(relay.outbox.history.events(1000))]


def test_an_event_is_stored_before_the_answer(client: FlaskClient, database: Path) -> None:
    answer = client.post("/webhook/demo", data=PUSH, headers={"X-Gitlab-Event": "Push Hook"})
    assert (answer.status_code, answer.json, answer.mimetype) == (202, {"event_id": 1}, "application/json")
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as other:
        rows = other.execute("SELECT id, webhook_id, name, body, state FROM event").fetchall()
    other.close()
    assert rows == [(1, "demo", "Push Hook", PUSH, "waiting")]


def test_a_repeat_is_stored_once(client: FlaskClient, relay: Relay) -> None:
    for header in ("webhook-id", "Idempotency-Key"):
        first = client.post("/webhook/demo", data=PUSH, headers={header: header})
        again = client.post("/webhook/demo", data=b'{"object_kind": "tag_push"}', headers={header: header})
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json == {"event_id": first.json["event_id"] if first.json else None, "repeat": True}
    assert [key for _, _, key in stored(relay)] == ["webhook-id", "Idempotency-Key"]


def test_a_key_belongs_to_its_webhook(client: FlaskClient) -> None:
    headers = {"webhook-id": "1", "X-Gitlab-Token": SECRET}
    assert [client.post(f"/webhook/{name}", data=PUSH, headers=headers).status_code for name in ("demo", "safe")] == [
        202,
        202,
    ]


def test_events_without_a_key_are_never_repeats(client: FlaskClient, relay: Relay) -> None:
    for headers in ({}, {}, {"webhook-id": ""}, {"webhook-id": ""}):
        assert client.post("/webhook/demo", data=PUSH, headers=headers).status_code == 202
    assert len(stored(relay)) == 4


def test_the_same_key_at_the_same_moment_is_stored_once(relay: Relay, wsgi: Callable[..., Answer]) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: wsgi("/webhook/demo", HTTP_WEBHOOK_ID="one"), range(48)))
    assert sorted(status for status, _, _ in answers) == [200] * 47 + [202]
    assert {json.loads(body)["event_id"] for _, _, body in answers} == {1}
    assert len(stored(relay)) == 1


@pytest.mark.parametrize("kind", ["Push Hook", "Feature Flag Hook", "System Hook", "No Such Hook", "", "\x7f", "推送"])
def test_any_kind_of_event_is_taken_in(wsgi: Callable[..., Answer], relay: Relay, kind: str) -> None:
    raw = kind.encode().decode("latin-1")
    assert wsgi("/webhook/demo", b"{}", HTTP_X_GITLAB_EVENT=raw)[0] == 202
    assert wsgi("/webhook/demo", json.dumps({"object_kind": kind}).encode())[0] == 202
    assert len(stored(relay)) == 2


def test_a_missing_or_wrong_secret_is_refused(client: FlaskClient, relay: Relay) -> None:
    for headers in ({}, {"X-Gitlab-Token": ""}, {"X-Gitlab-Token": SECRET[:-1]}, {"X-Gitlab-Token": SECRET.upper()}):
        answer = client.post("/webhook/safe", data=PUSH, headers=headers)
        assert answer.status_code == 401
        assert answer.json is not None
        assert "X-Gitlab-Token" in answer.json["error"]
        assert SECRET[:-1] not in answer.text
    assert stored(relay) == []
    assert client.post("/webhook/safe", data=PUSH, headers={"X-Gitlab-Token": SECRET}).status_code == 202


def test_a_secret_may_be_chinese(wsgi: Callable[..., Answer]) -> None:
    assert wsgi("/webhook/chinese", HTTP_X_GITLAB_TOKEN="芝麻开门".encode().decode("latin-1"))[0] == 202
    for wrong in ("芝麻关门".encode().decode("latin-1"), "\xff\xfe", "芝麻开门"):
        assert wsgi("/webhook/chinese", HTTP_X_GITLAB_TOKEN=wrong)[0] == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"push"', b"{", b"\xff\xfe", b"a=b", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(client: FlaskClient, relay: Relay, body: bytes) -> None:
    answer = client.post("/webhook/demo", data=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert "JSON" in answer.json["error"]
    assert stored(relay) == []


def test_the_secret_is_asked_for_before_the_body_is_looked_at(client: FlaskClient) -> None:
    assert client.post("/webhook/safe", data=b"no JSON").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/webhook/",
        "/webhook//",
        "/webhook/nobody",
        "/webhook/demo/more",
        "/webhook//demo",
        "/webhook/DEMO",
        "/webhook/demo%00",
        "/webhook/../demo",
        "/webhook/%2e%2e/demo",
        "/webhook/\n",
        "/webhook/" + "x" * 10_000,
        "/webhook/财务".encode().decode("latin-1"),
        "/webhook/\xff",
        "/webhook/%ff%fe",
        "/webhook/%",
        "/webhook/demo?x",
        "/webhook/{0}%s%(name)s",
    ],
)
def test_an_unknown_webhook_is_not_found(wsgi: Callable[..., Answer], relay: Relay, path: str) -> None:
    status, headers, body = wsgi(path)
    assert status == 404
    assert headers["content-type"] == "application/json"
    assert "no webhook" in json.loads(body)["error"]
    assert stored(relay) == []


@pytest.mark.parametrize("path", ["/webhook/demo", "/webhook/demo/", "/webhook/%64emo", "/webhook/demo//"])
def test_a_webhook_is_found_under_every_spelling_of_its_path(wsgi: Callable[..., Answer], path: str) -> None:
    assert wsgi(path)[0] == 202


@pytest.mark.parametrize(
    "path", ["/", "/webhook", "/webhooks/demo", "/x/webhook/demo", "/favicon.ico", "/healthz/x", ""]
)
def test_elsewhere_is_nothing(wsgi: Callable[..., Answer], path: str) -> None:
    for method in ("GET", "POST"):
        status, headers, body = wsgi(path, method=method)
        assert status == 404
        assert headers["content-type"] == "application/json"
        assert "/webhook/<webhook_id>" in json.loads(body)["error"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_a_webhook_is_posted_to(wsgi: Callable[..., Answer], method: str) -> None:
    for path in ("/webhook/demo", "/webhook/nobody"):
        status, headers, _ = wsgi(path, method=method)
        assert (status, headers["allow"]) == (405, "POST")


class Endless(io.RawIOBase):
    """A body without end, which counts how much of it was read."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "a body without end must not be read to its end"
        self.taken += size
        return b"x" * size


def test_a_body_that_says_it_is_too_large_is_not_read(wsgi: Callable[..., Answer], relay: Relay) -> None:
    for length in (BODY_BYTES + 1, 10**18):
        body = Endless()
        status, headers, text = wsgi("/webhook/demo", body, CONTENT_LENGTH=str(length))
        assert (status, body.taken) == (413, 0)
        assert headers["content-type"] == "application/json"
        assert str(BODY_BYTES) in json.loads(text)["error"]
    assert stored(relay) == []


@pytest.mark.parametrize("length", ["", "-1", "1e3", "²", "٣", "9" * 5000, "0x10", "+5"])
def test_a_body_of_no_known_length_is_read_up_to_the_limit(wsgi: Callable[..., Answer], length: str) -> None:
    body = Endless()
    assert wsgi("/webhook/demo", body, CONTENT_LENGTH=length)[0] == 413
    assert body.taken == BODY_BYTES + 1
    assert wsgi("/webhook/demo", io.BytesIO(PUSH), CONTENT_LENGTH=length)[0] == 202


def test_a_body_of_exactly_the_limit_is_taken_in(wsgi: Callable[..., Answer], relay: Relay) -> None:
    body = b'{"x": "' + b"x" * (BODY_BYTES - 9) + b'"}'
    assert wsgi("/webhook/demo", body)[0] == 202
    assert relay.outbox.history.events(1)[0].bytes == BODY_BYTES


def test_no_more_than_the_length_is_read(wsgi: Callable[..., Answer]) -> None:
    assert wsgi("/webhook/demo", io.BytesIO(PUSH + b"the next request"), CONTENT_LENGTH=str(len(PUSH)))[0] == 202


class Broken(io.RawIOBase):
    """A body whose sender has gone."""

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - as every body has it
        raise ConnectionResetError("gone")


def test_a_body_that_breaks_off_is_refused(wsgi: Callable[..., Answer], relay: Relay) -> None:
    assert wsgi("/webhook/demo", Broken(), CONTENT_LENGTH="5")[0] == 400
    assert wsgi("/webhook/demo", io.BytesIO(PUSH[:-5]), CONTENT_LENGTH=str(len(PUSH)))[0] == 400
    assert stored(relay) == []


def test_a_full_disk_lets_the_sender_try_again(relay: Relay, wsgi: Callable[..., Answer]) -> None:
    def pages(most: int) -> Callable[[Connection], object]:
        return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    large = b'{"x": "' + b"x" * 100_000 + b'"}'
    relay.outbox._commit.run(pages(1))  # no less than there is
    status, headers, body = wsgi("/webhook/demo", large)
    assert (status, headers["retry-after"]) == (503, "10")
    assert json.loads(body)["error"] == "the event cannot be stored just now; try again later"
    assert stored(relay) == []
    relay.outbox._commit.run(pages(1_000_000))
    assert wsgi("/webhook/demo", large)[0] == 202


def test_a_broken_database_lets_the_sender_try_again(
    relay: Relay, database: Path, wsgi: Callable[..., Answer], caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(database) as other:
        other.execute("ALTER TABLE event RENAME TO gone")
    status, headers, _ = wsgi("/webhook/demo")
    assert (status, headers["retry-after"]) == (503, "10")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.records[0].exc_info is None
    with other:
        other.execute("ALTER TABLE gone RENAME TO event")
    other.close()
    assert wsgi("/webhook/demo")[0] == 202


def test_a_bug_in_verifying_keeps_the_event_and_tells_nobody(
    client: FlaskClient, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post("/webhook/broken.verify", data=PUSH)
    assert answer.status_code == 202
    assert "a bug of the plugin's" not in answer.text
    assert "a bug of the plugin's" in caplog.text
    assert relay.handle_next("test")
    (event,) = relay.outbox.history.events(1)
    assert (event.state, event.outcome, event.deliveries) == ("failed", "error", [])
    assert "genuine" in event.trace[-1]["reason"]


def test_a_bug_in_reading_keeps_the_event(client: FlaskClient, relay: Relay, caplog: pytest.LogCaptureFixture) -> None:
    assert client.post("/webhook/broken.parse", data=PUSH).status_code == 202
    assert stored(relay) == [("broken.parse", "?", None)]
    assert "a bug of the plugin's" in caplog.text


def test_headers_and_queries_that_may_hold_secrets_are_not_stored(client: FlaskClient, database: Path) -> None:
    headers = {
        "X-Gitlab-Token": SECRET,
        "Authorization": f"Bearer {SECRET}",
        "Cookie": f"session={SECRET}",
        "webhook-signature": f"v1,{SECRET}",
        "X-Gitlab-Event": "Push Hook",
        "X-Gitlab-Instance": "https://gitlab.example.com",
    }
    for webhook in ("demo", "safe", "nobody"):
        client.post(f"/webhook/{webhook}?token={SECRET}&private_token={SECRET}", data=PUSH, headers=headers)
    client.post("/webhook/safe", data=PUSH, headers=headers | {"X-Gitlab-Token": f"{SECRET}?"})
    written = b"".join(file.read_bytes() for file in database.parent.glob("posthouse.db*"))
    assert b"https://gitlab.example.com" in written
    assert SECRET.encode() not in written


def test_a_log_line_is_one_line_whatever_the_path(
    wsgi: Callable[..., Answer], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for path in ("/webhook/x\n2026-01-01 INFO all is well", "/webhook/%0d%0aall is well", "/webhook/\x1b[2J"):
        wsgi(path)
    assert len(caplog.records) == 3
    for record in caplog.records:
        assert record.getMessage().isprintable()


def test_healthz_tells_that_the_process_answers(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert client.post("/healthz").status_code == 405


def test_readyz_alone_needs_the_database_only(client: FlaskClient, database: Path) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "database": "ok", "worker": "no worker is alive"}
    with sqlite3.connect(database) as other:
        other.execute("ALTER TABLE worker RENAME TO gone")
    other.close()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "unready", "database": "failed; the log has the reason"}


def test_readyz_beside_a_worker_needs_one_that_was_seen_lately(relay: Relay) -> None:
    client = create_app(relay, with_worker=True).test_client()
    assert client.get("/readyz").status_code == 503
    now = relay.clock()
    relay.outbox.beat("long ago", started_at=now - 100, now=now - 60)
    assert client.get("/readyz").status_code == 503
    relay.outbox.beat("alive", started_at=now, now=now)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "database": "ok", "worker": "ok"}


def test_the_relay_is_found_in_the_application_alone(relay: Relay) -> None:
    app = create_app(relay)
    assert app.extensions["posthouse"] is relay
    assert create_app(relay) is not app
