"""DingTalk's custom robots in groups.

Source: DingTalk's open platform pages "Custom robots send group messages", "Robot message types" and "Security
settings", and answers that were seen live where the pages and the robots differ.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit, urlunsplit

from pydantic import field_validator, model_validator

from posthouse import (
    Buttons,
    HttpReply,
    HttpRequest,
    Limits,
    Link,
    Message,
    Notifier,
    Payload,
    Rejected,
    RobotSettings,
    Secret,
    Site,
    TryLater,
)
from posthouse.notifiers.markdown import MARKS, Dialect, clean, encoded, fit, sound_url

ADDRESS = "https://oapi.dingtalk.com/robot/send"
#: The request body may have 20,000 bytes; what `request` adds to a payload (``msgUuid``) comes out of them.
BODY_BYTES = 20_000
ENVELOPE_BYTES = 100
#: After a throttle code the robot takes nothing for ten minutes.
PENALTY_SECONDS = 600.0
#: An address that calls too often is shut out for about five minutes; ask again after ten.
BAN_SECONDS = 600.0
#: How often a used-up monthly allowance is tried again: it may have been topped up.
QUOTA_SECONDS = 6 * 3600.0
BUTTONS_SHOWN = 5
PLAIN_CHARACTERS = 500


class DingTalkSettings(RobotSettings):
    """A custom robot in a DingTalk group."""

    access_token: Secret | None = None
    """The `access_token` in the address that DingTalk shows for the robot."""
    sign_key: Secret | None = None
    """The secret (`SEC…`) from the robot's security settings, if it asks for signatures."""
    open_links_in: Literal["app", "browser", "sidebar"] = "app"
    """Where the desktop client opens links: as it likes, in the system's browser, or in its side bar."""

    @field_validator("access_token", "sign_key", mode="before")
    @classmethod
    def _without_white_space(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_a_token(self) -> "DingTalkSettings":
        if self.access_token is None and "access_token=" not in (self.url.get_secret_value() if self.url else ""):
            raise ValueError("needs access_token, or an url that holds it")
        if self.url is not None and urlsplit(self.url.get_secret_value()).scheme not in {"http", "https"}:
            raise ValueError("url must start with http:// or https://")
        return self


class DingTalkNotifier(Notifier):
    """Speaks to DingTalk: an action card where there are buttons, else Markdown; plain text as the last resort."""

    type = "ding_talk"
    settings_model = DingTalkSettings
    limits = Limits(body_bytes=BODY_BYTES, per_minute=20)
    forms = 2
    settings: DingTalkSettings

    def __init__(self, settings: DingTalkSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._dialect = DingTalkMarkdown(site, open_links_in=settings.open_links_in)

    def identity(self) -> str:
        """Return the access token: DingTalk counts by it."""
        return self._query().get("access_token", "")

    def render(self, message: Message, *, form: int = 0) -> Payload:
        """Return an action card or Markdown; in form 1 a short text without links, for what DingTalk finds unsafe."""
        if form > 0:
            return self._text(message)
        room = BODY_BYTES - ENVELOPE_BYTES
        fitted = fit(
            message,
            fits=lambda shorter: len(encoded(self._card(shorter))) <= room,
            left_out=self._dialect.left_out,
        )
        return self._card(fitted)

    def request(self, payload: Payload, *, now: float, idempotency_key: str) -> HttpRequest:
        """Return the request with ``msgUuid``, and a signature made now: DingTalk refuses one older than an hour."""
        query = self._query()
        if self.settings.sign_key is not None:
            milliseconds = int(now * 1000)
            query |= {
                "timestamp": str(milliseconds),
                "sign": sign(self.settings.sign_key.get_secret_value(), milliseconds),
            }
        # The values are encoded exactly once: a second time would turn the signature's "=" into "%253D".
        encoded_query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in query.items())
        return HttpRequest(
            url=urlunsplit(urlsplit(self._address())._replace(query=encoded_query, fragment="")),
            headers={"content-type": "application/json; charset=utf-8"},
            body=encoded({**payload, "msgUuid": idempotency_key}),
        )

    def judge(self, reply: HttpReply) -> None:
        """Read the code in the body, which decides; an answer without a known success is a failure."""
        body = _json_object(reply.body)
        code = _code(body)
        if code == 0:
            return
        if code is None:
            self._judge_without_code(reply, body)
            return
        self._raise(_verdict(code, str(body.get("errmsg", ""))), answer=_answer(code, body))

    def warnings(self) -> Sequence[str]:
        """Warn of a robot without any security setting that we know of: DingTalk makes no such robots any more."""
        if self.settings.sign_key is None and self.settings.keyword is None:
            return ("neither sign_key nor keyword is set: DingTalk only accepts this if its IP list has this machine",)
        return ()

    def _judge_without_code(self, reply: HttpReply, body: Mapping[str, Any]) -> None:
        start = reply.body[:200].decode("utf-8", "replace")
        answer = f"HTTP {reply.status}: {clean(start) or 'an empty body'}"
        if "punish" in body or body.get("status") == 1111 or reply.status == 429:
            self._raise(BANNED, answer=answer)
        if reply.status >= 500:
            self._raise(BUSY, answer=answer)
        if reply.status in {301, 302, 303, 307, 308, 404, 405, 410}:
            self._raise(WRONG_ADDRESS, answer=answer)
        if start.lstrip().startswith("<"):
            self._raise(BANNED, answer=answer)
        self._raise(UNCLEAR, answer=answer)

    def _raise(self, verdict: "_Verdict", *, answer: str) -> None:
        remedy = self.choose(zh=verdict.zh, en=verdict.en)
        if verdict.later:
            raise TryLater(
                answer,
                verdict=verdict.kind,
                remedy=remedy,
                after=verdict.after,
                attempts=verdict.attempts,
                whole_vendor=verdict.whole_vendor,
            )
        raise Rejected(answer, verdict=verdict.kind, remedy=remedy, simpler_may_pass=verdict.simpler)

    def _card(self, message: Message) -> dict[str, Any]:
        title = MARKS[message.level] + clean(message.title)
        heading = f"#### {MARKS[message.level]}{self._dialect.escape(message.title)}"
        buttons = [link for block in message.blocks if isinstance(block, Buttons) for link in block.links]
        usable = [link for link in buttons if link.text and sound_url(link.url)][:BUTTONS_SHOWN]
        blocks = (self._dialect.block(block) for block in message.blocks if not isinstance(block, Buttons))
        text = self._with_keyword("\n\n".join([heading, *(block for block in blocks if block)]))
        if not usable:
            return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        card: dict[str, Any] = {"title": title, "text": text}
        if len(usable) == 1:
            card |= {"singleTitle": clean(usable[0].text), "singleURL": self._target(usable[0])}
        else:
            # Two short buttons stand side by side; more are stacked.
            card["btnOrientation"] = "1" if len(usable) == 2 else "0"
            card["btns"] = [{"title": clean(link.text), "actionURL": self._target(link)} for link in usable]
        return {"msgtype": "actionCard", "actionCard": card}

    def _text(self, message: Message) -> dict[str, Any]:
        lines = message.to_text().splitlines()[1:]
        without_links = [clean(re.sub(r"<?[a-z]+://\S*", "", line)) for line in lines]
        summary = "\n".join(line for line in without_links if line.strip("[] "))[:PLAIN_CHARACTERS]
        title = MARKS[message.level] + re.sub(r"[a-z]+://\S*", "", clean(message.title))[:PLAIN_CHARACTERS]
        return {
            "msgtype": "text",
            "text": {"content": self._with_keyword(f"{title}\n{_calm(summary)}".strip())},
        }

    def _with_keyword(self, text: str) -> str:
        """Put the keyword into the text itself: which other fields DingTalk looks at is not documented."""
        keyword = self.settings.keyword
        return text if keyword is None or keyword in text else f"{text}\n\n{keyword}"

    def _target(self, link: Link) -> str:
        return self._dialect.address(sound_url(link.url))

    def _address(self) -> str:
        return self.settings.url.get_secret_value() if self.settings.url else ADDRESS

    def _query(self) -> dict[str, str]:
        query = dict(parse_qsl(urlsplit(self._address()).query, keep_blank_values=True))
        if self.settings.access_token is not None:
            query["access_token"] = self.settings.access_token.get_secret_value()
        return query


class DingTalkMarkdown(Dialect):
    """The part of Markdown that every DingTalk client shows.

    Whether a backslash escapes is not documented, so characters that mean something are replaced by their
    full-width twins, and only where they would mean it: ``feature_x`` and ``C#`` stay as they are.
    """

    line_break = "  \n"

    def __init__(self, site: Site, *, open_links_in: str) -> None:
        self._chinese = site.language == "zh"
        self._open_links_in = open_links_in
        self.colon = "：" if self._chinese else ": "

    def escape(self, text: str) -> str:
        """Return a user's text as one line in which nothing is markup, a link or a mention."""
        line = clean(text).translate(_TWINS)
        line = re.sub(r"(?<!\w)_|_(?!\w)", "＿", line)
        line = re.sub(r"^(\s*)([#+-])", lambda match: match[1] + _LINE_STARTS[match[2]], line)
        line = re.sub(r"^(\s*\d+)\.(?=\s)", r"\1．", line)
        return _calm(line)

    def more(self, count: int) -> str:
        """Return the words for entries that are not shown."""
        return f"… 还有 {count} 项" if self._chinese else f"… {count} more"

    def left_out(self, count: int) -> str:
        """Return the words for blocks that did not fit."""
        return f"…（内容过长，省略了 {count} 段）" if self._chinese else f"… ({count} parts left out: too long)"

    def address(self, url: str) -> str:
        """Wrap an address so that the desktop client opens it where the operator wants it."""
        if self._open_links_in == "app":
            return url
        side_bar = "true" if self._open_links_in == "sidebar" else "false"
        return f"dingtalk://dingtalkclient/page/link?url={quote(url, safe='')}&pc_slide={side_bar}"


_TWINS = str.maketrans(
    {"[": "［", "]": "］", "<": "＜", ">": "＞", "*": "＊", "`": "ˋ", "~": "～", "|": "｜", "\\": "＼"}
)
_LINE_STARTS = {"#": "＃", "+": "＋", "-": "－"}


def _calm(text: str) -> str:
    """Make sure that nobody is mentioned: "@所有人" is only text without ``isAtAll``, but let it not look alive."""
    return re.sub(r"@(?=所有人|all\b)", "＠", text, flags=re.IGNORECASE)


def sign(secret: str, milliseconds: int) -> str:
    """Return the signature in base64, not yet encoded for an address: key is the secret, message time and secret."""
    mac = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac).decode()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a code means: whether and when to try again, and what a person can do, in both languages."""

    kind: Literal["config", "message", "throttled", "quota", "transient", "ambiguous"]
    zh: str
    en: str
    later: bool = False
    after: float | None = None
    attempts: int | None = None
    whole_vendor: bool = False
    simpler: bool = False


NO_SUCH_TOKEN = _Verdict(
    "config",
    "机器人的 access_token 不存在：请在群的机器人设置里重新复制 Webhook 地址中的 access_token。",
    "The robot's access_token does not exist: copy it again from the webhook address in the group's robot settings.",
)
NOT_IN_GROUP = _Verdict(
    "config",
    "机器人已不在群里：请在群里重新添加机器人，并更新 access_token 和 sign_key。",
    "The robot is no longer in the group: add one again and enter its access_token and sign_key.",
)
STOPPED = _Verdict(
    "config",
    "机器人已被停用：请群主或管理员在机器人设置里重新启用。",
    "The robot was stopped: let the group's owner or an administrator enable it again.",
)
GROUP_GONE = _Verdict(
    "config",
    "群已解散：请换一个群的机器人，或从配置里删除它。",
    "The group was dissolved: configure a robot of another group, or remove this one.",
)
WRONG_KEYWORD = _Verdict(
    "config",
    "消息里没有机器人要求的关键词：请把安全设置里的一个关键词填到配置的 keyword。",
    "The message lacks the robot's keyword: enter one of the words from its security settings as keyword.",
)
CLOCK = _Verdict(
    "config",
    "签名已过期：请校准本机时钟，钉钉最多允许相差一小时。",
    "The signature has expired: set this machine's clock right; DingTalk allows it to be one hour off.",
    later=True,
    after=5.0,
    attempts=2,
)
WRONG_SIGNATURE = _Verdict(
    "config",
    "签名不匹配：请重新复制安全设置里以 SEC 开头的密钥到 sign_key。",
    "The signature does not match: copy the secret that starts with SEC from the security settings into sign_key.",
)
WRONG_IP = _Verdict(
    "config",
    "本机的公网 IP 不在机器人的白名单里：请把钉钉回复中的 IP 加进安全设置。",
    "This machine's public IP is not in the robot's list: add the IP that DingTalk names to the security settings.",
)
SECURITY = _Verdict(
    "config",
    "机器人的安全设置拒绝了消息：请核对关键词、加签密钥和 IP 白名单。",
    "The robot's security settings refuse the message: check keyword, secret and IP list.",
)
OUR_BUG = _Verdict(
    "message",
    "钉钉认为请求格式不对，这是 posthouse 的缺陷：请附上 explain 的输出报告给我们。",
    "DingTalk finds the request malformed, which is a bug in posthouse: report it with what explain shows.",
)
WRONG_TYPE = _Verdict(
    "message",
    "这个机器人不支持该消息类型：已改发纯文本；若仍失败，请换用自定义机器人。",
    "The robot does not take this type of message: plain text was tried; if that fails too, use a custom robot.",
    simpler=True,
)
TOO_LONG = _Verdict(
    "message",
    "消息太长：已改发简短文本。若经常出现，请报告给我们。",
    "The message is too long: a short text was tried. Report it if this happens often.",
    simpler=True,
)
UNSAFE = _Verdict(
    "message",
    "钉钉认为内容不安全：已改发不带链接的文本；若仍失败，请看原文中的链接和用词。",
    "DingTalk finds the content unsafe: a text without links was tried; if that fails too, look at links and words.",
    simpler=True,
)
TOO_FAST = _Verdict(
    "throttled",
    "发送过快，钉钉会限流十分钟：稍后自动继续。若别的程序也用这个机器人，请给 posthouse 单独一个，或调低 per_minute。",
    "Too fast, DingTalk takes nothing for ten minutes; it goes on by itself. Should other programs use this robot too, "
    "give posthouse its own, or lower per_minute.",
    later=True,
    after=PENALTY_SECONDS,
)
TOO_FAST_FOR_ALL = _Verdict(
    "throttled",
    "钉钉接口整体繁忙或本企业调用过快：一分钟后自动继续。",
    "DingTalk limits the whole organisation just now; it goes on by itself after a minute.",
    later=True,
    after=60.0,
)
QUOTA = _Verdict(
    "quota",
    "本月的 Webhook 调用额度已用完：请管理员购买加量包，或等下个月。消息会保留，每六小时再试一次。",
    "The organisation's monthly webhook quota is used up: buy a pack, or wait for next month. Messages are kept and "
    "tried again every six hours.",
    later=True,
    after=QUOTA_SECONDS,
)
BANNED = _Verdict(
    "throttled",
    "本机 IP 调用过于频繁，被钉钉暂时封禁：所有钉钉机器人休息十分钟后自动继续。",
    "DingTalk has shut out this machine's IP for calling too often: all DingTalk robots rest for ten minutes.",
    later=True,
    after=BAN_SECONDS,
    whole_vendor=True,
)
BUSY = _Verdict(
    "transient",
    "钉钉暂时繁忙：会自动重试。",
    "DingTalk is busy; it is tried again by itself.",
    later=True,
)
WRONG_ADDRESS = _Verdict(
    "config",
    "这个地址不是钉钉机器人：请核对 url。",
    "There is no DingTalk robot at this address: check url.",
)
UNCLEAR = _Verdict(
    "ambiguous",
    "回复里没有钉钉的结果码，不知道消息是否送达：会用同一个 msgUuid 再试，最多三次。请核对 url 或代理。",
    "The answer holds no code of DingTalk's, so the message may or may not be shown: it is tried three times with the "
    "same msgUuid. Check url, or the proxy in between.",
    later=True,
    attempts=3,
)
UNKNOWN = _Verdict(
    "transient",
    "钉钉返回了未知的错误码：最多试三次。请按原文在钉钉文档中查找。",
    "DingTalk gave a code that is not documented: it is tried three times. Look the answer up in DingTalk's pages.",
    later=True,
    attempts=3,
)

#: Codes as documented, and as seen live where the two differ.
VERDICTS: Mapping[int, _Verdict] = {
    -1: BUSY,
    88: NO_SUCH_TOKEN,
    300001: NO_SUCH_TOKEN,
    300005: NO_SUCH_TOKEN,
    400101: NO_SUCH_TOKEN,
    400106: NOT_IN_GROUP,
    400102: STOPPED,
    400013: GROUP_GONE,
    40035: OUR_BUG,
    43002: OUR_BUG,
    43004: OUR_BUG,
    400105: WRONG_TYPE,
    400401: OUR_BUG,
    400403: OUR_BUG,
    460101: TOO_LONG,
    101002: TOO_LONG,
    430101: UNSAFE,
    430102: UNSAFE,
    430103: UNSAFE,
    430104: UNSAFE,
    410100: TOO_FAST,
    130101: TOO_FAST,
    660026: TOO_FAST,
    450101: TOO_FAST,
    90018: TOO_FAST_FOR_ALL,
    90002: TOO_FAST_FOR_ALL,
    90030: QUOTA,
}
SECURITY_CODE = 310000


def _verdict(code: int, errmsg: str) -> _Verdict:
    if code == SECURITY_CODE:
        return _security_verdict(errmsg)
    known = VERDICTS.get(code)
    if known is None and re.search(r"too fast|too many|限流|频率", errmsg, re.IGNORECASE):
        return TOO_FAST
    return known or UNKNOWN


def _security_verdict(errmsg: str) -> _Verdict:
    """Tell which security setting refused, by the description alone: the advice behind it names other settings too."""
    description = re.split(r"[;；]\s*(?:solution|解决方案)", errmsg, maxsplit=1)[0]
    for pattern, verdict in (
        (r"关键词|keywords", WRONG_KEYWORD),
        (r"签名过期|invalid timestamp", CLOCK),
        (r"签名不匹配|sign not match", WRONG_SIGNATURE),
        (r"白名单|whitelist", WRONG_IP),
    ):
        if re.search(pattern, description, re.IGNORECASE):
            return verdict
    return SECURITY


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _code(body: Mapping[str, Any]) -> int | None:
    """Return the code, which is documented as a number and shown as a string; anything else is no code."""
    code = body.get("errcode")
    if isinstance(code, bool) or not isinstance(code, int | str):
        return None
    try:
        return int(code)
    except ValueError:
        return None


def _answer(code: int, body: Mapping[str, Any]) -> str:
    return f"errcode {code}: {clean(str(body.get('errmsg', '')))[:500]}"
