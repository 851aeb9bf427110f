"""What the configuration says, once it is known to be right."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, WithJsonSchema, field_validator

from posthouse.core.people import People
from posthouse.core.plugin import (
    Language,
    Notifier,
    PluginSettings,
    RobotSettings,
    Seconds,
    Secret,
    Site,
    WebhookHandler,
    WebhookSettings,
)
from posthouse.discovery import Registry

SQLITE_FILE = "sqlite:///"
POSTGRESQL = re.compile(r"(postgres|postgresql|postgresql\+psycopg)://[^/?\s]*/[^/?\s]+(\?\S*)?")
#: What RFC 6750, section 2.1, lets a bearer token be.
BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
#: What spans need, from two packages.
OPENTELEMETRY = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")
ADDRESS = re.compile(r"https?://[^/?#\s]+[^?#\s]*")

#: A switch: YAML 1.2 reads ``on`` and ``off`` as text, YAML 1.1 as what they mean.
OnOff = Annotated[
    bool, WithJsonSchema({"anyOf": [{"enum": [True, False, "on", "off"]}, {"type": "string", "pattern": r"\$\{"}]})
]


class KeepSettings(PluginSettings):
    """For how long what came in is kept, once nothing of it waits."""

    # At least as long as the longest repeat_window, as what is deleted repeats nothing.
    events: Annotated[Seconds, Field(ge=86_400)] | Literal["forever"] = Field(default="30d", validate_default=True)
    """For how long events are kept, with their deliveries and attempts: a day at least, or `forever`."""
    bodies: Seconds | Literal["forever"] = Field(default="7d", validate_default=True)
    """For how long the requests' bodies are kept; those of events whose handler failed as long as the events."""


class ServerSettings(PluginSettings):
    """The installation itself."""

    database: Secret = SecretStr("sqlite:///posthouse.db")
    """Where events and deliveries are kept: `sqlite:///` and a file, which is relative to the working directory; or
    `postgresql://USER:PASSWORD@HOST/NAME`, for any number of processes on any number of machines."""
    host: str = "0.0.0.0"  # noqa: S104 - GitLab is usually another machine
    """The address to listen on; `0.0.0.0` is every address of the machine."""
    port: int = Field(default=5000, ge=0, le=65535)
    """The port to listen on."""
    base_url: str | None = None
    """The address under which senders reach posthouse, when a proxy stands in front of it."""
    language: Language = "zh"
    """The language of messages and remedies: `zh` or `en`."""
    repeat_window: int = Field(default=300, ge=0, le=86_400)
    """For how many seconds a robot is not told again what it was told, whoever reports it; 0 to tell it each time."""
    time_zone: str = "Asia/Shanghai"
    """The time zone in which times are shown, such as `Europe/Berlin`."""
    keep: KeepSettings = Field(default_factory=KeepSettings)
    """For how long what came in is kept, once nothing of it waits."""
    max_waiting: int = Field(default=100_000, ge=0)
    """How many events of all webhooks may wait to be handled, before senders are asked to try later; 0 for no bound."""
    log: Literal["text", "json"] = "text"
    """How the log is written: as lines for people (`text`), or as one JSON object a line (`json`)."""
    metrics: OnOff = Field(default=True, json_schema_extra={"default": "on"})
    """Whether Prometheus finds metrics at `/metrics`, with the names of webhooks and robots, and no secret."""
    metrics_token: Secret | None = None
    """What Prometheus must send as a bearer token; when absent, whoever reaches the port may read `/metrics`."""
    traces: OnOff = Field(default=False, json_schema_extra={"default": "off"})
    """Whether spans go to an OpenTelemetry collector, as the `OTEL_…` variables of the environment say; needs
    `pip install "posthouse[otel]"`."""

    @field_validator("database")
    @classmethod
    def _is_shared(cls, url: SecretStr) -> SecretStr:
        address = url.get_secret_value()
        if POSTGRESQL.fullmatch(address):
            return url
        path = address.removeprefix(SQLITE_FILE)
        if path in {address, "", ":memory:"} or "?" in path:
            raise ValueError(
                "must be a file that two processes share, such as sqlite:///posthouse.db, "
                "or a server's postgresql://USER:PASSWORD@HOST/NAME"
            )
        return url

    @property
    def database_url(self) -> str:
        """The database's address, with its password."""
        return self.database.get_secret_value()

    @property
    def database_name(self) -> str:
        """The database's address for people, without the password."""
        return re.sub(r"(?<=://)[^@/]*@", "***@", self.database_url)

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is not None and not ADDRESS.fullmatch(url):
            raise ValueError("must be an address that starts with http:// or https://")
        return url.rstrip("/") if url else url

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone of the IANA list, such as Asia/Shanghai") from None
        return name

    @field_validator("metrics_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not BEARER.fullmatch(token.get_secret_value()):
            raise ValueError("must be letters, digits and -._~+/ as a bearer token is, with = at the end only")
        return token

    @field_validator("traces")
    @classmethod
    def _has_its_packages(cls, value: bool) -> bool:  # noqa: FBT001 - pydantic's signature
        if value and not all(map(_is_installed, OPENTELEMETRY)):
            raise ValueError('needs OpenTelemetry: pip install "posthouse[otel]"')
        return value


def _is_installed(module: str) -> bool:
    """Tell whether a module could be imported, without importing more than the packages it is in."""
    try:
        return find_spec(module) is not None
    except ImportError:
        return False


class FileSettings(PluginSettings):
    """The keys below `config`. What stands under `webhooks` depends on the plugins, so it is read after them."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    """The installation itself."""
    plugins: tuple[str, ...] = ()
    """Modules, or `.py` files seen from the configuration's folder, with plugins of your own."""
    robots: Any = None
    """Robots with names, which several webhooks share."""
    people: Any = None
    """Whom messages mention, with the names they have in every system."""
    webhooks: Annotated[tuple[Any, ...], Field(min_length=1)]
    """The addresses that others post to."""


@dataclass(frozen=True, slots=True)
class Robot:
    """One configured robot and the code for its kind."""

    name: str
    notifier: type[Notifier]
    settings: RobotSettings


@dataclass(frozen=True, slots=True)
class Webhook:
    """One configured webhook, the code for its type and the names of the robots and pools that hear of it."""

    id: str
    handler: type[WebhookHandler]
    settings: WebhookSettings
    robots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the configuration says."""

    path: Path
    server: ServerSettings
    registry: Registry
    webhooks: Mapping[str, Webhook]
    robots: Mapping[str, Robot]
    #: Several robots of one group that are used in turn, by the name of their pool.
    pools: Mapping[str, tuple[str, ...]]
    people: People

    @property
    def site(self) -> Site:
        """What plugins may know."""
        server = self.server
        return Site(language=server.language, time_zone=server.time_zone, base_url=server.base_url, people=self.people)
