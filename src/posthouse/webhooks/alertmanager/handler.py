"""Alertmanager's requests: who they are from. It signs nothing, so a token or a password has to do."""

import base64
from collections.abc import Sequence

from pydantic import model_validator

from posthouse import Event, Inbound, Secret, WebhookHandler, WebhookSettings, require_token


class AlertmanagerWebhookSettings(WebhookSettings):
    """A webhook that Alertmanager posts to."""

    token: Secret | None = None
    """A token that Alertmanager sends as `Authorization: Bearer …`, or at the end of the address as `?token=…`."""
    user: str | None = None
    """The user of the `basic_auth` that Alertmanager sends, instead of a token."""
    password: Secret | None = None
    """The password that goes with `user`."""

    @model_validator(mode="after")
    def _has_both_or_neither(self) -> "AlertmanagerWebhookSettings":
        if (self.user is None) != (self.password is None):
            raise ValueError("'user' and 'password' belong together; one of them is missing")
        return self


class AlertmanagerWebhookHandler(WebhookHandler):
    """Takes in the notifications of Prometheus' Alertmanager."""

    type = "ALERTMANAGER"
    settings_model = AlertmanagerWebhookSettings
    kept_headers = frozenset({"user-agent"})
    settings: AlertmanagerWebhookSettings

    def verify(self, inbound: Inbound) -> str:
        """Check the token, or the user and the password; where both are configured, what the request comes with."""
        token, password = self.settings.token, self.settings.password
        scheme, _, given = inbound.headers.get("authorization", "").partition(" ")
        kind = scheme.lower()
        if token is not None and (password is None or kind != "basic"):
            in_header = kind == "bearer"
            require_token(
                given if in_header else inbound.query.get("token"),
                token.get_secret_value(),
                where=f"the token in the {'header Authorization' if in_header else 'address'}",
            )
            return "the token is right"
        if password is not None:
            # One text has one base64 form, so there is no need to decode what a stranger sent.
            expected = base64.b64encode(f"{self.settings.user}:{password.get_secret_value()}".encode()).decode()
            require_token(given if kind == "basic" else None, expected, where="the basic authentication")
            return "the user and the password are right"
        return "not checked: neither a token nor a user and a password are configured"

    def parse(self, inbound: Inbound) -> Event:
        """Name every request alike: what it tells of is a group of alerts, some of which may fire and some not.

        Alertmanager names no request, and sends the same again on purpose after its ``repeat_interval``.
        """
        return Event(name="Alerts", payload=inbound.json_object())

    def warnings(self) -> Sequence[str]:
        """Warn where anybody who knows the address can post."""
        if self.settings.token is None and self.settings.password is None:
            return ("no token and no password: anybody who knows the address can post to it",)
        return ()
