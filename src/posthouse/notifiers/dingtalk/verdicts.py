"""What each of DingTalk's codes means, and what a person can do about it, in both languages."""

from collections.abc import Mapping

from posthouse.notifiers.answers import Meaning

#: After a throttle code the robot takes nothing for ten minutes.
PENALTY_SECONDS = 600.0
#: An address that calls too often is shut out for about five minutes; ask again after ten.
BAN_SECONDS = 600.0
#: How often a used-up monthly allowance is tried again: it may have been topped up.
QUOTA_SECONDS = 6 * 3600.0

NO_SUCH_TOKEN = Meaning(
    "config",
    "机器人的 access_token 不存在：请在群的机器人设置里重新复制 Webhook 地址中的 access_token。",
    "The robot's access_token does not exist: copy it again from the webhook address in the group's robot settings.",
)
NOT_IN_GROUP = Meaning(
    "config",
    "机器人已不在群里：请在群里重新添加机器人，并更新 access_token 和 sign_key。",
    "The robot is no longer in the group: add one again and enter its access_token and sign_key.",
)
STOPPED = Meaning(
    "config",
    "机器人已被停用：请群主或管理员在机器人设置里重新启用。",
    "The robot was stopped: let the group's owner or an administrator enable it again.",
)
GROUP_GONE = Meaning(
    "config",
    "群已解散：请换一个群的机器人，或从配置里删除它。",
    "The group was dissolved: configure a robot of another group, or remove this one.",
)
WRONG_KEYWORD = Meaning(
    "config",
    "消息里没有机器人要求的关键词：请把安全设置里的一个关键词填到配置的 keyword。",
    "The message lacks the robot's keyword: enter one of the words from its security settings as keyword.",
)
CLOCK = Meaning(
    "config",
    "签名已过期：请校准本机时钟，钉钉最多允许相差一小时。",
    "The signature has expired: set this machine's clock right; DingTalk allows it to be one hour off.",
    later=True,
    after=5.0,
    attempts=2,
)
WRONG_SIGNATURE = Meaning(
    "config",
    "签名不匹配：请重新复制安全设置里以 SEC 开头的密钥到 sign_key。",
    "The signature does not match: copy the secret that starts with SEC from the security settings into sign_key.",
)
WRONG_IP = Meaning(
    "config",
    "本机的公网 IP 不在机器人的白名单里：请把钉钉回复中的 IP 加进安全设置。",
    "This machine's public IP is not in the robot's list: add the IP that DingTalk names to the security settings.",
)
SECURITY = Meaning(
    "config",
    "机器人的安全设置拒绝了消息：请核对关键词、加签密钥和 IP 白名单。",
    "The robot's security settings refuse the message: check keyword, secret and IP list.",
)
OUR_BUG = Meaning(
    "message",
    "钉钉认为请求格式不对，这是 posthouse 的缺陷：请附上 explain 的输出报告给我们。",
    "DingTalk finds the request malformed, which is a bug in posthouse: report it with what explain shows.",
)
WRONG_TYPE = Meaning(
    "message",
    "这个机器人不支持该消息类型：已改发纯文本；若仍失败，请换用自定义机器人。",
    "The robot does not take this type of message: plain text was tried; if that fails too, use a custom robot.",
    simpler=True,
)
TOO_LONG = Meaning(
    "message",
    "消息太长：已改发简短文本。若经常出现，请报告给我们。",
    "The message is too long: a short text was tried. Report it if this happens often.",
    simpler=True,
)
UNSAFE = Meaning(
    "message",
    "钉钉认为内容不安全：已改发不带链接的文本；若仍失败，请看原文中的链接和用词。",
    "DingTalk finds the content unsafe: a text without links was tried; if that fails too, look at links and words.",
    simpler=True,
)
TOO_FAST = Meaning(
    "throttled",
    "发送过快，钉钉会限流十分钟：稍后自动继续。若别的程序也用这个机器人，请给 posthouse 单独一个，或调低 per_minute。",
    "Too fast, DingTalk takes nothing for ten minutes; it goes on by itself. Should other programs use this robot too, "
    "give posthouse its own, or lower per_minute.",
    later=True,
    after=PENALTY_SECONDS,
)
TOO_FAST_FOR_ALL = Meaning(
    "throttled",
    "钉钉接口整体繁忙或本企业调用过快：一分钟后自动继续。",
    "DingTalk limits the whole organisation just now; it goes on by itself after a minute.",
    later=True,
    after=60.0,
)
QUOTA = Meaning(
    "quota",
    "本月的 Webhook 调用额度已用完：请管理员购买加量包，或等下个月。消息会保留，每六小时再试一次。",
    "The organisation's monthly webhook quota is used up: buy a pack, or wait for next month. Messages are kept and "
    "tried again every six hours.",
    later=True,
    after=QUOTA_SECONDS,
)
BANNED = Meaning(
    "throttled",
    "本机 IP 调用过于频繁，被钉钉暂时封禁：所有钉钉机器人休息十分钟后自动继续。",
    "DingTalk has shut out this machine's IP for calling too often: all DingTalk robots rest for ten minutes.",
    later=True,
    after=BAN_SECONDS,
    whole_vendor=True,
)
BUSY = Meaning(
    "transient",
    "钉钉暂时繁忙：会自动重试。",
    "DingTalk is busy; it is tried again by itself.",
    later=True,
)
WRONG_ADDRESS = Meaning(
    "config",
    "这个地址不是钉钉机器人：请核对 url。",
    "There is no DingTalk robot at this address: check url.",
)
UNCLEAR = Meaning(
    "ambiguous",
    "回复里没有钉钉的结果码，不知道消息是否送达：会用同一个 msgUuid 再试，最多三次。请核对 url 或代理。",
    "The answer holds no code of DingTalk's, so the message may or may not be shown: it is tried three times with the "
    "same msgUuid. Check url, or the proxy in between.",
    later=True,
    attempts=3,
)
UNKNOWN = Meaning(
    "transient",
    "钉钉返回了未知的错误码：最多试三次。请按原文在钉钉文档中查找。",
    "DingTalk gave a code that is not documented: it is tried three times. Look the answer up in DingTalk's pages.",
    later=True,
    attempts=3,
)

#: Codes as documented, and as seen live where the two differ.
BY_CODE: Mapping[int, Meaning] = {
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
