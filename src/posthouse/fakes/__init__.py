"""Robots that answer like the vendors' do, for tests and demonstrations; nothing else in posthouse uses them.

`FakeDingTalk` is the robots themselves: state in memory, a clock that is an argument, no network. `FakeRobots` puts
them behind HTTP together with a page that shows what the groups have seen; `running` serves that for the length of a
``with`` statement, `serve` until the process is told to stop. ::

    dingtalk = FakeDingTalk({"token": FakeRobot(secret="SECdemo")})
    dingtalk.misbehave("token", Fault(drop="after"))
    with running(FakeRobots(dingtalk)) as address:
        ...  # post to f"{address}/robot/send?access_token=token&timestamp=…&sign=…"
    assert dingtalk.shown("token") == ...
"""

from posthouse.fakes.dingtalk import FakeDingTalk, FakeReply, Fault, Received, Shown
from posthouse.fakes.dingtalk_rules import FakeRobot
from posthouse.fakes.server import FakeRobots, running, serve

__all__ = ["FakeDingTalk", "FakeReply", "FakeRobot", "FakeRobots", "Fault", "Received", "Shown", "running", "serve"]
