"""Spans: one story from the sender's request to the robot's answer, with names and numbers in it and no texts."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id

from house import House, open_house
from loopback import Caller, listening
from posthouse.config import load
from posthouse.core.errors import ConfigError, NotGenuine, TryLater
from posthouse.core.event import Inbound
from posthouse.lookups.client import Client, Question, Server
from posthouse.relay import Relay
from posthouse.spans import HEADER, OpenTelemetrySpans, Spans

CONFIG = """\
config:
  server: {language: en, repeat_window: 0}
  plugins: [plugin.py]
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      notify:
        ding_talk: {access_token: token-one, sign_key: SECone}
"""
PLUGIN = """\
from posthouse import EventHandler, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class ThinksHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Thinks Hook",)

    def handle(self, event):
        if event.reader.text("what") == "raise":
            raise RuntimeError("the plugin is broken")
        return [Message(event.reader.text("what"))]
"""
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{PARENT}-01"
#: What spans may say. Each is a name from the configuration or the code, or a number.
MAY_SAY = {
    *("webhook", "event_id", "delivery_id", "deliveries", "robot", "sender"),
    *("repeat", "status", "handler", "outcome", "verdict", "state"),
}


class Watched:
    """A house whose relay makes spans, and those that have ended."""

    def __init__(self, house: House) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.spans = OpenTelemetrySpans(provider)
        relay = house.relay
        self.house = house
        house.relay = Relay(
            relay.desk, outbox=relay.outbox, transport=house.robots, clock=relay.clock, spans=self.spans
        )

    def think(self, what: str = "hello", *, traceparent: str = SAMPLED) -> int:
        return self.house.post({"object_kind": "thinks", "what": what}, traceparent=traceparent)

    def ended(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    house = open_house(tmp_path, config=CONFIG, plugin=PLUGIN)
    made = Watched(house)
    yield made
    made.house.relay.close()


def said(span: ReadableSpan) -> dict[str, Any]:
    """Return a span's attributes without our prefix."""
    assert all(name.startswith("posthouse.") for name in span.attributes or {})
    return {name.removeprefix("posthouse."): value for name, value in (span.attributes or {}).items()}


def place(span: ReadableSpan) -> tuple[str, str]:
    """Return the story of a span and its own place in it, as the header has them."""
    assert span.context is not None
    return format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)


def parent(span: ReadableSpan) -> str | None:
    return format_span_id(span.parent.span_id) if span.parent else None


def test_one_story_goes_from_the_senders_header_to_the_robots_answer(watched: Watched) -> None:
    number = watched.think()
    watched.house.work()
    (accept,), (handle,), (attempt,) = (watched.ended(name) for name in ("accept", "handle", "attempt"))
    assert {place(span)[0] for span in (accept, handle, attempt)} == {TRACE}
    assert parent(accept) == PARENT
    assert parent(handle) == parent(attempt) == place(accept)[1]
    assert [span.kind for span in (accept, handle, attempt)] == [SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.CLIENT]
    assert said(accept) == {"webhook": "finance", "event_id": number, "repeat": False}
    assert said(handle) == {
        "webhook": "finance",
        "event_id": number,
        "handler": "ThinksHookNotifyEventHandler",
        "outcome": "told",
        "deliveries": 1,
    }
    assert said(attempt) == {
        "event_id": number,
        "delivery_id": 1,
        "deliveries": 1,
        "robot": "finance.ding_talk",
        "verdict": "ok",
        "state": "sent",
    }


def test_an_attempt_that_is_made_again_belongs_to_the_same_story(watched: Watched) -> None:
    watched.house.robots.replies = [TryLater("refused", verdict="transient", after=5.0)]
    watched.think()
    watched.house.work()
    watched.house.now += 60
    watched.house.work()
    first, second = watched.ended("attempt")
    assert place(first)[0] == place(second)[0] == TRACE
    assert [said(span)["verdict"] for span in (first, second)] == ["transient", "ok"]


@pytest.mark.parametrize("header", ["", "no header of this kind", f"00-{'0' * 32}-{PARENT}-01"])
def test_a_story_begins_here_where_the_sender_tells_none(watched: Watched, header: str) -> None:
    watched.think(traceparent=header)
    watched.think(traceparent=header)
    watched.house.work()
    first, second = watched.ended("accept")
    assert first.parent is second.parent is None
    assert place(first)[0] != place(second)[0]
    assert [place(span)[0] for span in watched.ended("handle")] == [place(first)[0], place(second)[0]]


def test_a_story_that_the_sender_does_not_record_is_not_recorded_here(watched: Watched) -> None:
    watched.think(traceparent=f"00-{TRACE}-{PARENT}-00")
    watched.house.work()
    assert watched.exporter.get_finished_spans() == ()


