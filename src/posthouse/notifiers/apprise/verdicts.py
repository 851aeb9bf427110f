"""What the outcome of a request through Apprise means, and what a person can do about it, in both languages."""

from posthouse.notifiers.answers import Meaning

#: Apprise does not say how long a service wants to be left alone.
PAUSE_SECONDS = 60.0
#: How often a message is sent that may have been shown, where nobody says otherwise: Apprise cannot tell a repeat.
ATTEMPTS = 2

NO_CONNECTION = Meaning(
    "transient",
    "连不上该服务，消息尚未发出：会自动重试。请检查本机的网络、DNS、防火墙、代理，以及 url 里的主机和端口。",
    "The service cannot be reached and nothing was sent; it is tried again by itself. Check this machine's network, "
    "DNS, firewall and proxy, and the host and port in url.",
    later=True,
)
NO_ANSWER = Meaning(
    "ambiguous",
    "该服务没有及时答复，消息可能已经送达：会按 unclear_retries 再试，消息可能重复出现。请检查网络和代理；"
    "若该服务一向很慢，请在 url 里加上参数 rto=秒数。",
    "The service did not answer in time, so the message may or may not be shown: it is tried again as often as "
    "unclear_retries says, and may be shown twice. Check the network and any proxy; if the service is always slow, "
    "give url the parameter rto=seconds.",
    later=True,
    attempts=ATTEMPTS,
)
NOT_ALLOWED = Meaning(
    "config",
    "该服务不接受 url 里的凭据，或其权限不足：请重新复制 token 或密码。",
    "The service does not accept the credentials in url, or they may not do this: copy the token or password again.",
)
NOT_THERE = Meaning(
    "config",
    "url 里的群、频道、收件人或机器人不存在，或已停用：请核对 url。",
    "The group, channel, recipient or robot in url does not exist, or not any more: check url.",
)
NOT_TAKEN = Meaning(
    "message",
    "该服务不接受这条消息的内容：已改发简短文本；若仍失败，请看事件的原文。",
    "The service does not take what the message says: a short text was tried. If that fails too, look at the event.",
    simpler=True,
)
TOO_FAST = Meaning(
    "throttled",
    "发送过快：一分钟后自动继续。若经常出现，请调低 per_minute。",
    "Too fast; it goes on by itself after a minute. If this happens often, lower per_minute.",
    later=True,
    after=PAUSE_SECONDS,
)
BUSY = Meaning(
    "transient",
    "该服务暂时出错：会自动重试。",
    "The service is in trouble just now; it is tried again by itself.",
    later=True,
)
SOME = Meaning(
    "ambiguous",
    "url 里有多个接收者，至少一个没有收到：会按 unclear_retries 再试，其余的会重复收到。"
    "请为每个接收者单独配一个机器人。",
    "url names several receivers and one of them at least did not get the message: it is tried again as often as "
    "unclear_retries says, and the others get it again. Give each of them a robot of its own.",
    later=True,
    attempts=ATTEMPTS,
)
UNCLEAR = Meaning(
    "ambiguous",
    "Apprise 没有说明失败的原因，不知道消息是否送达：会按 unclear_retries 再试，消息可能重复出现。请按原文核对 url。",
    "Apprise does not say why it failed, so the message may or may not be shown: it is tried again as often as "
    "unclear_retries says, and may be shown twice. Check url by what Apprise does say.",
    later=True,
    attempts=ATTEMPTS,
)
