"""How a robot is configured that the Apprise library speaks to."""

import re
from typing import Any
from urllib.parse import unquote_plus

from pydantic import field_validator, model_validator

from posthouse import RobotSettings, Secret
from posthouse.notifiers.apprise.service import service_of

#: What an Apprise URL says in words that are no secret; blotted out, they would be missed in answers.
OPTIONS = frozenset({"format", "image", "method", "mode", "overflow", "tz"})
#: A shorter part of a URL is no secret, unless it is a password.
SECRET_CHARACTERS = 4


class AppriseSettings(RobotSettings):
    """A robot of any service that Apprise knows; needs `pip install "posthouse[apprise]"`."""

    url: Secret
    """The Apprise URL, such as `slack://…`, `tgram://…`, `mailtos://…` or `ntfys://…`. It is a secret as a whole."""

    @field_validator("url", mode="before")
    @classmethod
    def _without_white_space(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_understood(self) -> "AppriseSettings":
        service_of(self.url.get_secret_value())
        return self

    def secrets(self) -> tuple[str, ...]:
        """Return the URL and all of its parts: which of them are credentials differs from service to service."""
        return (*super().secrets(), *_parts(self.url.get_secret_value()))


def _parts(url: str) -> tuple[str, ...]:
    _, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    values = [value for name, _, value in (pair.partition("=") for pair in query.split("&")) if name not in OPTIONS]
    parts = [part for part in re.split(r"[/@:,#&]", f"{place}/{'/'.join(values)}") if len(part) >= SECRET_CHARACTERS]
    password = re.match(r"[^/@:]*:([^/@]+)@", place)
    found = [*parts, *([password[1]] if password else [])]
    return tuple(dict.fromkeys(spelling for part in found for spelling in (part, unquote_plus(part))))
