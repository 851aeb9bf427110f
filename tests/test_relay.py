"""The product on one page, with time as an argument and a transport that has a list of replies."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from house import House, open_house
from posthouse.config import load
from posthouse.core.errors import BadPayload, NotGenuine, TryLater, UnknownWebhook
from posthouse.core.event import Inbound
from posthouse.core.http import HttpReply
from posthouse.desk import Desk
from posthouse.relay import LEASE, Relay

CONFIG = """\
config:
  server: {language: en, repeat_window: 0}
  plugins: [plugin.py]
  webhooks:
    - webhook_id: finance
      type: GITLAB
      secret_token: let-me-in
      notify:
        ding_talk: {access_token: token-one, sign_key: SECone, digest: "off"}
    - webhook_id: ops
      type: GITLAB
      notify:
        ding_talk: {access_token: token-two, keyword: news}
    - webhook_id: quiet
      type: GITLAB
    - webhook_id: careless
      type: CARELESS
    - webhook_id: half-named
      type: HALF_NAMED
    - webhook_id: unlimited
      type: GITLAB
      notify:
        ding_talk: {access_token: token-one, sign_key: SECone, per_minute: 0, digest: "off"}
    - webhook_id: finance-too
      type: GITLAB
      notify:
        ding_talk: {access_token: token-one, sign_key: SECone, digest: "off"}
    - webhook_id: plain
      type: GITLAB
      notify:
        ding_talk: {access_token: token-three, sign_key: SECthree, per_minute: 20, digest: "off"}
"""
PLUGIN = """\
from posthouse import Event, EventHandler, Message, No
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class FaultyHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Faulty Hook",)

    def handle(self, event):
        raise RuntimeError("the plugin is broken")


class TwofoldHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Twofold Hook",)

    def handle(self, event):
        return [Message("one"), Message("two")]


class UnspeakableHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Unspeakable Hook",)

    def handle(self, event):
        return No(ValueError("no text"))


class HalfHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Half Hook",)

    def handle(self, event):
        return No("half a character: \\ud800")


class LeavingHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Leaving Hook",)

    def handle(self, event):
        raise SystemExit("a plugin must not end the worker")


class CarelessWebhookHandler(GitlabWebhookHandler):
    type = "CARELESS"

    def verify(self, inbound):
        return None

    def parse(self, inbound):
        return None


class HalfNamedWebhookHandler(GitlabWebhookHandler):
    type = "HALF_NAMED"

    def parse(self, inbound):
        return Event("\\ud800", {}, "k")


class SpeechlessHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Speechless Hook",)

    def handle(self, event):
        return []
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = open_house(tmp_path, config=CONFIG, plugin=PLUGIN)
    yield made
    made.relay.close()


def reply(code: int, text: str = "") -> HttpReply:
    return HttpReply(200, {}, json.dumps({"errcode": code, "errmsg": text}).encode())


def test_an_event_is_told_once_signed_and_with_its_link(house: House) -> None:
    event_id = house.post()
    house.work()
    (request,) = house.robots.requests
    assert "access_token=token-one&timestamp=1700000000000&sign=" in request.url
    assert house.robots.payloads[0]["actionCard"]["singleURL"].startswith("https://")
    assert house.event(event_id).outcome == "told"
    assert house.state(event_id) == "sent"


def test_nothing_is_sent_while_the_sender_waits(house: House) -> None:
    event_id = house.post()
    assert house.robots.requests == []
    assert house.event(event_id).state == "waiting"


@pytest.mark.parametrize(
    ("to", "headers", "body", "error"),
    [
        ("nobody", {}, b"{}", UnknownWebhook),
        ("finance", {}, b"{}", NotGenuine),
        ("finance", {"x-gitlab-token": "wrong"}, b"{}", NotGenuine),
        ("ops", {}, b"[]", BadPayload),
    ],
)
def test_what_is_refused_is_not_stored(house: House, to: str, headers: dict, body: bytes, error: type) -> None:
    with pytest.raises(error):
        house.relay.accept(to, Inbound(headers, {}, body, house.now))
    assert house.relay.outbox.history.events(1) == []


def test_a_repeat_is_told_once(house: House) -> None:
    assert house.post(key="k") == house.post(key="k")
    house.work()
    assert house.post(key="k") == 1
    house.work()
    assert len(house.robots.requests) == 1


def test_events_are_told_in_the_order_they_came(house: House) -> None:
    for number in range(15):
        house.push(f"branch-{number}")
    house.work()
    told = [title.rpartition(" ")[2] for title in house.robots.titles]
    assert told == [f"branch-{number}" for number in range(15)]