def test_a_digest_is_linked_to_every_story_that_it_tells(watched: Watched) -> None:
    for _ in range(60):
        watched.think(traceparent="")
    watched.house.work()
    stories = {said(span)["event_id"]: place(span) for span in watched.ended("accept")}
    digests = [span for span in watched.ended("attempt") if said(span)["deliveries"] > 1]
    assert digests
    for span in digests:
        first = said(span)["event_id"]
        told = [stories[number] for number in range(first, first + said(span)["deliveries"])]
        linked = [(format_trace_id(link.context.trace_id), format_span_id(link.context.span_id)) for link in span.links]
        assert linked == told
        assert span.parent is None


def test_a_refused_request_says_its_status(watched: Watched) -> None:
    with pytest.raises(NotGenuine):
        watched.house.relay.accept("finance", Inbound({HEADER: SAMPLED}, {}, b"{}"))
    (accept,) = watched.ended("accept")
    assert said(accept) == {"webhook": "finance", "status": 401}


def test_no_text_of_anybody_is_in_a_span(watched: Watched) -> None:
    watched.house.robots.replies = [TryLater("a robot's own words", verdict="transient", after=5.0)]
    with pytest.raises(NotGenuine):
        watched.house.relay.accept("finance", Inbound({HEADER: SAMPLED, "x-gitlab-token": "secret-demo"}, {}, b"{}"))
    for what in ("raise", "a user's own words"):
        watched.think(what)
    watched.house.work()
    spans = watched.exporter.get_finished_spans()
    assert {span.name for span in spans} == {"accept", "handle", "attempt"}
    assert {said(span)["outcome"] for span in watched.ended("handle")} == {"error", "told"}
    for span in spans:
        assert set(said(span)) <= MAY_SAY
        assert not span.events
        assert not span.status.description
        for text in ("words", "broken", "demo", "let-me-in", "token-one", "SECone"):
            assert text not in span.to_json()


def test_a_question_to_the_sender_is_a_part_of_handling(watched: Watched) -> None:
    with listening(lambda caller: caller.say(b"")) as address:
        client = Client("Confluence", clock=lambda: 0.0, spans=watched.spans)
        server = Server("wiki", f"http://{address}", "Bearer demo")
        with watched.spans.span("handle", kind="CONSUMER", parents=()):
            client.ask(server, Question("/rest/api/content/1", lambda _: {}, keep=1.0), until=0.0)
        client.close()
    (look_up,), (handle,) = watched.ended("look up"), watched.ended("handle")
    assert parent(look_up) == place(handle)[1]
    assert said(look_up) == {"webhook": "wiki", "sender": "Confluence", "outcome": "failed"}


def test_without_spans_nothing_is_kept_of_the_header(tmp_path: Path) -> None:
    house = open_house(tmp_path, config=CONFIG, plugin=PLUGIN)
    number = house.post({"object_kind": "thinks"}, traceparent=SAMPLED)
    assert HEADER not in house.relay.outbox.history.kept_headers([number])[number]
    with Spans().span("handle", kind="CONSUMER") as note:
        note.add(event_id=number)
        assert note.header == ""
    house.relay.close()


def test_without_spans_opentelemetry_is_not_imported() -> None:
    program = "import sys, posthouse.worker, posthouse.web; print([m for m in sys.modules if 'opentelemetry' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def switched_on(folder: Path) -> Path:
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    path = folder / "posthouse.yml"
    database = f"language: en, traces: on, database: 'sqlite:///{folder}/posthouse.db',"
    path.write_text(CONFIG.replace("language: en,", database), encoding="utf-8")
    return path


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter"])
def test_who_lacks_the_packages_is_told_how_to_get_them(
    tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(f"{missing}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError) as caught:
        load(switched_on(tmp_path))
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == ("config.server.traces", 2)
    assert 'pip install "posthouse[otel]"' in problem.text


def test_spans_go_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    def collector(caller: Caller) -> None:
        received.append(caller.request())
        caller.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    path = switched_on(tmp_path)
    with listening(collector) as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{address}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=lilei")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        relay = Relay.open(path)
        relay.accept("finance", Inbound({"x-gitlab-token": "let-me-in"}, {}, b'{"object_kind": "thinks"}'))
        relay.close()  # sends what is left
    (request,) = received
    assert request.startswith(b"POST /v1/traces ")
    assert b"x-tenant: lilei" in request
    for text in (b"service.name", b"posthouse", b"accept", b"finance"):
        assert text in request
    assert b"let-me-in" not in request
