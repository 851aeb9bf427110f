"""The requests of any sender that posts JSON: who they are from, and what the configuration picks from them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from posthouse import (
    Event,
    Inbound,
    Secret,
    Site,
    WebhookHandler,
    WebhookSettings,
    require_signature,
    require_token,
)
from posthouse.webhooks.generic.levels import LEVELS
from posthouse.webhooks.generic.templates import condition, fill, names_of, template

#: A longer key is shortened to a digest, so that two of them are never taken for one.
KEY = 200


def _is_template(source: str) -> str:
    template(source)
    return source


def _is_condition(source: str) -> str:
    condition(source)
    return source


def _is_level(source: str) -> str:
    if "{" not in source and source.strip().casefold() not in LEVELS:
        raise ValueError("must be info, success, warning or failure, or a template that gives one of them")
    return _is_template(source)


TemplateText = Annotated[str, AfterValidator(_is_template)]
LevelText = Annotated[str, AfterValidator(_is_level)]
ConditionText = Annotated[str, AfterValidator(_is_condition)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class GenericWebhookSettings(WebhookSettings):
    """A webhook that anything may post JSON to."""

    secret: Secret | None = None
    """The key with which the sender signs the body (HMAC with SHA-256)."""
    signature_header: HeaderName = "X-Hub-Signature-256"
    """The header that holds the signature."""
    signature_format: Literal["sha256=hex", "hex", "base64"] = "sha256=hex"
    """How the signature is written: in hexadecimal digits, with or without `sha256=` before them, or in base64."""
    token: Secret | None = None
    """A token that the sender sends, when it signs nothing, or in addition to its signature."""
    token_header: HeaderName | None = None
    """The header that holds nothing but the token; else `Authorization: Bearer …`, or `?token=…` in the address."""
    title: TemplateText
    """The message's title, as a template."""
    text: TemplateText | None = None
    """What stands below the title, as a template; lines that begin with `- ` become a list."""
    fields: Mapping[str, TemplateText] = Field(default_factory=dict)
    """Names with their values, as templates; those without a value are left out."""
    link: TemplateText | None = None
    """Where a button leads, as a template."""
    link_text: TemplateText | None = None
    """What the button says, as a template."""
    level: LevelText | None = None
    """How good or bad the news is, as a template: `info`, `success`, `warning`, `failure`, or a word like `error`."""
    facts: Mapping[str, TemplateText] = Field(default_factory=dict)
    """What rules can match on, as templates."""
    when: ConditionText | None = None
    """What has to be true for a message, as an expression without `{{ }}`; what is not told can be explained."""
    key: TemplateText | None = None
    """What tells events apart, as a template; the same key twice is a repeat, and told once."""


class GenericWebhookHandler(WebhookHandler):
    """Takes in JSON objects from anywhere, and tells what the configuration picks from them."""

    type = "GENERIC"
    settings_model = GenericWebhookSettings
    # No header is kept: any of them may be the one that holds the token.
    settings: GenericWebhookSettings

    def __init__(self, settings: GenericWebhookSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._key = None if settings.key is None else template(settings.key)

    def verify(self, inbound: Inbound) -> str:
        """Check the signature and the token; where both are configured, both have to be right."""
        proofs = []
        if self.settings.secret is not None:
            self._verify_signature(inbound, self.settings.secret.get_secret_value())
            proofs.append("the signature is right")
        if self.settings.token is not None:
            self._verify_token(inbound, self.settings.token.get_secret_value())
            proofs.append("the token is right")
        return ", ".join(proofs) or "not checked: neither secret nor token is configured"

    def parse(self, inbound: Inbound) -> Event:
        """Name every event alike: what they are called, and which of them are told, is for the templates to say."""
        payload = inbound.json_object()
        return Event(name="Generic", payload=payload, key=self._repeat_key(payload))

    def warnings(self) -> Sequence[str]:
        """Warn where anybody who knows the address can post."""
        if self.settings.secret is None and self.settings.token is None:
            return ("no secret and no token: anybody who knows the address can post to it",)
        return ()

    def _verify_signature(self, inbound: Inbound, secret: str) -> None:
        name, form = self.settings.signature_header, self.settings.signature_format
        given, where = inbound.headers.get(name.lower()), f"the header {name}"
        if form == "base64":
            expected = base64.b64encode(hmac.digest(secret.encode(), inbound.body, "sha256")).decode()
            require_token(given, expected, where=where)
        else:
            prefixed = given if given is None or form == "sha256=hex" else f"sha256={given}"
            require_signature(prefixed, inbound.body, secret, where=where)

    def _verify_token(self, inbound: Inbound, token: str) -> None:
        if name := self.settings.token_header:
            require_token(inbound.headers.get(name.lower()), token, where=f"the header {name}")
            return
        scheme, _, given = inbound.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            require_token(given, token, where="the token in the header Authorization")
        else:
            require_token(inbound.query.get("token"), token, where="the token in the address")

    def _repeat_key(self, payload: Mapping[str, Any]) -> str | None:
        key = "" if self._key is None else fill(self._key, names_of(payload)).text
        return hashlib.sha256(key.encode()).hexdigest() if len(key) > KEY else key or None