def test_a_handler_that_raises_fails_its_event_alone(house: House) -> None:
    broken = house.post({"object_kind": "faulty"})
    sound = house.post()
    house.work()
    assert (house.event(broken).state, house.event(broken).outcome) == ("failed", "error")
    (step,) = house.event(broken).trace
    assert step["reason"] == "RuntimeError: the plugin is broken"
    assert "plugin.py" in step["traceback"]
    assert house.state(sound) == "sent"


@pytest.mark.parametrize(("kind", "state"), [("unspeakable", "failed"), ("half", "handled"), ("leaving", "failed")])
def test_whatever_a_handler_returns_or_raises_the_lane_goes_on(house: House, kind: str, state: str) -> None:
    odd = house.post({"object_kind": kind})
    sound = house.post()
    house.work()
    assert house.event(odd).state == state
    assert house.state(sound) == "sent"


def test_a_plugin_that_returns_nothing_costs_nobody_an_event(house: House) -> None:
    event_id = house.post(to="careless", key="k")
    assert (house.event(event_id).name, house.event(event_id).key) == ("?", None)
    house.work()
    assert (house.event(event_id).state, house.event(event_id).deliveries) == ("failed", [])
    assert house.post(to="careless", key="k") != event_id


def test_a_name_that_no_database_can_hold_costs_nobody_an_event(house: House) -> None:
    assert house.event(house.post(to="half-named")).name == "?"


def test_an_event_that_nobody_knows_is_silent(house: House) -> None:
    event_id = house.post({"object_kind": "strange"})
    house.work()
    assert (house.event(event_id).state, house.event(event_id).outcome) == ("handled", "silent")
    assert house.event(event_id).trace[-1]["reason"] == "no handler"


def test_a_handler_may_say_nothing_or_two_things(house: House) -> None:
    speechless = house.post({"object_kind": "speechless"})
    twofold = house.post({"object_kind": "twofold"})
    house.work()
    assert house.event(speechless).outcome == "silent"
    assert [delivery.state for delivery in house.event(twofold).deliveries] == ["sent", "sent"]
    assert house.robots.titles == ["one", "two"]


def test_a_webhook_without_robots_is_silent_with_the_reason(house: House) -> None:
    event_id = house.post(to="quiet")
    house.work()
    assert house.event(event_id).outcome == "silent"
    assert "no robots" in house.event(event_id).trace[-1]["reason"]


def test_a_confidential_event_reaches_no_robot(house: House) -> None:
    event_id = house.post({"object_kind": "twofold", "object_attributes": {"confidential": True}})
    house.work()
    assert house.robots.requests == []
    assert "confidential" in house.event(event_id).trace[-1]["reason"]


def test_only_headers_without_secrets_are_kept(house: House, tmp_path: Path) -> None:
    house.post(x_gitlab_event="Push Hook", authorization="Basic c2VjcmV0", x_custom="c2VjcmV0")
    (stored,) = house.relay.outbox.lanes.waiting_events("finance", 10)
    assert dict(stored.headers) == {"x-gitlab-event": "Push Hook"}
    files = [path.read_bytes() for path in tmp_path.glob("posthouse.db*")]
    assert not any(b"let-me-in" in content or b"c2VjcmV0" in content for content in files)


def test_a_minutes_messages_go_out_at_once_and_the_next_when_it_is_over(house: House) -> None:
    ids = [house.push(str(number), to="plain") for number in range(25)]
    house.work()
    assert len(house.robots.requests) == 20
    assert house.relay.next_due("robot") == house.now + 60
    house.now += 59.9
    house.work()
    assert len(house.robots.requests) == 20
    house.now += 0.2
    house.work()
    assert len(house.robots.requests) == 25
    assert {house.state(event_id) for event_id in ids} == {"sent"}


def test_two_names_for_one_token_share_its_budget(house: House) -> None:
    for number in range(15):
        house.push(str(number))
        house.push(str(number), to="finance-too")
    house.work()
    assert len(house.robots.requests) == 18


def test_two_names_for_one_token_keep_to_the_lower_limit(house: House) -> None:
    for number in range(15):
        house.push(str(number))
        house.push(str(number), to="unlimited")
    house.work()
    assert len(house.robots.requests) == 18


def test_one_robots_limit_does_not_hold_up_another(house: House) -> None:
    for number in range(25):
        house.push(str(number))
    other = house.post(to="ops")
    house.work()
    assert house.state(other) == "sent"


