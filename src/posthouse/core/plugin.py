"""The three things that can be added to posthouse: a webhook type, an event handler, a notifier.

A plugin does no input or output. It is made once per process, with its part of the configuration and the `Site`,
and is used by many threads at once, so it keeps no state between calls.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, quote_plus

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from posthouse.core.blocks import SHOWN, listed
from posthouse.core.event import Event, Inbound
from posthouse.core.http import HttpReply, Request
from posthouse.core.message import Inline, Line, Message, phrase, plain
from posthouse.core.people import Called, People

Language = Literal["zh", "en"]
#: A vendor's JSON, as it is sent; it holds no credentials.
Payload = Mapping[str, Any]
#: A credential. It does not show in a ``repr``, and an empty one is an error: it must never mean "anybody".
Secret = Annotated[SecretStr, Field(min_length=1)]


def _switch(value: object) -> object:
    """Return a switch as it is meant; YAML 1.2 reads ``on`` and ``off`` as text."""
    if isinstance(value, str) and value in {"on", "off"}:
        return value == "on"
    if isinstance(value, bool) or (isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)):
        return value
    raise ValueError("must be on, off or a list of what may happen")


#: What is told of an event: nothing, what is told by default, or the happenings that are named.
Switch = Annotated[bool | tuple[str, ...], BeforeValidator(_switch)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


def _seconds(value: object) -> object:
    """Return a length of time in seconds; people write "90s", "10m", "12h" or "30d"."""
    match = re.fullmatch(r"([0-9]{1,9}) ?([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be a length of time, such as "90s", "10m", "12h" or "30d"')
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]


#: A length of time, in seconds, written with its unit.
Seconds = Annotated[
    int,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]{1,9} ?[smhd]|.*\$\{.*)$", "examples": ["10m"]}),
]


def event_word(name: str) -> str:
    """Return an event's name as people may write it: "Pipeline Hook" and "pipeline" are one event."""
    return name.casefold().replace("_", " ").removesuffix(" hook")


@dataclass(frozen=True, slots=True)
class Site:
    """What every plugin may know of the installation it speaks for."""

    language: Language = "zh"
    time_zone: str = "Asia/Shanghai"
    base_url: str | None = None
    people: People = People()  # noqa: RUF009 - nobody, and nobody can be added


class PluginSettings(BaseModel):
    """A part of the configuration that a plugin defines: frozen, and an unknown key is an error."""

    # What is wrong is said without quoting it: it may be a secret in the wrong place.
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)


def _mobile(number: str) -> str:
    """Return a mobile number as people are found by it: China's by its digits, another country's as it is written."""
    if not re.fullmatch(MOBILE_NUMBER, number):
        raise ValueError('must be a mobile number, such as "13800000000" or "+49-151-0000000"')
    at_home = number.removeprefix("+86")
    return number if at_home.startswith("+") else at_home.replace("-", "")


MOBILE_NUMBER = r"\+?[0-9][0-9-]{3,24}"
#: A mobile number as the vendors take it: digits, with a country's code where it is not theirs.
Mobile = Annotated[
    str, AfterValidator(_mobile), WithJsonSchema({"type": "string", "pattern": rf"^({MOBILE_NUMBER}|.*\$\{{.*)$"})
]


class WebhookSettings(PluginSettings):
    """What every webhook has, whatever its type."""

    webhook_id: Name
    """The last part of the address that the sender posts to; letters, digits, `_`, `-` and `.`."""
    type: str
    """Which system sends: the name of a webhook type."""
    events: Mapping[str, Switch] = Field(default_factory=dict)
    """What is told, by the names of events: `on`, `off`, or a list of what may happen to them."""
    notify_mobiles: tuple[Mobile, ...] = ()
    """The mobile numbers of those whom every message mentions, where the robot can."""
    mention_all: bool = False
    """Whether every message mentions the whole group."""
    max_waiting: int = Field(default=20_000, ge=0)
    """How many of its events may wait to be handled, before the sender is asked to try later; 0 for no bound."""

    def told(self, name: str) -> bool | tuple[str, ...] | None:
        """Return what ``events`` says about the event of this name; None if it says nothing."""
        return next((value for key, value in self.events.items() if event_word(key) == event_word(name)), None)


class DigestSettings(PluginSettings):
    """A digest of what has gathered, at most so often."""

    every: Seconds = Field(gt=0)
    """How long messages gather before one digest tells them all, such as `10m`."""


