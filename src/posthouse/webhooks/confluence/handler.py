"""Confluence's requests: who they are from, and which event they report.

Sources: Atlassian's pages "Managing webhooks" (Confluence Data Center), "Webhook" (Confluence Cloud modules) and
"Confluence events" (Forge), and the requests that Confluences were seen to send.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from posthouse import (
    BadPayload,
    Event,
    Inbound,
    PluginSettings,
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

#: What the event is called that says only ``{"test": true}``: somebody has pressed "Test connection" in Data Center.
CONNECTION_TEST = "connection_test"
#: No connection test is longer, in bytes; so nothing long is read for nobody.
LONGEST_TEST = 64
#: What an event is called that nothing in the request names.
UNKNOWN = "unknown"
#: How much of a name from a request becomes the event's name; the longest of Confluence's own has 27 characters.
NAMED = 60
#: What Forge's events begin with: ``avi:confluence:updated:page`` is "page_updated" everywhere else.
FORGE_PREFIX = "avi:confluence:"
#: Forge's words that have another name in webhooks.
FORGE_WORDS = {"blogpost": "blog", "deleted": "removed"}
#: Where an unnamed event of Cloud says what it is about, in the order in which that is looked for: a comment comes with
#: its page, a label with what bears it.
ENTITIES = {
    "comment": "comment",
    "attachment": "attachment",
    "blog": "blog",
    "blogpost": "blog",
    "label": "label",
    "page": "page",
    "space": "space",
}


class ConfluenceServer(PluginSettings):
    """The Confluence that sends. With credentials it is asked for titles and names, which it does not send itself."""

    host: str | None = None
    """The address of Confluence in a browser, such as `https://confluence.example.com/`."""
    private_token: Secret | None = None
    """A personal access token (Data Center); its owner should see no more than the group may hear of."""
    user: str | None = Field(default=None, min_length=1)
    """The mail address that `api_token` belongs to (Cloud)."""
    api_token: Secret | None = None
    """An API token (Cloud); its owner should see no more than the group may hear of."""

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str | None) -> str | None:
        if host is None:
            return None
        address = Reader({"host": host}).link("host")
        # A name or a password in it would be shown along with it.
        if not address or not address.isascii() or any(mark in address for mark in "@?#"):
            raise ValueError("must be an http or https address, without a user name and without what follows a ?")
        # Cloud's pages live below /wiki; its sites are rarely written with it.
        below = "/wiki" if is_cloud(address) and not urlsplit(address).path.strip("/") else ""
        return f"{address.rstrip('/')}{below}"

    @field_validator("private_token")
    @classmethod
    def _fits_into_a_header(cls, token: Secret | None) -> Secret | None:
        text = "" if token is None else token.get_secret_value()
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("must be one word of ASCII characters, as Confluence shows it")
        return token

    @model_validator(mode="after")
    def _has_what_belongs_together(self) -> "ConfluenceServer":
        if (self.user is None) != (self.api_token is None):
            raise ValueError("user and api_token belong together")
        if self.private_token is not None and self.api_token is not None:
            raise ValueError("private_token (Data Center) and api_token (Cloud) exclude each other")
        if self.host is None and (self.private_token is not None or self.api_token is not None):
            raise ValueError("a token needs the host that it is for")
        return self


class ConfluenceConf(PluginSettings):
    """Where the sender is described."""

    confluence: ConfluenceServer = Field(default_factory=ConfluenceServer)
    """The Confluence that sends."""


class ConfluenceWebhookSettings(WebhookSettings):
    """A webhook that Confluence posts to."""

    secret: Secret | None = None
    """The secret entered in Confluence Data Center, which signs with it (`X-Hub-Signature`); Cloud ignores secrets."""
    token: Secret | None = None
    """The value of `?token=` in the address, for Cloud; required in addition if both are set."""
    burst_window: int = Field(default=60, ge=0, le=3600)
    """For how many seconds further updates of a page by the same person are told together; 0 to tell each at once."""
    conf: ConfluenceConf = Field(default_factory=ConfluenceConf)
    """Where the sender is described."""


class ConfluenceWebhookHandler(WebhookHandler):
    """Takes in webhooks of Confluence Data Center and Cloud, and Forge events that an app passes on."""

    type = "CONFLUENCE"
    settings_model = ConfluenceWebhookSettings
    kept_headers = frozenset({"user-agent", "x-event-key", "x-request-id"})
    kept_query = frozenset({"event"})
    settings: ConfluenceWebhookSettings

    def __init__(self, settings: ConfluenceWebhookSettings, site: Site) -> None:
        super().__init__(settings, site)

    def verify(self, inbound: Inbound) -> str:
        """Check everything that is configured: the signature, the token in the address, or both.

        Only the connection test may lack the signature: Data Center sends it without, and it is told to nobody.
        """
        secret, token = self.settings.secret, self.settings.token
        if token is not None:
            require_token(inbound.query.get("token"), token.get_secret_value(), where="the query value token")
        signature = inbound.headers.get("x-hub-signature")
        if secret is not None:
            if signature is None and _reads_as_connection_test(inbound.body):
                return "not checked: Confluence does not sign its connection test"
            require_signature(signature, inbound.body, secret.get_secret_value(), where="the header X-Hub-Signature")
        return proved_by(signature=secret is not None, token=token is not None)

    def parse(self, inbound: Inbound) -> Event:
        """Name the event as the body does; Cloud's bodies name none, so its addresses have ``?event=page_created``.

        Events get no key: it is not known whether Data Center's ``X-Request-Id`` stays the same when it sends an event
        again, and Cloud has none. A message's occurrence takes care of repeats.
        """
        payload = inbound.json_object()
        return Event(name=_name(payload, inbound), payload=payload)

    def warnings(self) -> Sequence[str]:
        """Warn where anybody who knows the address can post, and where nobody will be able to."""
        if self.settings.secret is None and self.settings.token is None:
            return ("no secret or token: anybody who knows the address can post to it",)
        if self.settings.secret is not None and is_cloud(self.settings.conf.confluence.host or ""):
            return ("secret is set, but Confluence Cloud does not sign: use token, or nothing will be taken in",)
        return ()


def is_cloud(address: str) -> bool:
    """Tell whether an address is that of a site in Atlassian's cloud."""
    return (urlsplit(address).hostname or "").endswith(".atlassian.net")


