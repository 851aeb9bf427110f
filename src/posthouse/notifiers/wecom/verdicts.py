"""What each of WeCom's codes means, and what a person can do about it, in both languages."""

from collections.abc import Mapping

from posthouse.notifiers.answers import Meaning

#: A robot that was too fast takes nothing until the minute is over.
PAUSE_SECONDS = 61.0
#: How long other calls at the same moment may take.
BUSY_SECONDS = 3.0

NO_SUCH_ROBOT = Meaning(
    "config",
    "机器人不存在或 key 已失效：请在群的机器人（消息推送）设置里重新复制 Webhook 地址中的 key。",
    "There is no such robot, or its key was reset: copy the key again from the webhook address in the group's robot "
    "settings.",
)
STOPPED = Meaning(
    "config",
    "机器人已被停用：请群主或企业管理员重新启用，或换一个机器人的 key。",
    "The robot was disabled: let the group's owner or an administrator enable it again, or use another robot's key.",
)
NOT_IN_GROUP = Meaning(
    "config",
    "机器人已不在群里：请在群里重新添加机器人，并更新 key。",
    "The robot is no longer in the group: add one again and enter its key.",
)
GROUP_GONE = Meaning(
    "config",
    "群已解散：请换一个群的机器人，或从配置里删除它。",
    "The group was dissolved: configure a robot of another group, or remove this one.",
)
WRONG_TYPE = Meaning(
    "message",
    "机器人不接受这种消息类型：已改用更简单的格式。若经常出现，请把 format 改为 markdown 或 text。",
    "The robot does not take this type of message: a plainer one was tried. If this happens often, set format to "
    "markdown or text.",
    simpler=True,
)
TOO_LONG = Meaning(
    "message",
    "企业微信认为消息太长或参数无效：已改发更短的文本。若经常出现，请报告给我们。",
    "WeCom finds the message too long, or a parameter invalid: a shorter text was tried. Report it if this happens "
    "often.",
    simpler=True,
)
WRONG_LINK = Meaning(
    "message",
    "消息里的链接缺少协议或超过 1024 字节：已改发纯文本。请看事件里的地址是否正常。",
    "A link in the message has no scheme or more than 1,024 bytes: plain text was tried. See whether the "
    "event's addresses are in order.",
    simpler=True,
)
OUR_BUG = Meaning(
    "message",
    "企业微信认为请求格式不对，这是 posthouse 的缺陷：请附上 explain 的输出报告给我们。",
    "WeCom finds the request malformed, which is a bug in posthouse: report it with what explain shows.",
)
NOT_OURS = Meaning(
    "message",
    "企业微信指出图片、文件或图文有误，而 posthouse 从不发送这些：请检查 url 处的代理是否改写了请求。",
    "WeCom complains of an image, a file or an article, which posthouse never sends: see whether a proxy at url "
    "rewrites requests.",
)
TOO_FAST = Meaning(
    "throttled",
    "发送过快，企业微信限每个机器人每分钟 20 条：一分钟后自动继续。若别的程序也用这个机器人，请给 posthouse 单独一个，"
    "或调低 per_minute。",
    "Too fast, WeCom takes 20 messages a minute from a robot; it goes on by itself after a minute. Should other "
    "programs use this robot too, give posthouse its own, or lower per_minute.",
    later=True,
    after=PAUSE_SECONDS,
)
TOO_MANY_AT_ONCE = Meaning(
    "throttled",
    "同时调用企业微信过多：几秒后自动继续。若别的程序也用这个机器人，请给 posthouse 单独一个。",
    "Too many calls to WeCom at once; it goes on by itself after some seconds. Should other programs use this robot "
    "too, give posthouse its own.",
    later=True,
    after=BUSY_SECONDS,
)
SYSTEM_BUSY = Meaning(
    "transient",
    "企业微信系统繁忙：会自动重试，最多三次。企业微信没有防重机制，消息可能重复出现。",
    "WeCom is busy; it is tried three times. WeCom cannot tell a repeat, so the message may be shown twice.",
    later=True,
    attempts=3,
)
BUSY = Meaning(
    "transient",
    "企业微信或 url 处的代理暂时出错：会自动重试。",
    "WeCom, or a proxy at url, is in trouble just now; it is tried again by itself.",
    later=True,
)
WRONG_ADDRESS = Meaning(
    "config",
    "这个地址不是企业微信机器人，或代理不放行：请核对 url。",
    "There is no WeCom robot at this address, or a proxy does not let requests through: check url.",
)
UNCLEAR = Meaning(
    "ambiguous",
    "回复里没有企业微信的结果码，不知道消息是否送达：按 unclear_retries 再试（默认一次），因为企业微信没有防重机制，"
    "消息可能重复出现。请核对 url 或代理。",
    "The answer holds no code of WeCom's, so the message may or may not be shown: it is tried again as often as "
    "unclear_retries says (once by default), as WeCom cannot tell a repeat and may show it twice. Check url, or the "
    "proxy in between.",
    later=True,
    attempts=2,
)
UNKNOWN = Meaning(
    "transient",
    "企业微信返回了未知的错误码：最多试三次。请按错误码在企业微信的「全局错误码」页面中查找。",
    "WeCom gave a code that is not known here: it is tried three times. Look it up in WeCom's page of global error "
    "codes.",
    later=True,
    attempts=3,
)

#: Codes as documented for robots, and as seen live where the two differ.
BY_CODE: Mapping[int, Meaning] = {
    -1: SYSTEM_BUSY,
    93000: NO_SUCH_ROBOT,
    93004: STOPPED,
    93008: NOT_IN_GROUP,
    49008: GROUP_GONE,
    40008: WRONG_TYPE,
    40058: TOO_LONG,
    45002: TOO_LONG,
    40063: OUR_BUG,
    44004: OUR_BUG,
    45034: WRONG_LINK,
    40039: WRONG_LINK,
    45008: NOT_OURS,
    40007: NOT_OURS,
    40009: NOT_OURS,
    45001: NOT_OURS,
    44001: NOT_OURS,
    41016: NOT_OURS,
    41010: NOT_OURS,
    45009: TOO_FAST,
    45033: TOO_MANY_AT_ONCE,
}
