"""What is decided about an event, and which robots share a lane."""

from collections.abc import Callable
from pathlib import Path

import pytest

from posthouse import Event, Notifier
from posthouse.config import load
from posthouse.core.errors import ConfigError, UnknownWebhook
from posthouse.core.event import Findings, Memory
from posthouse.desk import Desk

HEAD = """\
config:
  plugins: [plugin.py]
  webhooks:
"""
ROBOTS = """\
    - webhook_id: {name}
      type: GITLAB
      notify:
        ding_talk: {{access_token: "{token}"}}
"""
PLUGIN = """
from posthouse import EventHandler, Message, No
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

class Mine(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("X", "Y")

    def handle(self, event):
        {body}
"""
MakeDesk = Callable[..., Desk]
TOKEN = "a-recognisable-token"


@pytest.fixture
def desk(tmp_path: Path) -> MakeDesk:
    """Make a desk of webhooks, and of a plugin that handles X and Y."""

    def made(
        body: str = "return ()", *, plugin: str = PLUGIN, webhooks: str = ROBOTS.format(name="a", token=TOKEN)
    ) -> Desk:
        (tmp_path / "plugin.py").write_text(plugin.format(body=body), encoding="utf-8")
        path = tmp_path / "posthouse.yml"
        path.write_text(HEAD + webhooks, encoding="utf-8")
        return Desk(load(path))

    return made


def test_a_message_goes_to_every_robot_of_the_webhook(desk: MakeDesk) -> None:
    decision = desk("return [Message('hello')]").decide("a", Event("X", {}))
    assert (decision.outcome, decision.reason) == ("told", "")
    assert [(routed.message.title, routed.robots) for routed in decision.said] == [("hello", ("a.ding_talk",))]
    assert [(step["step"], step["outcome"], step["reason"]) for step in decision.trace] == [
        ("handled", "ok", "by Mine"),
        ("said", "info", "hello"),
        ("routed", "told", "every robot of the webhook: a.ding_talk"),
    ]


def test_several_messages_are_told_in_order(desk: MakeDesk) -> None:
    decision = desk("yield from (Message('one'), Message('two'))").decide("a", Event("Y", {}))
    assert [routed.message.title for routed in decision.said] == ["one", "two"]
    assert [step["step"] for step in decision.trace] == ["handled", "said", "routed", "said", "routed"]


def test_an_event_that_no_plugin_knows_is_silent(desk: MakeDesk) -> None:
    decision = desk().decide("a", Event("Design Hook", {}))
    assert (decision.outcome, decision.reason, decision.said) == ("silent", "no handler", ())
    assert decision.trace[0]["reason"] == "by nobody: no plugin knows 'Design Hook'"


def test_a_handler_may_say_no_with_a_reason(desk: MakeDesk) -> None:
    decision = desk("return No('too early')").decide("a", Event("X", {}))
    assert (decision.outcome, decision.reason, decision.said) == ("silent", "too early", ())
    assert [(step["step"], step["outcome"]) for step in decision.trace] == [("handled", "ok"), ("said", "silent")]


@pytest.mark.parametrize("body", ["return ()", "return []", "return None", "pass"])
def test_a_handler_without_messages_is_silent(desk: MakeDesk, body: str) -> None:
    decision = desk(body).decide("a", Event("X", {}))
    assert (decision.outcome, decision.reason) == ("silent", "the handler had nothing to say")


def test_a_confidential_event_reaches_no_robot_by_default(desk: MakeDesk) -> None:
    decision = desk("return [Message('hush'), Message('hush')]").decide("a", Event("X", {}, confidential=True))
    assert decision.outcome == "silent"
    assert decision.reason == "the event is confidential, and no robot of the webhook has confidential: true"
    assert [routed.robots for routed in decision.said] == [(), ()]


def test_a_confidential_event_reaches_a_robot_that_may_hear_of_it(desk: MakeDesk) -> None:
    webhooks = ROBOTS.format(name="a", token=TOKEN).replace('"}', '", confidential: true}')
    decision = desk("return [Message('hush')]", webhooks=webhooks).decide("a", Event("X", {}, confidential=True))
    assert decision.outcome == "told"
    assert [routed.robots for routed in decision.said] == [("a.ding_talk",)]


def test_an_event_that_is_switched_off_reaches_nobody_and_no_handler(desk: MakeDesk) -> None:
    webhooks = ROBOTS.format(name="a", token=TOKEN).replace("type: GITLAB", "type: GITLAB\n      events: {x: off}")
    decision = desk("1 / 0", webhooks=webhooks).decide("a", Event("X", {}))
    assert (decision.outcome, decision.reason) == ("silent", "the configuration says events: {X: off}")


