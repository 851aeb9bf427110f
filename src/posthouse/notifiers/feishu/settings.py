"""How a Feishu robot is configured."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import field_validator, model_validator

from posthouse import RobotSettings, Secret

#: Where a robot's token is put behind, by region.
ADDRESSES = {
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/",
    "lark": "https://open.larksuite.com/open-apis/bot/v2/hook/",
}
NEEDS_CUSTOM_BOT = "add a custom bot in the group's settings and enter its address, with /open-apis/bot/v2/hook/ in it"
#: What else has addresses that look like a robot's, and what is told of them.
OTHER_PRODUCTS = {
    "/open-apis/bot/hook/": "is the address of an old robot, which shows plain text only",
    "/flow/api/trigger-webhook/": "starts a flow, which takes JSON of its own making",
}


class FeiShuSettings(RobotSettings):
    """A custom robot in a Feishu or Lark group."""

    token: Secret | None = None
    """The last part of the webhook address that Feishu shows for the robot."""
    sign_key: Secret | None = None
    """The secret from the robot's security settings, if it verifies signatures."""
    region: Literal["feishu", "lark"] = "feishu"
    """Whose robot the token is: `feishu` in China, `lark` elsewhere; the `url` says it by itself."""
    card_version: Literal[2, 1] = 2
    """Which cards are sent: 1 for clients before 7.20 and private deployments that do not know 2."""

    @field_validator("token", "sign_key", "url", mode="before")
    @classmethod
    def _without_white_space(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _names_one_robot(self) -> "FeiShuSettings":
        if (self.token is None) == (self.url is None):
            raise ValueError("needs either token or url, the address that ends with it")
        if self.token is not None and not re.fullmatch(r"[\w.~-]+", self.token.get_secret_value(), re.ASCII):
            raise ValueError("token is the last part of the webhook address alone; enter a whole address as url")
        if not re.match(r"https?://[^/?#\s]", self.address):
            raise ValueError("url must start with http:// or https:// and a host")
        for path, what_it_is in OTHER_PRODUCTS.items():
            if path in urlsplit(self.address).path:
                raise ValueError(f"url {what_it_is}: {NEEDS_CUSTOM_BOT}")
        if not self.robot_token:
            raise ValueError("url must end with the robot's token")
        return self

    @property
    def address(self) -> str:
        """The address to post to, without a slash at its end: Feishu knows no robot behind one."""
        if self.url is None:
            return ADDRESSES[self.region] + self.robot_token
        parts = urlsplit(self.url.get_secret_value())
        return urlunsplit(parts._replace(path=parts.path.rstrip("/"), fragment=""))

    @property
    def robot_token(self) -> str:
        """The robot's token: ``token``, else the last part of the address."""
        if self.token is not None:
            return self.token.get_secret_value()
        return urlsplit(self.address).path.rpartition("/")[2]

    def secrets(self) -> tuple[str, ...]:
        """Return every credential in here, also the one that is a part of the address."""
        return (*super().secrets(), *([self.robot_token] if self.token is None else []))