def _reads_as_connection_test(body: bytes) -> bool:
    if len(body) > LONGEST_TEST:
        return False
    try:
        return _is_connection_test(Inbound({}, {}, body).json_object())
    except BadPayload:
        return False


def _is_connection_test(payload: Mapping[str, Any]) -> bool:
    return len(payload) == 1 and payload.get("test") is True


def _name(payload: Mapping[str, Any], inbound: Inbound) -> str:
    """Return the event's name from the first place that has one."""
    if _is_connection_test(payload):
        return CONNECTION_TEST
    reader = Reader(payload)
    given = (
        reader.text("event"),
        _forge_name(reader.text("eventType")),
        inbound.query.get("event", ""),
        inbound.headers.get("x-event-key", ""),
    )
    named = next((name.strip() for name in given if name.strip()), "")
    return first_line(named, NAMED).lower() or _name_by_entity(reader)


def _forge_name(kind: str) -> str:
    """Return the name that webhooks use for one of Forge's: ``avi:confluence:deleted:blogpost`` is "blog_removed"."""
    verb, _, noun = kind.removeprefix(FORGE_PREFIX).partition(":")
    if not kind.startswith(FORGE_PREFIX) or not noun:
        return ""
    noun = noun.partition(":")[0]  # "space:V2"
    if verb == "permissions_updated" and noun != "space":
        return "content_permissions_updated"
    return f"{FORGE_WORDS.get(noun, noun)}_{FORGE_WORDS.get(verb, verb)}"


def _name_by_entity(reader: Reader) -> str:
    """Name an event after what the payload is about: all that Cloud says where the address does not name the event."""
    for key, kind in ENTITIES.items():
        if isinstance(reader.at(key).value, dict):
            return f"{kind}_{'created' if reader.count(f'{key}.version') == 1 else 'changed'}"
    return UNKNOWN
