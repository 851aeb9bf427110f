"""GitHub's requests: who they are from, and which event they report.

Sources: GitHub's pages "Webhook events and payloads" and "Validating webhook deliveries".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from posthouse import Event, Inbound, Secret, WebhookHandler, WebhookSettings, first_line, require_signature

#: How a body begins that GitHub sends as a form; no JSON begins like that.
FORM = b"payload="
#: How much of a form is decoded at a time, in bytes: Python needs seventy times as much memory while it does so.
PIECE = 65536
#: How long an event's name may be, in characters.
NAME = 60
#: Events by what stands in their payloads, be it null; the first that fits. Some are here only so that they are not
#: taken for another.
TELLTALES = (
    ("ping", {"zen", "hook"}),
    ("pull_request_review", {"review", "pull_request"}),
    ("pull_request_review_thread", {"thread", "pull_request"}),
    ("pull_request_review_comment", {"comment", "pull_request"}),
    ("issue_comment", {"comment", "issue"}),
    ("discussion_comment", {"comment", "discussion"}),
    ("commit_comment", {"comment"}),
    ("pull_request", {"pull_request"}),
    ("issues", {"issue"}),
    ("release", {"release"}),
    ("deployment_status", {"deployment_status"}),
    ("deployment", {"deployment"}),
    ("deployment_review", {"workflow_run", "since"}),
    ("workflow_run", {"workflow_run"}),
    ("star", {"starred_at"}),
    ("fork", {"forkee"}),
    ("push", {"ref", "commits"}),
    ("create", {"ref", "ref_type", "master_branch"}),
    ("delete", {"ref", "ref_type"}),
)


class GitHubWebhookSettings(WebhookSettings):
    """A webhook that GitHub posts to."""

    secret: Secret | None = None
    """The secret entered in GitHub; GitHub signs with it, as `X-Hub-Signature-256` shows."""


class GitHubWebhookHandler(WebhookHandler):
    """Takes in webhooks of GitHub's repositories and organisations, and of GitHub Enterprise Server."""

    type = "GITHUB"
    settings_model = GitHubWebhookSettings
    kept_headers = frozenset({"x-github-event", "x-github-delivery", "x-github-hook-id", "user-agent"})
    settings: GitHubWebhookSettings

    def verify(self, inbound: Inbound) -> str:
        """Check the SHA-256 signature. The one in `X-Hub-Signature`, made with SHA-1, never counts."""
        if self.settings.secret is None:
            return "not checked: no secret is configured"
        given, secret = inbound.headers.get("x-hub-signature-256"), self.settings.secret.get_secret_value()
        require_signature(given, inbound.body, secret, where="the header X-Hub-Signature-256")
        return "the signature is right"

    def parse(self, inbound: Inbound) -> Event:
        """Name the event after the header; the body says nothing about it, so without the header it is a guess."""
        payload = _without_form(inbound).json_object()
        name = first_line(inbound.headers.get("x-github-event", ""), NAME) or _guessed(payload)
        return Event(name=name, payload=payload, key=inbound.headers.get("x-github-delivery") or None)

    def warnings(self) -> Sequence[str]:
        """Warn where anybody who knows the address can post."""
        return () if self.settings.secret else ("no secret: anybody who knows the address can post to it",)


def _without_form(inbound: Inbound) -> Inbound:
    """Return the request as if GitHub had been told to send JSON: a form has the same JSON in its one field."""
    if not inbound.body.startswith(FORM):
        return inbound
    field, _, _ = inbound.body.removeprefix(FORM).partition(b"&")
    return replace(inbound, body=b"".join(_decoded(field.replace(b"+", b" "))))


def _decoded(field: bytes) -> Iterator[bytes]:
    """Yield a field of a form without its escapes, one piece after another."""
    start = 0
    while start < len(field):
        end = start + PIECE
        # An escape is three bytes long; one that begins in the last two of a piece belongs to the next.
        escape = field.rfind(b"%", end - 2, end)
        end = end if escape == -1 else escape
        yield unquote_to_bytes(field[start:end])
        start = end


def _guessed(payload: Mapping[str, Any]) -> str:
    """Return the event whose payload looks like this one."""
    return next((name for name, keys in TELLTALES if keys <= payload.keys()), "unknown")
