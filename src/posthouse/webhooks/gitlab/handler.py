"""GitLab's requests: who they are from, and which event they report.

Sources: GitLab's pages "Webhooks", "Webhook events" and "System hooks", and the Standard Webhooks signature scheme.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, field_validator

from posthouse import (
    Event,
    Inbound,
    NotGenuine,
    PluginSettings,
    Reader,
    Secret,
    Site,
    WebhookHandler,
    WebhookSettings,
    header_bytes,
    require_token,
)

SIGNING_TOKEN_PREFIX = "whsec_"  # noqa: S105 - the public prefix of a token, no token
#: Seconds since the epoch; bounded, as a longer number would not fit into the sum below.
STAMP = re.compile(r"[0-9]{1,15}")
#: Kinds whose event is not called after them. A job says "build", and a work item comes as an issue.
NAMES = {
    "access_token": "Resource Access Token Hook",
    "build": "Job Hook",
    "deploy_token": "Resource Deploy Token Hook",
    "work_item": "Issue Hook",
}
#: A body that does not say what it is. GitLab always does, unless a custom webhook template replaces its body.
CUSTOM_TEMPLATE = "Custom Template Hook"
#: The kinds that GitLab sends under a second name when they are confidential.
WITH_CONFIDENTIAL_NAME = frozenset({"Issue Hook", "Note Hook"})


class GitlabServer(PluginSettings):
    """The GitLab that sends."""

    host: str | None = None
    """The address of the GitLab, such as `https://gitlab.example.com/`."""
    private_token: Secret | None = None
    """A token for calls back to GitLab. Nothing needs it yet."""

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str | None) -> str | None:
        if host is not None and not Reader({"host": host}).link("host"):
            raise ValueError("must be an address that starts with http:// or https://")
        return host


class GitlabConf(PluginSettings):
    """Where the sender is described."""

    gitlab: GitlabServer = Field(default_factory=GitlabServer)
    """The GitLab that sends."""


class GitlabWebhookSettings(WebhookSettings):
    """A webhook that GitLab posts to."""

    secret_token: Secret | None = None
    """The secret token entered in GitLab; GitLab sends it as `X-Gitlab-Token`."""
    signing_token: Secret | None = None
    """The signing token that GitLab 19 and later generates (`whsec_…`); GitLab signs with it."""
    signature_tolerance: int = Field(default=300, ge=1)
    """How many seconds a signature's time may differ from the clock here."""
    confidential: Literal["notice", "title", "full", "hide"] = "notice"
    """How much is told of confidential issues and comments: that there is something, its title too, all, or nothing."""
    conf: GitlabConf = Field(default_factory=GitlabConf)
    """Where the sender is described."""

    @field_validator("signing_token")
    @classmethod
    def _is_a_signing_token(cls, token: Secret | None) -> Secret | None:
        if token is not None:
            _signing_key(token.get_secret_value())
        return token