def test_an_event_that_is_off_by_default_is_told_when_it_is_switched_on(desk: MakeDesk) -> None:
    plugin = PLUGIN.replace("    def handle", "    on_by_default = False\n\n    def handle")
    decision = desk("return [Message('hello')]", plugin=plugin).decide("a", Event("X", {}))
    assert decision.outcome == "silent"
    assert decision.reason == "X is off unless the configuration says events: {X: on}"
    webhooks = ROBOTS.format(name="a", token=TOKEN).replace("type: GITLAB", "type: GITLAB\n      events: {X: on}")
    assert desk("return [Message('hello')]", plugin=plugin, webhooks=webhooks).decide("a", Event("X", {})).said


def test_only_the_chosen_happenings_are_told(desk: MakeDesk) -> None:
    happenings = "    happenings = {{'won': True, 'lost': False}}\n\n    def handle"
    plugin = PLUGIN.replace("    def handle", happenings)
    body = "return [Message(what) for what in ('won', 'lost', 'other') if self.tells(event, what)]"
    chosen = ROBOTS.format(name="a", token=TOKEN).replace("type: GITLAB", "type: GITLAB\n      events: {X: [lost]}")
    by_default = desk(body, plugin=plugin).decide("a", Event("X", {}))
    switched = desk(body, plugin=plugin, webhooks=chosen)
    assert [routed.message.title for routed in by_default.said] == ["won"]
    assert [routed.message.title for routed in switched.decide("a", Event("X", {})).said] == ["lost"]
    assert [routed.message.title for routed in switched.decide("a", Event("Y", {})).said] == ["won"]


def test_a_handler_finds_what_was_looked_up_and_what_it_remembered(desk: MakeDesk) -> None:
    plugin = PLUGIN.replace(
        "    def handle",
        "    def topic(self, event):\n        return 'branch'\n\n"
        "    def remember(self, event):\n        return 'now'\n\n    def handle",
    )
    found = Findings({"title": "Home"}, note="the page's title, in 3 ms")
    made = desk("return [Message(f'{event.last} {event.findings.text(\"title\")}')]", plugin=plugin)
    decision = made.decide("a", Event("X", {}), recall=lambda topic: f"last of {topic}", look_up=lambda *_: found)
    assert [routed.message.title for routed in decision.said] == ["last of branch Home"]
    assert decision.memory == Memory("branch", "now")
    assert decision.trace[1] == {"step": "looked up", "outcome": "ok", "reason": "the page's title, in 3 ms"}


def test_a_webhook_without_robots_is_silent(desk: MakeDesk) -> None:
    webhooks = "    - {webhook_id: a, type: GITLAB}\n"
    decision = desk("return [Message('hello')]", webhooks=webhooks).decide("a", Event("X", {}))
    assert (decision.outcome, decision.reason) == ("silent", "the webhook has no robots under notify")


def test_what_a_handler_raises_is_for_the_caller(desk: MakeDesk) -> None:
    with pytest.raises(ZeroDivisionError):
        desk("1 / 0").decide("a", Event("X", {}))


def test_an_unknown_webhook_is_refused(desk: MakeDesk) -> None:
    with pytest.raises(UnknownWebhook, match="'b'"):
        desk().webhook("b")


def test_robots_with_one_token_share_a_lane(desk: MakeDesk) -> None:
    names = (("a", TOKEN), ("b", TOKEN), ("c", "another-token"))
    lanes = desk(webhooks="".join(ROBOTS.format(name=name, token=token) for name, token in names)).robots.lanes
    assert lanes["a.ding_talk"] == lanes["b.ding_talk"] != lanes["c.ding_talk"]


def test_a_lane_does_not_show_the_token_and_is_named_alike_by_every_process(desk: MakeDesk) -> None:
    lane = desk().robots.lanes["a.ding_talk"]
    assert lane == desk().robots.lanes["a.ding_talk"]
    assert lane.startswith("ding_talk:")
    assert TOKEN not in lane


def test_a_delivery_goes_to_its_robot_even_under_a_new_name(desk: MakeDesk) -> None:
    both = ROBOTS.format(name="a", token=TOKEN) + ROBOTS.format(name="b", token=TOKEN)
    before = desk(webhooks=both).robots
    lane = before.lanes["b.ding_talk"]
    assert before.members("b.ding_talk", lane) == ("b.ding_talk",)
    renamed = desk(webhooks=ROBOTS.format(name="new", token=TOKEN)).robots
    assert renamed.members("b.ding_talk", lane) == ("new.ding_talk",)
    assert renamed.members("b.ding_talk", "ding_talk:other") == ()


def test_every_plugin_is_made_once_and_knows_the_site(desk: MakeDesk) -> None:
    made = desk()
    assert made.webhook("a") is made.webhook("a")
    robot = made.robots.notifiers["a.ding_talk"]
    assert isinstance(robot, Notifier)
    assert robot.site == made.settings.site


def test_a_plugin_that_cannot_be_made_is_a_wrong_configuration(desk: MakeDesk) -> None:
    plugin = PLUGIN + "\n    def __init__(self, settings, site):\n        raise RuntimeError('no luck')\n"
    with pytest.raises(ConfigError, match=r"config.plugins: .*plugin.py.Mine cannot be made: RuntimeError: no luck"):
        desk(plugin=plugin)