class RobotSettings(PluginSettings):
    """What every robot has, whatever its kind."""

    url: Secret | None = None
    """The full address to post to instead of the vendor's, for private deployments and tests."""
    per_minute: int | None = Field(default=None, ge=0, le=600)
    """How many messages the robot takes in any minute; the vendor's limit when absent, 0 for none."""
    per_second: int | None = Field(default=None, ge=0, le=100)
    """How many messages the robot takes in any second; the vendor's limit when absent, 0 for none."""
    monthly_quota: int | None = Field(default=None, ge=1)
    """How many messages the robot may get in a calendar month; no limit when absent."""
    digest: Literal["auto", "off"] | DigestSettings = "auto"
    """Whether one digest tells what exceeds the limits (`auto`), or all that has gathered for a while."""
    unclear_retries: int = Field(default=1, ge=0, le=100)
    """How often a message is sent again that may have been shown, where the vendor would show it twice."""
    fallback: str | None = None
    """The named robot that is told when this one is set up wrongly, or has nearly used up its month."""
    keyword: str | None = Field(default=None, min_length=1, max_length=64)
    """A word that the robot's security settings ask for; added to messages that lack it."""
    confidential: bool = False
    """Whether everybody in the robot's group may hear of confidential events."""

    def secrets(self) -> tuple[str, ...]:
        """Return every credential in here, so that it can be blotted out of an answer."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))

    def without_secrets(self, text: str) -> str:
        """Blot out credentials that a robot, or a proxy in between, repeats in its answer, however they are spelled."""
        for secret in sorted(self.secrets(), key=len, reverse=True):
            for spelling in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret)):
                text = text.replace(spelling, "***")
        return text


#: Inside the classes below, ``type`` is the plugin's own word.
WebhookSettingsModel = type[WebhookSettings]
RobotSettingsModel = type[RobotSettings]


class Plugin(ABC):  # noqa: B024 - the three kinds below have the abstract methods
    """Anything that can be discovered."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def choose(self, *, zh: str, en: str) -> str:
        """Return the wording for the site's language."""
        return zh if self.site.language == "zh" else en

    def say(self, *, zh: str, en: str, **parts: Inline | Line) -> Line:
        """Fill the sentence for the site's language with parts; see `phrase`."""
        return phrase(self.choose(zh=zh, en=en), **parts)

    def title(self, *, zh: str, en: str, **parts: Inline | Line) -> str:
        """Do the same as `say`, without markup: for titles."""
        return plain(self.say(zh=zh, en=en, **parts))

    def titled(self, line: Line, title: str) -> str:
        """Return a message's title: what happened, then the title of what it happened to, where it has one."""
        return plain((*line, self.choose(zh="：", en=": "), title)) if title else plain(line)

    def listed(self, parts: Iterable[Inline], *, shown: int = SHOWN) -> Line:
        """Return parts with a text in one line, such as names, in the way of the site's language; see `listed`."""
        return listed(parts, self.choose(zh="、", en=", "), shown=shown)

    def warnings(self) -> Sequence[str]:
        """Return what an operator should know about these settings, such as a missing secret."""
        return ()


class WebhookHandler(Plugin):
    """One webhook type: knows what its sender's requests look like. Both methods are called while the sender waits."""

    #: The word for ``type:`` in the configuration, such as "GITLAB".
    type: ClassVar[str]
    #: The settings model; its fields become the webhook's keys in the configuration.
    settings_model: ClassVar[WebhookSettingsModel] = WebhookSettings
    #: The header and query names, lower-case, that are stored with the event. Never name one that holds a secret.
    kept_headers: ClassVar[frozenset[str]] = frozenset()
    kept_query: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, settings: WebhookSettings, site: Site) -> None:
        super().__init__(site)
        self.settings = settings

    @abstractmethod
    def verify(self, inbound: Inbound) -> str:
        """Return in a few words how the request proved to be genuine, or raise `NotGenuine`."""

    @abstractmethod
    def parse(self, inbound: Inbound) -> Event:
        """Return the event that the request reports, or raise `BadPayload`.

        Called again when the event is handled, with the kept headers only; without any header the name of the
        event comes from the payload.
        """


@dataclass(frozen=True, slots=True)
class Yes:
    """The event is worth a message."""


@dataclass(frozen=True, slots=True)
class No:
    """The event is not worth a message; ``reason`` goes into the trace."""

    reason: str