class GitlabWebhookHandler(WebhookHandler):
    """Takes in project, group and system hooks of any GitLab from 12 on."""

    type = "GITLAB"
    settings_model = GitlabWebhookSettings
    kept_headers = frozenset(
        {
            "user-agent",
            "x-gitlab-event",
            "x-gitlab-instance",
            "x-gitlab-event-uuid",
            "x-gitlab-webhook-uuid",
            "webhook-id",
            "idempotency-key",
        }
    )
    settings: GitlabWebhookSettings

    def __init__(self, settings: GitlabWebhookSettings, site: Site) -> None:
        super().__init__(settings, site)

    def verify(self, inbound: Inbound) -> str:
        """Check the signature where there is one, else the secret token.

        A signature that is there and wrong never falls back to the token, as GitLab's page on webhooks advises.
        """
        signing, secret = self.settings.signing_token, self.settings.secret_token
        if signing is not None and "webhook-signature" in inbound.headers:
            self._verify_signature(inbound, _signing_key(signing.get_secret_value()))
            return "the signature is right"
        if secret is not None:
            given = inbound.headers.get("x-gitlab-token")
            require_token(given, secret.get_secret_value(), where="the header X-Gitlab-Token")
            return "the secret token is right"
        if signing is not None:
            raise NotGenuine("the header webhook-signature is missing")
        return "not checked: neither secret_token nor signing_token is configured"

    def parse(self, inbound: Inbound) -> Event:
        """Name the event after what the body says it is; the header is only the second source.

        System hooks always say "System Hook" in the header, and some test requests carry the header of another kind.
        """
        payload = inbound.json_object()
        reader = Reader(payload)
        header = inbound.headers.get("x-gitlab-event", "").strip()
        confidential = _is_confidential(reader, header)
        name = _name(reader, header)
        if confidential and name in WITH_CONFIDENTIAL_NAME:
            name = f"Confidential {name}"
        key = inbound.headers.get("webhook-id") or inbound.headers.get("idempotency-key") or None
        return Event(name=name, payload=payload, key=key, confidential=confidential)

    def warnings(self) -> Sequence[str]:
        """Warn where anybody who knows the address can post."""
        if self.settings.secret_token is None and self.settings.signing_token is None:
            return ("no secret_token or signing_token: anybody who knows the address can post to it",)
        return ()

    def _verify_signature(self, inbound: Inbound, key: bytes) -> None:
        """Follow Standard Webhooks: HMAC-SHA256 over id, time and raw body; any ``v1`` item of the list may match."""
        stamp = inbound.headers.get("webhook-timestamp", "")
        if not STAMP.fullmatch(stamp):
            raise NotGenuine("the header webhook-timestamp is missing or no number")
        drift = abs(inbound.received_at - int(stamp))
        if drift > self.settings.signature_tolerance:
            raise NotGenuine(f"the header webhook-timestamp differs from the clock here by {drift:.0f} seconds")
        signed = header_bytes(f"{inbound.headers.get('webhook-id', '')}.{stamp}.") + inbound.body
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        for item in inbound.headers["webhook-signature"].split():
            version, _, signature = item.partition(",")
            if version == "v1" and hmac.compare_digest(header_bytes(signature), expected):
                return
        raise NotGenuine("the header webhook-signature is wrong")


def _signing_key(token: str) -> bytes:
    """Return the bytes behind ``whsec_``; the token itself is not the key. Raises `ValueError` for anything else."""
    if not token.startswith(SIGNING_TOKEN_PREFIX):
        raise ValueError(f"must start with {SIGNING_TOKEN_PREFIX!r}, as GitLab shows it")
    try:
        key = base64.b64decode(token.removeprefix(SIGNING_TOKEN_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"must be base64 after {SIGNING_TOKEN_PREFIX!r}") from None
    if not key:
        raise ValueError(f"must not be empty after {SIGNING_TOKEN_PREFIX!r}")
    return key


def _name(reader: Reader, header: str) -> str:
    kind, event_name = reader.text("object_kind"), reader.text("event_name")
    if kind:
        return NAMES.get(kind) or _titled(kind)
    if not event_name:
        return CUSTOM_TEMPLATE
    if header and header != "System Hook":
        return header.removeprefix("Confidential ")
    return _titled(event_name)


def _titled(kind: str) -> str:
    """Name a kind as GitLab names its events: ``wiki_page`` is "Wiki Page Hook". Bounded: anybody may send it."""
    return f"{' '.join(kind[:60].split('_')).title()} Hook"


def _is_confidential(reader: Reader, header: str) -> bool:
    """Apply every sign there is, as GitLab marks issues, comments on them and internal comments in different places.

    Issues and comments also come inside of other events, such as a reaction to them, which GitLab does not mark.
    """
    parts = reader.value.values() if isinstance(reader.value, dict) else ()
    return (
        header.startswith("Confidential")
        or reader.text("event_type").startswith("confidential")
        or any(_is_marked(part) for part in parts if isinstance(part, dict))
    )


def _is_marked(part: dict[str, Any]) -> bool:
    return part.get("confidential") is True or part.get("internal") is True
