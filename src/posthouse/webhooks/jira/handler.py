"""Jira's requests: who they are from, and which event they report.

Sources: Atlassian's pages "Webhooks" (Jira Cloud platform), "Managing webhooks" and "Webhooks" (Jira Data Center), and
the requests that Jiras were seen to send.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import field_validator

from posthouse import (
    LINK_SCHEMES,
    Event,
    Inbound,
    Reader,
    Secret,
    Site,
    WebhookHandler,
    WebhookSettings,
    first_line,
    proved_by,
    require_signature,
    require_token,
)

ISSUE_UPDATED = "jira:issue_updated"
#: What an event is called that neither the body nor the address names.
UNKNOWN = "unknown"
EMPTY = "empty body"
#: How much of a name from a request becomes the event's name; the longest of Jira's own has 42 characters.
NAMED = 60
#: What may stand in the address for Jira to fill in. Where it has nothing to fill in, it leaves its ``${…}`` there.
ISSUE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}-[0-9]{1,18}")
PROJECT_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")
EVENT_NAME = re.compile(rf"[a-z_:]{{1,{NAMED}}}")


class JiraWebhookSettings(WebhookSettings):
    """A webhook that Jira posts to."""

    secret: Secret | None = None
    """The secret entered in Jira Cloud, or in Data Center from 10 on, which sign with it (`X-Hub-Signature`)."""
    token: Secret | None = None
    """The value of `?token=` in the address, for a Jira that cannot sign; required in addition if both are set."""
    base_url: str | None = None
    """The address of Jira in a browser, such as `https://jira.example.com/jira`; found in the payload when absent."""
    restricted_comments: Literal["redact", "full", "hide"] = "redact"
    """What is told of a comment that not everybody may read: that it was written, its text too, or nothing."""
    confidential: Literal["notice", "title", "full", "hide"] = "notice"
    """What confidential robots are told of an issue with a security level: that it changed, its title too, or more."""

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in LINK_SCHEMES or not parts.netloc or any(char.isspace() for char in url):
            raise ValueError("must be an http or https address")
        return url.rstrip("/")


class JiraWebhookHandler(WebhookHandler):
    """Takes in webhooks of Jira Cloud, Data Center and Server, and what Jira's workflows and automation rules send."""

    type = "JIRA"
    settings_model = JiraWebhookSettings
    # Flow and retry say why an event came late; nothing is decided by them.
    kept_headers = frozenset(
        {
            "user-agent",
            "x-atlassian-webhook-flow",
            "x-atlassian-webhook-identifier",
            "x-atlassian-webhook-retry",
        }
    )
    kept_query = frozenset({"event", "issue", "project"})
    settings: JiraWebhookSettings

    def __init__(self, settings: JiraWebhookSettings, site: Site) -> None:
        super().__init__(settings, site)

    def verify(self, inbound: Inbound) -> str:
        """Check everything that is configured: the signature, the token in the address, or both.

        Neither stands in for the other: who configures a secret expects that nothing unsigned comes in, and a token on
        top of it must not open a second door.
        """
        secret, token = self.settings.secret, self.settings.token
        if secret is not None:
            given = inbound.headers.get("x-hub-signature")
            require_signature(given, inbound.body, secret.get_secret_value(), where="the header X-Hub-Signature")
        if token is not None:
            given = inbound.query.get("token")
            require_token(given, token.get_secret_value(), where="the query value token")
        return proved_by(signature=secret is not None, token=token is not None)

    def parse(self, inbound: Inbound) -> Event:
        """Name the event as the body does.

        The address is the second source, for webhooks whose body is excluded: ``?issue=${issue.key}``,
        ``&project=${project.key}``, and ``&event=…`` as the operator calls it. Jira Cloud sends an identifier that is
        the same when it tries again.
        """
        is_empty = not inbound.body or inbound.body.isspace()
        body = {} if is_empty else inbound.json_object()
        payload = _enveloped(body) or _from_address(inbound.query)
        reader = Reader(payload)
        return Event(
            name=_name(reader, inbound.query),
            payload=payload,
            key=inbound.headers.get("x-atlassian-webhook-identifier") or None,
            confidential=has_security_level(reader) or self._tells_restricted(reader),
        )

    def warnings(self) -> Sequence[str]:
        """Warn where anybody who knows the address can post."""
        if self.settings.secret is None and self.settings.token is None:
            return ("no secret or token: anybody who knows the address can post to it",)
        return ()

    def _tells_restricted(self, reader: Reader) -> bool:
        full = self.settings.restricted_comments == "full"
        return full and any(is_restricted(reader.at(path)) for path in ("comment", "worklog"))


def has_security_level(reader: Reader) -> bool:
    """Tell whether the issue has a security level, so that only some people may see it.

    The events of comments leave the field out in Jira Cloud, and the whole issue on Server. Where that matters, Jira
    itself must not send them: with the filter ``level is EMPTY`` at the webhook.
    """
    return bool(reader.at("issue.fields.security").value)


def is_restricted(comment: Reader) -> bool:
    """Tell whether only a role or a group may read a comment, or only the agents of a service desk."""
    return bool(comment.at("visibility").value) or comment.at("jsdPublic").value is False


def _from_address(query: Mapping[str, str]) -> dict[str, Any]:
    """Return what the address says of an event whose body was excluded, where the body would say it."""
    issue, project = query.get("issue", "").strip(), query.get("project", "").strip()
    payload: dict[str, Any] = {}
    if PROJECT_KEY.fullmatch(project):
        payload["project"] = {"key": project}
    if ISSUE_KEY.fullmatch(issue):
        payload["issue"] = {"key": issue}
    return payload


def _enveloped(body: dict[str, Any]) -> dict[str, Any]:
    """Return an issue on its own, as automation rules send it, where every other body has it."""
    is_issue = isinstance(body.get("key"), str) and isinstance(body.get("fields"), dict)
    return {"issue": body} if is_issue and "issue" not in body and "webhookEvent" not in body else body


def _name(reader: Reader, query: Mapping[str, str]) -> str:
    """Return the event's name; bounded, as anybody may send it.

    Workflows and automation rules send an issue without saying what happened to it.
    """
    asked = query.get("event", "").strip()
    given = reader.text("webhookEvent") or (asked if EVENT_NAME.fullmatch(asked) else "")
    if given:
        return first_line(given, NAMED)
    if isinstance(reader.at("issue").value, dict):
        return ISSUE_UPDATED
    return UNKNOWN if reader.value else EMPTY
