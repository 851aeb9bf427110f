"""How a DingTalk robot is configured."""

import re
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import field_validator, model_validator

from posthouse import RobotSettings, Secret

ADDRESS = "https://oapi.dingtalk.com/robot/send"


class DingTalkSettings(RobotSettings):
    """A custom robot in a DingTalk group."""

    access_token: Secret | None = None
    """The `access_token` in the address that DingTalk shows for the robot."""
    sign_key: Secret | None = None
    """The secret (`SEC…`) from the robot's security settings, if it asks for signatures."""
    open_links_in: Literal["app", "browser", "sidebar"] = "app"
    """Where the desktop client opens links: as it likes, in the system's browser, or in its side bar."""

    @field_validator("access_token", "sign_key", "url", mode="before")
    @classmethod
    def _without_white_space(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_an_address_and_a_token(self) -> "DingTalkSettings":
        if not re.match(r"https?://[^/?#\s]", self.address):
            raise ValueError("url must start with http:// or https:// and a host")
        if not self.token:
            raise ValueError("needs access_token, or an url that holds it")
        return self

    @property
    def address(self) -> str:
        """The address to post to, which may have the token in its query."""
        return self.url.get_secret_value() if self.url else ADDRESS

    @property
    def token(self) -> str:
        """The robot's token: ``access_token``, else the one in the address."""
        if self.access_token is not None:
            return self.access_token.get_secret_value()
        return dict(parse_qsl(urlsplit(self.address).query)).get("access_token", "")

    def secrets(self) -> tuple[str, ...]:
        """Return every credential in here, also the one that is a part of the address."""
        return (*super().secrets(), *([self.token] if self.access_token is None else []))
