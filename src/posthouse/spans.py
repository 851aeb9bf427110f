"""Spans for an OpenTelemetry collector: one story from a sender's request to the robots' answers.

What a story is known by is stored with its event, so that it goes on in another process, on another machine, or after a
crash. Spans hold names, ids, outcomes and verdicts, and nothing that anybody wrote. No exception is recorded, as its
text may quote what a plugin knows.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Span

#: The header that tells which story a request belongs to, and in which place (https://www.w3.org/TR/trace-context/).
HEADER = "traceparent"
#: What stands in front of our attributes' names.
PREFIX = "posthouse."
Kind = Literal["SERVER", "CONSUMER", "CLIENT"]
Value = str | int | float | bool


class Note:
    """Where what becomes known while a span lasts is noted. This one forgets it."""

    #: The span's place in its story, as the header has it; empty where there is no span.
    header = ""

    def add(self, **attributes: Value) -> None:
        """Add attributes to the span."""


class Spans:
    """Makes no spans, which needs no package and next to no time."""

    is_on = False

    def span(
        self,
        name: str,  # noqa: ARG002 - for those that do make spans, as all the others
        *,
        kind: Kind,  # noqa: ARG002
        parents: Sequence[str] | None = None,  # noqa: ARG002
        **attributes: Value,  # noqa: ARG002
    ) -> AbstractContextManager[Note]:
        """Return a span for the length of a ``with`` statement.

        ``parents`` are headers: of one, the span tells the story on; of several, it tells a part, and is linked to
        them. With None, it is a part of what the same thread does already.
        """
        return _NOTHING

    def close(self) -> None:
        """Send what was not sent yet."""


class OpenTelemetrySpans(Spans):
    """Makes spans with a provider, which decides what is sampled and where it is sent; closes that, too."""

    is_on = True

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("posthouse")

    @contextmanager
    def span(
        self, name: str, *, kind: Kind, parents: Sequence[str] | None = None, **attributes: Value
    ) -> Iterator[Note]:
        """Return a span for the length of a ``with`` statement."""
        from opentelemetry.trace import SpanKind

        context, links = _place(parents)
        with self._tracer.start_as_current_span(
            name,
            context,
            SpanKind[kind],
            _named(attributes),
            links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _OpenTelemetryNote(span)

    def close(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()


class _OpenTelemetryNote(Note):
    def __init__(self, span: "Span") -> None:
        self._span = span

    @property
    def header(self) -> str:  # type: ignore[override]  # never set
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(self._span))
        return carrier.get(HEADER, "")

    def add(self, **attributes: Value) -> None:
        self._span.set_attributes(_named(attributes))


def open_spans(version: str) -> Spans:
    """Return spans that go where OpenTelemetry's own variables say, such as ``OTEL_EXPORTER_OTLP_ENDPOINT``.

    They are listed at https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. The service
    is called posthouse unless they say otherwise. The configuration has made sure that the package is there.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({SERVICE_VERSION: version})
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "posthouse"}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OpenTelemetrySpans(provider)


def _place(parents: Sequence[str] | None) -> "tuple[Context | None, list[Link]]":
    """Return where a span belongs: the context that it goes on from, and those that it is linked to."""
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if parents is None:
        return None, []
    found = [TraceContextTextMapPropagator().extract({HEADER: header}) for header in dict.fromkeys(parents) if header]
    if len(found) == 1:
        return found[0], []
    spoken = [get_current_span(context).get_span_context() for context in found]
    return Context(), [Link(one) for one in spoken if one.is_valid]


def _named(attributes: dict[str, Value]) -> dict[str, Value]:
    return {f"{PREFIX}{name}": value for name, value in attributes.items()}


_NOTHING = nullcontext(Note())