class EventHandler(Plugin):
    """What to do about one kind of event."""

    #: Which webhook type the events belong to.
    webhook_type: ClassVar[type[WebhookHandler]]
    #: The names of the events, as the webhook type's `parse` gives them.
    events: ClassVar[tuple[str, ...]]
    #: Whether these events are told where the configuration says nothing about them.
    on_by_default: ClassVar[bool] = True
    #: What may happen to whom the event is about, and whether that is told by default; see `tells`.
    happenings: ClassVar[Mapping[str, bool]] = {}

    def __init__(self, settings: WebhookSettings, site: Site) -> None:
        super().__init__(site)
        self.settings = settings
        self._chosen = {name: _chosen(settings.told(name)) for name in self.events}

    def tells(self, event: Event, happening: str) -> bool:
        """Tell whether this happening is worth a message, by the configuration or by default."""
        chosen = self._chosen.get(event.name)
        return self.happenings.get(happening, False) if chosen is None else happening in chosen

    def topic(self, event: Event) -> str | None:  # noqa: ARG002 - subclasses look at it
        """Name what is remembered from one event to the next, such as a branch; None for nothing.

        What is remembered belongs to one webhook. The next event of the same topic finds it in ``last``.
        """
        return None

    def remember(self, event: Event) -> str | None:  # noqa: ARG002 - subclasses look at it
        """Return what is remembered under the event's `topic`; None leaves what was remembered before."""
        return None

    @abstractmethod
    def handle(self, event: Event) -> Sequence[Message] | No:
        """Return what there is to say about the event, or why nothing is."""


class NotifyEventHandler(EventHandler):
    """The usual kind: one message, or silence with a reason."""

    def should_notify(self, event: Event) -> Yes | No:  # noqa: ARG002 - subclasses look at it
        """Decide whether the event is worth a message."""
        return Yes()

    @abstractmethod
    def message(self, event: Event) -> Message:
        """Return the message. Called only after `should_notify` said `Yes`."""

    def handle(self, event: Event) -> Sequence[Message] | No:
        """Ask `should_notify`, then return `message`."""
        answer = self.should_notify(event)
        return answer if isinstance(answer, No) else (self.message(event),)


def _chosen(told: bool | tuple[str, ...] | None) -> frozenset[str] | None:  # noqa: FBT001 - what the file says
    """Return the happenings that are told; None where the defaults decide."""
    return frozenset(told) if isinstance(told, tuple) else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor's robot can take."""

    #: The largest request body, in bytes.
    body_bytes: int
    #: Messages in any 60 seconds, over everybody who uses the robot's token; 0 for no limit.
    per_minute: int
    #: Messages in any second; 0 for no limit.
    per_second: int = 0
    #: Whether the vendor is crowded at whole and half hours, so that messages had better be spread over some seconds.
    crowded_at_half_hours: bool = False


class Notifier(Plugin):
    """One kind of robot: shapes requests and judges answers, and never sends anything itself."""

    #: The key under ``notify:`` in the configuration, such as "ding_talk".
    type: ClassVar[str]
    settings_model: ClassVar[RobotSettingsModel] = RobotSettings
    limits: ClassVar[Limits]
    #: How many forms `render` knows, from 0, the richest, to the plainest.
    forms: ClassVar[int] = 1
    #: Whether the vendor shows a message once, however often it is sent with one idempotency key.
    is_idempotent: ClassVar[bool] = False
    #: Other words for ``type`` in the configuration.
    aliases: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: RobotSettings, site: Site) -> None:
        super().__init__(site)
        self.settings = settings

    @property
    def per_minute(self) -> int:
        """How many attempts this robot may get in any 60 seconds; 0 for no limit."""
        own = self.settings.per_minute
        return self.limits.per_minute if own is None else own

    @property
    def per_second(self) -> int:
        """How many attempts this robot may get in any second; 0 for no limit."""
        own = self.settings.per_second
        return self.limits.per_second if own is None else own

    def called(self, message: Message) -> tuple[Called, ...]:
        """Return the people whom a message mentions, as this kind of robot knows them.

        Of those whom it does not know, only who is named nowhere else in the message.
        """
        called = self.site.people.called(message.mentions, self.type)
        if all(one.id or one.mobile for one in called):
            return called
        shown = replace(message, mentions=(), everybody=False).to_text()
        return tuple(one for one in called if one.id or one.mobile or one.name not in shown)

    @abstractmethod
    def identity(self) -> str:
        """Return what the vendor counts by: robots with one identity share one lane and one budget.

        It may be a credential; only a hash of it is stored.
        """

    @abstractmethod
    def render(self, message: Message, *, form: int = 0) -> Payload:
        """Return the message as the vendor's JSON, fitted into the vendor's limits, with no credential in it.

        A ``form`` beyond the plainest is the plainest.
        """

    def is_whole(self, message: Message) -> bool:  # noqa: ARG002 - subclasses look at it
        """Tell whether form 0 shows all of a message; a digest takes in as many messages as can be shown whole."""
        return True

    @abstractmethod
    def request(self, payload: Payload, *, now: float, idempotency_key: str) -> Request:
        """Return the signed request for one attempt at ``now`` (seconds since the epoch).

        ``idempotency_key`` is the same for every attempt of one delivery; it has at most 64 ASCII characters.
        """

    @abstractmethod
    def judge(self, reply: HttpReply) -> None:
        """Return if the robot has shown the message, else raise `TryLater` or `Rejected`."""
