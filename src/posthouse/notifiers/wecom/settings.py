"""How a WeCom robot is configured."""

import re
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlsplit, urlunsplit

from pydantic import field_validator, model_validator

from posthouse import RobotSettings, Secret

ADDRESS = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"


class CorpWechatSettings(RobotSettings):
    """A group robot in WeCom; its key is the only credential there is."""

    key: Secret | None = None
    """What stands behind `key=` in the address that WeCom shows for the robot."""
    format: Literal["markdown", "markdown_v2", "text"] = "markdown"
    """How messages look: `markdown` has colours, `markdown_v2` tables; personal WeChat shows nothing but `text`."""

    @field_validator("key", "url", "format", mode="before")
    @classmethod
    def _without_white_space(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_an_address_and_a_key(self) -> "CorpWechatSettings":
        if self.url and not re.match(r"https?://[^/?#\s]", self.url.get_secret_value()):
            raise ValueError("url must start with http:// or https:// and a host")
        if self.key and re.search(r"[\s/?&=]", self.key.get_secret_value()):
            raise ValueError("key is what stands behind key= in the robot's address; the whole address is for url")
        if not self.robot_key:
            raise ValueError("needs key, or an url that holds it")
        return self

    @property
    def robot_key(self) -> str:
        """The robot's key: ``key``, else the one in the address."""
        if self.key is not None:
            return self.key.get_secret_value()
        return dict(parse_qsl(urlsplit(self._base).query)).get("key", "")

    @property
    def address(self) -> str:
        """The address to post to with the key in its query; what else an own ``url`` has stays to the letter."""
        parts = urlsplit(self._base)
        pairs = [pair for pair in parts.query.split("&") if pair]
        if self.key is not None:
            kept = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) != "key"]
            pairs = [*kept, f"key={quote_plus(self.robot_key)}"]
        return urlunsplit(parts._replace(query="&".join(pairs), fragment=""))

    @property
    def _base(self) -> str:
        return self.url.get_secret_value() if self.url else ADDRESS

    def secrets(self) -> tuple[str, ...]:
        """Return every credential in here, also the one that is a part of the address."""
        return (*super().secrets(), *([self.robot_key] if self.key is None else []))
