"""What each of Feishu's codes means, and what a person can do about it, in both languages."""

from collections.abc import Mapping

from posthouse.notifiers.answers import Meaning
from posthouse.notifiers.feishu.forms import Form

#: How often a used-up daily allowance is tried again.
QUOTA_SECONDS = 6 * 3600.0

NO_SUCH_ROBOT = Meaning(
    "config",
    "机器人不存在或地址有误：请在群设置的群机器人里重新复制 Webhook 地址，填到配置的 url（或把最后一段填到 token）。",
    "There is no such robot, or its address is wrong: copy the webhook address again from the group's robot settings "
    "and enter it as url, or its last part as token.",
)
NOT_ENABLED = Meaning(
    "config",
    "机器人已被停用：请群主或管理员在群设置的群机器人里重新启用。",
    "The robot was disabled: let the group's owner or an administrator enable it in the group's robot settings.",
)
SIGNATURE = Meaning(
    "config",
    "签名校验失败，原因有二：密钥不对，或本机时钟与飞书相差超过一小时。请重新复制安全设置里的签名密钥到 sign_key，"
    "并校准本机时钟。",
    "The signature is refused, for one of two reasons: the secret is wrong, or this machine's clock is more than an "
    "hour off. Copy the secret from the security settings into sign_key again, and check this machine's clock.",
    later=True,
    after=5.0,
    attempts=2,
)
WRONG_IP = Meaning(
    "config",
    "本机的公网 IP 不在机器人的白名单里：请把它加到机器人安全设置的 IP 白名单。",
    "This machine's public IP is not in the robot's list: add it to the IP list in the robot's security settings.",
)
WRONG_KEYWORD = Meaning(
    "config",
    "消息里没有机器人要求的关键词：请把安全设置里的一个关键词填到配置的 keyword。",
    "The message lacks the robot's keyword: enter one of the words from its security settings as keyword.",
)
GROUP_GONE = Meaning(
    "config",
    "群已解散：请换一个群的机器人，或从配置里删除它。",
    "The group was dissolved: configure a robot of another group, or remove this one.",
)
GROUP_BANNED = Meaning(
    "config",
    "群已被封禁：请联系飞书管理员解封，或换一个群的机器人。",
    "The group is banned: ask your Feishu administrator, or configure a robot of another group.",
)
WRONG_ADDRESS = Meaning(
    "config",
    "这个地址不是飞书机器人：请核对 url。",
    "There is no Feishu robot at this address: check url.",
)
MALFORMED = Meaning(
    "message",
    "飞书认为请求格式不对，这是 posthouse 的缺陷：请附上 explain 的输出报告给我们。",
    "Feishu finds the request malformed, which is a bug in posthouse: report it with what explain shows.",
)
CARD_REFUSED = Meaning(
    "message",
    "飞书不接受这张卡片：会依次改发旧版卡片、富文本和纯文本。若经常出现，请把 card_version 设为 1，并报告给我们。",
    "Feishu does not take this card: an old card, rich text and plain text are tried in turn. If this happens often, "
    "set card_version to 1 and report it.",
    simpler=True,
    form=Form.OLD_CARD,
)
CARD_TROUBLE = Meaning(
    "transient",
    "飞书生成卡片时内部出错：会自动重试，最多五次。",
    "Feishu failed to make the card, by a fault of its own: it is tried five times.",
    later=True,
    attempts=5,
)
WRONG_MENTION = Meaning(
    "message",
    "被提醒的人里有飞书不认识的 ID：已改发不带提醒的消息。请核对 people 里 fei_shu 的 open_id 或 user_id。",
    "Feishu does not know the id of somebody who is mentioned: the message was tried without mentions. Check the "
    "open_id or user_id under fei_shu in people.",
    simpler=True,
    form=Form.UNMENTIONED,
)
NO_EVERYBODY = Meaning(
    "message",
    "群里不允许机器人 @所有人：已改发不带提醒的消息。请群主放开该权限，或关闭 mention_all。",
    "The group does not let robots mention everybody: the message was tried without mentions. Let the group's owner "
    "allow it, or turn mention_all off.",
    simpler=True,
    form=Form.UNMENTIONED,
)
TOO_LONG = Meaning(
    "message",
    "消息太长：已改发标题和链接。若经常出现，请报告给我们。",
    "The message is too long: title and link alone were tried. Report it if this happens often.",
    simpler=True,
    form=Form.MINIMAL,
)
UNSAFE = Meaning(
    "message",
    "内容含敏感词或未通过数据防泄漏审核：已改发标题和链接；若仍失败，请看原文标题里的用词，或联系飞书管理员。",
    "The content holds sensitive words or did not pass the audit: title and link alone were tried; if that fails too, "
    "look at the words of the title, or ask your Feishu administrator.",
    simpler=True,
    form=Form.MINIMAL,
)
TOO_FAST = Meaning(
    "throttled",
    "发送过快：一分钟后自动继续。若别的程序也用这个机器人，请给 posthouse 单独一个，或调低 per_minute。",
    "Too fast; it goes on by itself after a minute. Should other programs use this robot too, give posthouse its own, "
    "or lower per_minute.",
    later=True,
    after=60.0,
)
CROWDED = Meaning(
    "throttled",
    "飞书限流，整点和半点时常见，也可能是这个机器人发送过快：半分钟后自动继续。",
    "Feishu limits the rate, as it often does at whole and half hours, or this robot was too fast; it goes on by "
    "itself after half a minute.",
    later=True,
    after=30.0,
)
GROUP_CROWDED = Meaning(
    "throttled",
    "群里所有机器人合计发送过快：几秒后自动继续。",
    "All the robots in the group are too fast together; it goes on by itself after some seconds.",
    later=True,
    after=3.0,
)
GATEWAY_TOO_FAST = Meaning(
    "throttled",
    "飞书网关限流：按它要求的时间等待后自动继续。",
    "Feishu's gateway limits the rate; it goes on by itself after the time that the gateway asks for.",
    later=True,
    after=60.0,
)
QUOTA = Meaning(
    "quota",
    "今天的发送额度已用完：消息会保留，每六小时再试一次。请减少消息，或让管理员提高额度。",
    "Today's allowance is used up: messages are kept and tried again every six hours. Send less, or let an "
    "administrator raise it.",
    later=True,
    after=QUOTA_SECONDS,
)
BEING_SENT = Meaning(
    "transient",
    "飞书正在处理同一条消息：一分钟后再试，最多三次。",
    "Feishu is still working on the same message: it is tried again after a minute, three times at most.",
    later=True,
    after=60.0,
    attempts=3,
)
BUSY = Meaning(
    "transient",
    "飞书暂时繁忙：会自动重试。",
    "Feishu is busy; it is tried again by itself.",
    later=True,
)
UNCLEAR = Meaning(
    "ambiguous",
    "回复里没有飞书的结果码，不知道消息是否送达：按 unclear_retries 再试（默认一次），群里可能出现重复消息。"
    "请核对 url 或代理。",
    "The answer holds no code of Feishu's, so the message may or may not be shown: it is tried again as often as "
    "unclear_retries says (once by default), and may be shown twice. Check url, or the proxy in between.",
    later=True,
    attempts=2,
)
UNKNOWN = Meaning(
    "transient",
    "飞书返回了未知的错误码：最多试三次。请按原文在飞书文档中查找。",
    "Feishu gave a code that is not documented: it is tried three times. Look the answer up in Feishu's pages.",
    later=True,
    attempts=3,
)

#: Codes as documented, and as seen live where the two differ. Those from 100000 on are inside of another one.
BY_CODE: Mapping[int, Meaning] = {
    19001: NO_SUCH_ROBOT,
    19007: NOT_ENABLED,
    19021: SIGNATURE,
    19022: WRONG_IP,
    19024: WRONG_KEYWORD,
    11237: GROUP_GONE,
    232009: GROUP_GONE,
    11242: GROUP_BANNED,
    19002: MALFORMED,
    10002: MALFORMED,
    11310: CARD_REFUSED,
    200410: CARD_REFUSED,
    200621: CARD_REFUSED,
    200800: CARD_REFUSED,
    100290: WRONG_MENTION,
    11235: NO_EVERYBODY,
    19036: TOO_LONG,
    11248: UNSAFE,
    11312: UNSAFE,
    230028: UNSAFE,
    11232: CROWDED,
    11233: GROUP_CROWDED,
    230020: GROUP_CROWDED,
    99991400: GATEWAY_TOO_FAST,
    11247: QUOTA,
    18121: BEING_SENT,
    1500: BUSY,
    10500: BUSY,
}
