"""``POST /webhook/<webhook_id>``: the one address that senders use, answered in front of Flask.

Most of a small request's time would go into routing and request objects that this address does not need; it is the
only one that is called often. Everything else goes on to Flask.
"""

import json
import logging
import re
from collections.abc import Iterable
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl, unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from posthouse.core.errors import BadPayload, Overloaded, Refused, TooLarge
from posthouse.core.event import Inbound
from posthouse.core.message import printable
from posthouse.meters import IntakeMeters
from posthouse.relay import Relay

log = logging.getLogger("posthouse.web")

PREFIX = "/webhook/"
#: GitLab, Jira Cloud and GitHub send nothing larger than 25 MB.
BODY_BYTES = 25 * 1024 * 1024
#: What counts as a length; servers should let nothing else pass.
LENGTH = re.compile(r"[0-9]{1,20}")
#: How long a sender should wait before it tries again when nothing can be stored, in seconds.
RETRY_AFTER = "10"

STATUSES = {
    200: "200 OK",
    202: "202 Accepted",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}


class Hooks:
    """A WSGI application in front of another one: takes in webhooks, passes everything else on."""

    def __init__(self, relay: Relay, others: WSGIApplication, meters: IntakeMeters) -> None:
        self._relay = relay
        self._others = others
        self._meters = meters

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer with JSON: 202 and the event's id once it is stored, 200 for a repeat, or why it is refused."""
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._others(environ, start_response)
        webhook_id = unquote(path.removeprefix(PREFIX)).rstrip("/")
        if environ["REQUEST_METHOD"] != "POST":
            self._meters.refused(webhook_id, 405)
            error = "this address takes webhooks: let the sender POST to it"
            return _answer(start_response, 405, {"error": error}, ("Allow", "POST"))
        began_at = perf_counter()
        try:
            recorded = self._relay.accept(webhook_id, _inbound(environ, self._relay.clock()))
        except Refused as error:
            self._meters.refused(webhook_id, error.status)
            return _refused(start_response, webhook_id, error)
        self._meters.accepted(webhook_id, perf_counter() - began_at, repeat=recorded.repeat)
        log.debug("webhook %s: event %d %s", webhook_id, recorded.event_id, "again" if recorded.repeat else "stored")
        if recorded.repeat:
            return _answer(start_response, 200, {"event_id": recorded.event_id, "repeat": True})
        return _answer(start_response, 202, {"event_id": recorded.event_id})


def _refused(start_response: StartResponse, webhook_id: str, error: Refused) -> list[bytes]:
    """Answer with the reason, and tell the operator, too."""
    known = printable(webhook_id[:64])
    fields = {"webhook": known, "status": error.status}
    if isinstance(error, Overloaded):
        log.error("webhook %s: not stored: %s", known, error.__cause__ or error, extra=fields)
        return _answer(start_response, error.status, {"error": str(error)}, ("Retry-After", RETRY_AFTER))
    log.warning("webhook %s: refused with %d: %s", known, error.status, error, extra=fields)
    return _answer(start_response, error.status, {"error": str(error)})


def _inbound(environ: WSGIEnvironment, now: float) -> Inbound:
    headers = {
        name[5:].lower().replace("_", "-"): _as_utf8(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Inbound(
        headers=headers | {"content-type": environ.get("CONTENT_TYPE", "")},
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        body=_body(environ),
        received_at=now,
    )


def _as_utf8(value: str) -> str:
    """Undo WSGI's reading of header bytes as Latin-1: a secret token may be Chinese."""
    return value if value.isascii() else value.encode("latin-1", "replace").decode("utf-8", "replace")


def _body(environ: WSGIEnvironment) -> bytes:
    """Read the whole body, or raise `TooLarge` without reading more than is taken in."""
    length = environ.get("CONTENT_LENGTH") or ""
    known = LENGTH.fullmatch(length)
    if known and int(length) > BODY_BYTES:
        raise TooLarge(f"the body has {int(length)} bytes; at most {BODY_BYTES} are taken in")
    try:
        body: bytes = environ["wsgi.input"].read(int(length) if known else BODY_BYTES + 1)
    except OSError as error:
        raise BadPayload(f"the body broke off: {error}") from None
    if len(body) > BODY_BYTES:
        raise TooLarge(f"the body is larger than the {BODY_BYTES} bytes that are taken in")
    return body


def _answer(
    start_response: StartResponse, status: int, content: dict[str, Any], *headers: tuple[str, str]
) -> list[bytes]:
    body = json.dumps(content).encode()
    basic = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(STATUSES[status], [*basic, *headers])
    return [body]
