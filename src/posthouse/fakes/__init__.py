"""Robots that answer like the vendors' do, for tests and demonstrations of posthouse and of anything else.

`FakeDingTalk`, `FakeFeishu` and `FakeWeCom` are the robots themselves: state in memory, a clock that is an argument, no
network. They judge by what the vendors document and by what was seen of them, not by what posthouse sends. `FakeRobots`
puts them behind HTTP at the vendors' paths, together with a page that shows what the groups have seen; `running` serves
that for the length of a ``with`` statement, `serve` until the process is told to stop. ::

    dingtalk = FakeDingTalk({"token": FakeRobot(secret="SECdemo")})
    feishu = FakeFeishu({"token": FakeFeishuRobot(keyword="alarm", mention_all=False)})
    wecom = FakeWeCom(any_token=True)
    wecom.misbehave("key", Fault(errcode=45009), Fault(drop="after"))
    with running(FakeRobots(dingtalk, feishu, wecom)) as address:
        ...  # post to f"{address}/robot/send?access_token=token&timestamp=…&sign=…"
        ...  # post to f"{address}/open-apis/bot/v2/hook/token"
        ...  # post to f"{address}/cgi-bin/webhook/send?key=key"
    assert feishu.shown("token") == ...
    assert wecom.mentions("key") == (("lilei",), ("all",))

Each robot refuses what its vendor refuses, in its words; `Fault` orders any other answer, a delay or a connection that
breaks before or after the message was shown. What was shown comes with whom it really notified. A test in another
language does the same over HTTP; see `FakeRobots`.
"""

from posthouse.fakes.dingtalk import BANNED, BANNED_PAGE, FakeDingTalk
from posthouse.fakes.dingtalk_rules import FakeRobot
from posthouse.fakes.exchange import FakeReply, Received, Shown
from posthouse.fakes.faults import Fault
from posthouse.fakes.feishu import FakeFeishu
from posthouse.fakes.feishu_rules import FakeFeishuRobot
from posthouse.fakes.server import FakeRobots, running, serve
from posthouse.fakes.vendor import FakeVendor
from posthouse.fakes.wecom import FakeWeCom
from posthouse.fakes.wecom_rules import FakeWeComRobot

__all__ = [
    "BANNED",
    "BANNED_PAGE",
    "FakeDingTalk",
    "FakeFeishu",
    "FakeFeishuRobot",
    "FakeReply",
    "FakeRobot",
    "FakeRobots",
    "FakeVendor",
    "FakeWeCom",
    "FakeWeComRobot",
    "Fault",
    "Received",
    "Shown",
    "running",
    "serve",
]