def test_a_throttled_robot_rests_for_ten_minutes_and_nothing_overtakes(house: House) -> None:
    first, second = house.push("first"), house.push("second")
    house.robots.replies = [reply(130101, "send too fast, exceed 20 times per minute")]
    house.work()
    assert len(house.robots.requests) == 1
    house.now += 599
    house.work()
    assert len(house.robots.requests) == 1
    house.now += 4
    house.work()
    told = [title.rpartition(" ")[2] for title in house.robots.titles]
    assert told == ["first", "first", "second"]
    assert [attempt.verdict for attempt in house.attempts(first)] == ["throttled", "ok"]
    assert house.state(second) == "sent"


def test_every_attempt_has_the_same_msg_uuid_and_a_signature_of_its_own(house: House) -> None:
    house.post()
    house.robots.replies = [TryLater("the robot did not answer in time", verdict="ambiguous")]
    house.work()
    house.now += 10
    house.work()
    first, second = house.robots.payloads
    assert first["msgUuid"] == second["msgUuid"]
    assert house.robots.requests[0].url != house.robots.requests[1].url


def test_a_dead_robot_is_asked_ever_more_rarely_and_never_given_up(house: House) -> None:
    event_id = house.post()
    house.robots.replies = [TryLater("the connection was refused", verdict="transient") for _ in range(12)]
    pauses = []
    for _ in range(12):
        house.work()
        due = house.relay.next_due("robot")
        assert due is not None
        pauses.append(due - house.now)
        house.now = due
    assert pauses[0] < 3
    assert all(480 <= pause <= 720 for pause in pauses[6:])
    assert house.state(event_id) == "waiting"
    house.work()
    assert house.state(event_id) == "sent"
    assert len(house.attempts(event_id)) == 13


def test_a_refused_message_is_buried_with_a_remedy_and_the_lane_goes_on(house: House) -> None:
    event_id = house.post()
    house.robots.replies = [reply(40035, "param json is missing")]
    house.work()
    assert house.state(event_id) == "buried"
    (attempt,) = house.attempts(event_id)
    assert attempt.verdict == "message"
    assert "explain" in attempt.remedy
    later = house.push("later")
    house.work()
    assert house.state(later) == "sent"


def test_unsafe_content_is_sent_once_more_without_links(house: House) -> None:
    event_id = house.post()
    house.robots.replies = [reply(430101, "unsafe link")]
    house.work()
    assert [payload["msgtype"] for payload in house.robots.payloads] == ["actionCard", "text"]
    assert "http" not in house.robots.payloads[1]["text"]["content"]
    assert house.state(event_id) == "sent"


def test_nothing_overtakes_a_message_that_is_sent_again_in_a_simpler_form(house: House) -> None:
    ids = [house.push(f"branch-{number}") for number in range(3)]
    house.robots.replies = [reply(430101, "unsafe link")]
    house.work()
    assert [payload["msgtype"] for payload in house.robots.payloads] == [
        "actionCard",
        "text",
        "actionCard",
        "actionCard",
    ]
    assert {house.state(event_id) for event_id in ids} == {"sent"}


def test_unsafe_content_without_links_is_buried(house: House) -> None:
    event_id = house.post()
    house.robots.replies = [reply(430101, "unsafe link"), reply(430102, "unsafe text")]
    house.work()
    assert house.state(event_id) == "buried"
    assert len(house.attempts(event_id)) == 2


def test_an_unknown_code_is_tried_three_times(house: House) -> None:
    event_id = house.post()
    house.robots.replies = [TryLater("refused", verdict="ambiguous"), *(reply(987654, "what") for _ in range(3))]
    for _ in range(4):
        house.work()
        house.now += 200
    assert house.state(event_id) == "buried"
    assert [attempt.verdict for attempt in house.attempts(event_id)] == ["ambiguous", *["transient"] * 3]


def test_other_troubles_do_not_count_against_the_three_tries(house: House) -> None:
    event_id = house.post()
    down = TryLater("refused", verdict="transient")
    house.robots.replies = [down, down, reply(987654, "what"), reply(987654, "what")]
    for _ in range(5):
        house.work()
        house.now += 900
    assert house.state(event_id) == "sent"
    assert len(house.attempts(event_id)) == 5


def test_a_ban_lets_every_robot_of_the_vendor_rest(house: House) -> None:
    house.post()
    house.robots.replies = [HttpReply(200, {}, b'{"status":1111,"punish":"deny"}')]
    house.work()
    other = house.post(to="ops")
    house.work()
    assert house.state(other) == "waiting"
    house.now += 602
    house.work()
    assert house.state(other) == "sent"


