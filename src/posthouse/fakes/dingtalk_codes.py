"""DingTalk's codes, and in which words they come.

Source: DingTalk's page "Custom robots send group messages" for most codes, answers seen live for the wording. Where
both generations of an ``errmsg`` are in use, both are here: the newer one is Chinese, the older one English.
"""

from collections.abc import Mapping
from typing import Literal

from posthouse.fakes.exchange import Refusal

Wording = Literal["zh", "en"]
ThrottleCode = Literal[660026, 130101, 410100, 450101]


#: The advice behind a description names the other settings, too: whoever searches the whole text is misled.
_MORE = ", more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"
_LINK = ";link:请参考本接口对应文档查看获取access_token方式，或者在https://open.dingtalk.com/document/ 搜索相关文档;"
NO_KEYWORD = Refusal(
    310000,
    f"description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词{_LINK}",
    f"keywords not in content{_MORE}",
)
EXPIRED = Refusal(
    310000,
    f"description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在一小时以内，签名不匹配时请核对密钥{_LINK}",
    f"invalid timestamp{_MORE}",
)
MISMATCH = Refusal(
    310000,
    "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，"
    f"签名过期请校准时间，请确认机器人的安全设置加签中的密钥填写正确{_LINK}",
    f"sign not match{_MORE}",
)
UNKNOWN_TOKEN = Refusal(300005, "token is not exist")
WRONG_METHOD = Refusal(43002, "需要POST请求", "require POST method")
WRONG_CONTENT_TYPE = Refusal(43004, "无效的HTTP HEADER Content-Type", "invalid Content-Type")
NOT_JSON = Refusal(40035, "缺少参数 json", "param json is missing")
WRONG_TYPE = Refusal(400105, "不支持的消息类型", "unsupported msgtype")
TOO_LONG = Refusal(
    460101, "description:body 大小不合法;solution:请保持大小在 20000bytes 以内", "message too long, exceed 20000 bytes"
)
#: The code rests on a single report; no page names one.
QUOTA_SPENT = Refusal(90030, "webhook over limit")


def wrong_ip(client: str) -> Refusal:
    """Return the refusal of an address that is not on the robot's list."""
    text = f"ip {client} not in whitelist"
    return Refusal(310000, text, f"{text}{_MORE}")


def missing(code: int, name: str) -> Refusal:
    """Return the refusal of a message without a part that its type needs."""
    return Refusal(code, f"miss param : {name}")


def wrong(name: str) -> Refusal:
    """Return the refusal of a parameter of the wrong shape."""
    return Refusal(40035, f"不合法的参数 {name}", f"invalid parameter {name}")


#: What is known of each code, for faults on demand; which setting 310000 means is for the fault to say.
BY_CODE: Mapping[int | str | None, Refusal] = {
    refusal.code: refusal
    for refusal in (
        UNKNOWN_TOKEN,
        WRONG_METHOD,
        WRONG_CONTENT_TYPE,
        NOT_JSON,
        WRONG_TYPE,
        TOO_LONG,
        QUOTA_SPENT,
        Refusal(0, "ok"),
        Refusal(-1, "系统繁忙", "system busy"),
        Refusal(88, "ding talk error[subcode=40035,submsg=缺少参数 access_token]", "param access_token is missing"),
        Refusal(90002, "调用频率超过限制", "request too many"),
        Refusal(90018, "调用频率超过限制", "app request too many"),
        Refusal(101002, "message is too long"),
        Refusal(300001, "token is not exist"),
        Refusal(400013, "群已被解散", "the group was dissolved"),
        Refusal(400101, "access_token不存在", "access_token does not exist"),
        Refusal(400102, "机器人已停用", "robot is disabled"),
        Refusal(400106, "机器人不存在", "robot does not exist"),
        missing(400401, "markdown"),
        missing(400403, "markdown->text"),
        Refusal(410100, "发送速度太快而限流", "send too fast"),
        Refusal(130101, "send too fast, exceed 20 times per minute"),
        Refusal(450101, "发送速度太快而限流", "send too fast"),
        Refusal(660026, "sending too many messages per minute"),
        Refusal(430101, "含有不安全的外链", "unsafe link"),
        Refusal(430102, "含有不合适的文本", "unsafe text"),
        Refusal(430103, "含有不合适的图片", "unsafe image"),
        Refusal(430104, "含有不合适的内容", "unsafe content"),
    )
}