def test_a_crash_after_the_robot_was_called_leads_to_the_same_msg_uuid_again(house: House) -> None:
    event_id = house.post()
    house.relay.handle_next("t")

    def crash() -> None:
        raise KeyboardInterrupt

    house.robots.meanwhile = crash
    with pytest.raises(KeyboardInterrupt):
        house.relay.deliver_next("dies")
    house.robots.meanwhile = lambda: None
    house.work()
    assert len(house.robots.requests) == 1
    house.now += LEASE
    house.work()
    first, second = house.robots.payloads
    assert first["msgUuid"] == second["msgUuid"]
    assert [attempt.verdict for attempt in house.attempts(event_id)] == ["ambiguous", "ok"]


def test_an_attempt_that_was_cut_off_counts_against_the_budget(house: House) -> None:
    for number in range(25):
        house.push(str(number))
    house.relay.handle_next("t")
    claim = house.relay.outbox.lanes.claim("robot", house.relay.lanes, holder="dies", now=house.now, lease=LEASE)
    assert claim is not None
    house.now += LEASE
    house.work()
    assert len(house.robots.requests) == 17


def test_who_loses_the_lease_in_mid_attempt_settles_nothing(house: House) -> None:
    event_id = house.post()
    house.relay.handle_next("t")

    def sleep_too_long() -> None:
        house.now += LEASE + 1
        house.robots.meanwhile = lambda: None
        assert house.relay.deliver_next("other")

    house.robots.meanwhile = sleep_too_long
    assert house.relay.deliver_next("slow")
    assert house.state(event_id) == "sent"
    assert [attempt.verdict for attempt in house.attempts(event_id)] == ["ambiguous", "ok"]
    assert len(house.robots.requests) == 2


def test_stopping_finishes_the_attempt_in_flight_and_gives_the_lane_back(house: House) -> None:
    first, second = house.push("first"), house.push("second")
    house.relay.handle_next("t")
    assert house.relay.deliver_next("t", stopping=lambda: True)
    assert house.state(first) == "sent"
    assert house.state(second) == "waiting"
    assert house.relay.outbox.lanes.holders() == []
    house.work()
    assert house.state(second) == "sent"


def test_a_robot_that_repeats_our_secrets_is_not_quoted(house: House) -> None:
    event_id = house.post()
    house.robots.replies = [reply(300005, "token token-one with SECone is not exist")]
    house.work()
    (attempt,) = house.attempts(event_id)
    assert "***" in attempt.answer
    assert "token-one" not in attempt.answer
    assert "SECone" not in attempt.answer


def test_what_was_buried_is_sent_again_when_it_is_replayed(house: House) -> None:
    buried, sent = house.push("buried"), house.push("sent")
    house.robots.replies = [reply(40035, "param json is missing")]
    house.work()
    assert house.relay.outbox.replay([sent]).deliveries == 0
    assert house.relay.outbox.replay(None).deliveries == 1
    house.work()
    assert [house.state(buried), house.state(sent)] == ["sent", "sent"]
    assert len({payload["msgUuid"] for payload in house.robots.payloads}) == 2


def test_an_event_whose_handler_failed_is_handled_again_when_it_is_replayed(house: House) -> None:
    failed = house.post({"object_kind": "faulty"})
    house.work()
    assert house.relay.outbox.replay([failed]).events == 1
    assert house.event(failed).state == "waiting"
    house.work()
    assert house.event(failed).state == "failed"


def test_a_renamed_webhooks_deliveries_are_sent_by_the_same_robot(house: House, tmp_path: Path) -> None:
    event_id = house.post()
    house.relay.handle_next("t")
    config = tmp_path / "renamed.yml"
    config.write_text(CONFIG.replace("webhook_id: finance\n", "webhook_id: money\n"))
    relay = Relay(Desk(load(config)), outbox=house.relay.outbox, transport=house.robots, clock=lambda: house.now)
    relay.prepare()
    while relay.deliver_next("t"):
        pass
    assert house.state(event_id) == "sent"


def test_a_slow_handler_gives_its_lane_back_before_the_lease_runs_out(house: House) -> None:
    ids = [house.push(str(number)) for number in range(3)]
    slow = house.relay.clock

    def clock() -> float:
        house.now += LEASE / 3
        return slow()

    house.relay.clock = clock
    assert house.relay.handle_next("t")
    states = [house.event(event_id).state for event_id in ids]
    assert states[0] == "handled"
    assert "waiting" in states
