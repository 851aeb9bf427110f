"""What is sent next in a robot's lane: on its own, in a digest, with which robot of a pool, and when."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from house import House, open_house
from posthouse.core.errors import TryLater
from posthouse.core.http import HttpReply, HttpRequest
from posthouse.core.message import Message
from posthouse.delivering import LEASE, NEARLY_USED_WINDOW
from posthouse.fate import FIRST_PROBE, LATER_PROBES
from posthouse.relay import Relay

CONFIG = """\
config:
  server: {language: en, repeat_window: 0}
  plugins: [plugin.py]
  robots:
ROBOTS
  webhooks:
    - webhook_id: finance
      type: GITLAB
      notify: {robots: [ops]}
    - webhook_id: other
      type: GITLAB
      notify: {robots: [other]}
"""
PLUGIN = """\
from posthouse import Buttons, EventHandler, Level, Link, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class SaysHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Says Hook",)

    def handle(self, event):
        read = event.reader
        button = Buttons((Link("Open", "https://gitlab.example.com/" + read.text("title")),))
        return [Message(read.text("title"), (button,), level=Level(read.text("level") or "info"),
                        facts={"project": read.text("project") or "finance/ledger"})]
"""
ONE = """\
    ops: {ding_talk: {access_token: token-one, per_minute: 5OWN}}
    other: {ding_talk: {access_token: token-two}}"""
POOL = """\
    ops: {pool: [first, second]}
    first: {ding_talk: {access_token: token-one, per_minute: 5, fallback: other}}
    second: {ding_talk: {access_token: token-two, per_minute: 5, fallback: other}}
    other: {ding_talk: {access_token: token-three}}"""
Open = Callable[..., House]


def says(house: House, title: str, *, to: str = "finance", **more: str) -> int:
    return house.post({"object_kind": "says", "title": title, **more}, to=to)


def reply(code: int, text: str = "?") -> HttpReply:
    return HttpReply(200, {}, json.dumps({"errcode": code, "errmsg": text, "code": code, "msg": text}).encode())


def texts(house: House) -> list[str]:
    return [json.dumps(payload, ensure_ascii=False) for payload in house.robots.payloads]


def tokens(house: House) -> list[str]:
    return [request.url.partition("access_token=")[2] for request in house.robots.requests]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    houses: list[House] = []

    def make(robots: str = ONE, own: str = "") -> House:
        config = CONFIG.replace("ROBOTS", robots.replace("OWN", own))
        houses.append(open_house(tmp_path, config=config, plugin=PLUGIN))
        return houses[-1]

    yield make
    for house in houses:
        house.relay.close()


def test_what_exceeds_the_budget_is_told_in_one_digest(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"news {number}", level="failure" if number == 7 else "info") for number in range(12)]
    house.work()
    assert [house.state(event_id) for event_id in ids] == ["sent"] * 4 + ["digested"] * 8
    assert len(house.robots.requests) == 5
    digest = texts(house)[-1]
    assert "8 messages, 1 failure among them" in digest
    for number in range(4, 12):
        assert f"news {number}" in digest
        assert f"https://gitlab.example.com/news%20{number}" in digest
    assert "finance/ledger" in digest
    assert "❌" in digest


def test_the_union_of_messages_and_digests_has_every_event_in_order(opened: Open) -> None:
    house = opened()
    titles = [f"event-{number:03}-" for number in range(100)]
    for number, title in enumerate(titles):
        says(house, title)
        if number % 7 == 0:
            house.work()
            house.now += 3
    for _ in range(5):
        house.work()
        house.now += 61
    told = "".join(texts(house))
    first = [told.index(title) for title in titles]
    assert first == sorted(first)
    assert house.relay.outbox.history.waiting() == {}


def test_a_digest_takes_in_only_what_it_can_show_whole(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"{number:03}" + "很长的标题" * 20) for number in range(120)]
    house.work()
    told = [house.state(event_id) for event_id in ids].count("digested")
    assert 40 < told < 120
    assert sum(text.count("很长的标题" * 20) > 0 for text in texts(house)) == 5
    for _ in range(3):
        house.now += 61
        house.work()
    assert {house.state(event_id) for event_id in ids} == {"sent", "digested"}


def test_much_at_once_is_told_in_several_digests_and_the_rest_one_by_one(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"{number:03}-" + "长" * 10) for number in range(150)]
    house.work()
    states = [house.state(event_id) for event_id in ids]
    assert "waiting" not in states
    assert states[0] == "digested"
    assert len(house.robots.requests) <= 5


def test_a_message_that_another_version_stored_is_buried_alone(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"news {number}") for number in range(8)]
    house.relay.handle_next("t")
    (delivery,) = house.event(ids[6]).deliveries
    with house.relay.outbox._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE delivery SET message = '{\"titel\": 1}' WHERE id = ?", (delivery.id,))
    for _ in range(5):
        house.work()
        house.now += 61
    states = [house.state(event_id) for event_id in ids]
    assert states.pop(6) == "buried"
    assert set(states) <= {"sent", "digested"}


def test_seconds_are_waited_for_without_a_digest(opened: Open) -> None:
    house = opened("    ops: {fei_shu: {token: token-one}}\n    other: {ding_talk: {access_token: two}}")
    ids = [says(house, f"news {number}") for number in range(9)]
    house.robots.replies = [reply(0)] * 9
    for _ in range(3):
        house.work()
        house.now += 1.1
    assert [house.state(event_id) for event_id in ids] == ["sent"] * 9
    assert len(house.robots.requests) == 9


def test_a_robot_without_digests_tells_each_on_its_own(opened: Open) -> None:
    house = opened(own=', digest: "off"')
    ids = [says(house, str(number)) for number in range(12)]
    for _ in range(3):
        house.work()
        house.now += 61
    assert {house.state(event_id) for event_id in ids} == {"sent"}
    assert len(house.robots.requests) == 12


def test_messages_gather_for_as_long_as_the_configuration_says(opened: Open) -> None:
    house = opened(own=", digest: {every: 10m}")
    first = says(house, "first")
    house.work()
    house.now += 300
    second = says(house, "second")
    house.work()
    assert house.robots.requests == []
    assert house.relay.next_due("robot") == house.now + 300
    house.now += 300
    house.work()
    assert [house.state(event_id) for event_id in (first, second)] == ["digested", "digested"]
    assert len(house.robots.requests) == 1
    alone = says(house, "alone")
    house.work()
    house.now += 600
    house.work()
    assert house.state(alone) == "sent"


def test_a_digest_is_tried_again_to_the_letter(opened: Open) -> None:
    """What came meanwhile is not slipped in: the robot may have shown it, and would not show it again."""
    house = opened()
    for number in range(8):
        says(house, f"early {number}")
    house.robots.replies = [reply(0)] * 4 + [TryLater("no answer", verdict="ambiguous")]
    house.work()
    house.now += 61
    late = says(house, "late")
    house.work()
    attempts = [payload for payload in house.robots.payloads if "4 messages" in json.dumps(payload)]
    assert len(attempts) == 2
    assert attempts[0] == attempts[1]
    assert house.state(late) == "sent"


def test_a_digest_that_was_begun_is_finished_by_who_takes_the_lane_over(opened: Open, tmp_path: Path) -> None:
    house = opened()
    for number in range(8):
        says(house, f"early {number}")
    house.relay.handle_next("t")
    house.robots.replies = [reply(0)] * 4
    sent: list[str] = []

    def die() -> None:
        sent.append(house.robots.requests[-1].body.decode())
        if len(sent) == 5:
            raise KeyboardInterrupt

    house.robots.meanwhile = die
    with pytest.raises(KeyboardInterrupt):
        house.relay.deliver_next("dying")
    house.robots.meanwhile = lambda: None
    says(house, "late")
    house.now += 61 + LEASE
    house.work()
    assert sent[4] in [request.body.decode() for request in house.robots.requests[5:]]
    assert house.relay.outbox.history.waiting() == {}


def test_one_bad_message_fails_alone(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"news {number}") for number in range(12)]

    def refuse(request_body: bytes) -> HttpReply:
        return reply(40035) if b"news 9" in request_body else reply(0)

    send = house.robots.send
    house.robots.send = lambda request: (send(request), refuse(request.body))[1]  # type: ignore[method-assign]
    for _ in range(10):
        house.work()
        house.now += 61
    states = dict(zip(ids, (house.state(event_id) for event_id in ids), strict=True))
    assert states.pop(ids[9]) == "buried"
    assert set(states.values()) <= {"sent", "digested"}


def test_a_robot_that_is_set_up_wrongly_is_left_alone_and_loses_nothing(opened: Open) -> None:
    house = opened(own=", fallback: other")
    house.robots.replies = [reply(300005, "token is not exist")]
    first = says(house, "first")
    house.work()
    later = [says(house, f"later {number}") for number in range(3)]
    house.work()
    assert tokens(house) == ["token-one", "token-two"]
    assert {house.states(event_id)["ops"] for event_id in (first, *later)} == {"waiting"}
    alert = texts(house)[1]
    assert "The robot ops is set up wrongly" in alert
    assert "token is not exist" in alert
    assert house.states(first)["other"] == "sent"
    assert [one.is_alert for one in house.event(first).deliveries] == [False, True]
    budget = house.budget("ops")
    assert budget.circuit is not None
    assert "access_token" in budget.circuit.remedy


def test_a_stopped_robot_is_tried_from_time_to_time_and_alerts_once(opened: Open) -> None:
    house = opened(own=", fallback: other")
    house.robots.replies = [reply(300005), reply(0), reply(300005)]
    event_id = says(house, "first")
    house.work()
    house.now += FIRST_PROBE + 5
    house.work()
    assert tokens(house) == ["token-one", "token-two", "token-one"]
    house.now += LATER_PROBES - 10
    house.work()
    assert len(house.robots.requests) == 3
    house.now += 15
    house.work()
    assert house.states(event_id)["ops"] == "sent"
    assert house.budget("ops").circuit is None
    later = says(house, "later")
    house.work()
    assert house.states(later)["ops"] == "sent"


def test_a_changed_configuration_lets_a_stopped_robot_be_tried_at_once(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(310000, "sign not match")]
    event_id = says(house, "first")
    house.work()
    same = opened()
    same.now = house.now + 60
    same.work()
    assert same.robots.requests == []
    changed = opened(own=", sign_key: SECdemo")
    changed.now = house.now + 60
    changed.work()
    assert changed.states(event_id)["ops"] == "sent"


def test_a_throttled_robot_is_not_tried_sooner_for_a_changed_configuration(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(660026)]
    says(house, "first")
    house.work()
    changed = opened(own=", sign_key: SECdemo")
    changed.now = house.now + 60
    changed.work()
    assert changed.robots.requests == []


def test_a_stopped_robot_is_tried_at_once_when_somebody_replays(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(310000, "sign not match"), reply(300005)]
    first = says(house, "first")
    house.work()
    assert house.relay.outbox.replay([first]).robots == 1
    house.work()
    assert house.states(first)["ops"] == "waiting"
    assert house.relay.outbox.replay(None).robots == 1
    house.work()
    assert house.states(first)["ops"] == "sent"


def test_a_pools_robots_are_used_in_turn_and_order_is_kept(opened: Open) -> None:
    house = opened(POOL)
    for number in range(10):
        says(house, f"news {number}")
        house.work()
        house.now += 1
    assert tokens(house) == ["token-one", "token-two"] * 5
    assert [f"news {number}" in text for number, text in enumerate(texts(house))] == [True] * 10


def test_a_pool_has_the_budgets_of_all_its_robots(opened: Open) -> None:
    house = opened(POOL)
    ids = [says(house, f"news {number}") for number in range(30)]
    house.work()
    assert sorted(tokens(house)) == ["token-one"] * 4 + ["token-two"] * 4
    assert [house.state(event_id) for event_id in ids] == ["sent"] * 7 + ["digested"] * 23
    for number in range(30):
        says(house, f"more {number}")
    house.work()
    assert max(tokens(house).count(token) for token in ("token-one", "token-two")) == 5


def test_a_pool_goes_on_without_a_robot_that_rests_or_is_set_up_wrongly(opened: Open) -> None:
    house = opened(POOL)
    house.robots.replies = [reply(660026), reply(0), reply(0)]
    ids = [says(house, f"news {number}") for number in range(3)]
    house.work()
    assert tokens(house) == ["token-one", "token-two", "token-two", "token-two"]
    assert {house.state(event_id) for event_id in ids} == {"sent"}
    house.now += 300
    house.robots.replies = [reply(300005)]
    says(house, "more")
    house.work()
    assert tokens(house)[4:] == ["token-two", "token-three"]  # the alert
    house.now += 310
    house.work()
    assert tokens(house)[6:] == ["token-one"]


def test_a_name_of_a_pools_robot_speaks_with_that_robot_in_the_pools_lane(opened: Open) -> None:
    robots = POOL.replace("other: {", "another: {").replace("fallback: other", "fallback: another")
    house = opened(robots + "\n    other: {ding_talk: {access_token: token-one, per_minute: 5}}")
    for number in range(4):
        says(house, f"news {number}", to="other")
    house.work()
    assert tokens(house) == ["token-one"] * 4
    says(house, "pooled")
    house.work()
    assert tokens(house)[4:] == ["token-two"]


def test_a_month_that_is_nearly_used_up_is_told_once_and_gathers_messages(opened: Open) -> None:
    house = opened(own=", monthly_quota: 10, fallback: other")
    for number in range(8):
        says(house, f"news {number}")
        house.work()
        house.now += 30
    assert tokens(house).count("token-one") == 8
    assert "has used 8 of 10 messages this month" in texts(house)[-1]
    assert tokens(house)[-1] == "token-two"
    ids = [says(house, "ninth"), says(house, "tenth")]
    house.work()
    assert tokens(house).count("token-one") == 8
    house.now += NEARLY_USED_WINDOW
    house.work()
    assert {house.states(event_id)["ops"] for event_id in ids} == {"digested"}
    assert tokens(house).count("token-two") == 1


def test_a_used_up_month_waits_for_the_next(opened: Open) -> None:
    house = opened(own=', monthly_quota: 3, digest: "off", fallback: other')
    ids = [says(house, f"news {number}") for number in range(5)]
    house.work()
    assert [house.states(event_id)["ops"] for event_id in ids] == ["sent"] * 3 + ["waiting"] * 2
    due = house.relay.next_due("robot")
    assert due is not None
    assert house.now + 86_400 < due < house.now + 31 * 86_400
    house.now = due
    house.work()
    assert {house.states(event_id)["ops"] for event_id in ids} == {"sent"}


def test_a_higher_quota_is_used_at_once(opened: Open) -> None:
    house = opened(own=', monthly_quota: 2, digest: "off", fallback: other')
    ids = [says(house, f"news {number}") for number in range(3)]
    house.work()
    assert house.states(ids[-1])["ops"] == "waiting"
    more = opened(own=', monthly_quota: 20, digest: "off", fallback: other')
    more.now = house.now + 1
    more.work()
    assert more.states(ids[-1])["ops"] == "sent"


def test_a_digest_that_no_attempt_gets_through_is_told_in_parts(opened: Open) -> None:
    """An answer that nobody knows may be about one message of many."""
    house = opened()
    ids = [says(house, f"news {number}") for number in range(8)]
    send = house.robots.send

    def refuse(request: HttpRequest) -> HttpReply:
        send(request)
        return reply(987654) if b"news 6" in request.body else reply(0)

    house.robots.send = refuse  # type: ignore[method-assign]
    for _ in range(30):
        house.work()
        house.now += 61
    states = [house.state(event_id) for event_id in ids]
    assert states.pop(6) == "buried"
    assert set(states) <= {"sent", "digested"}


def test_a_notifier_that_cannot_say_what_fits_still_tells(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    house = opened()

    def broken(message: Message) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(house.relay.desk.robots.notifiers["ops"], "is_whole", broken)
    ids = [says(house, f"news {number}") for number in range(7)]
    for _ in range(3):
        house.work()
        house.now += 61
    assert {house.state(event_id) for event_id in ids} == {"sent"}


def test_a_digest_is_explained(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"news {number}") for number in range(8)]
    house.robots.replies = [reply(0)] * 4 + [reply(660026), reply(0)]
    house.work()
    house.now += 660
    house.work()
    (delivery,) = house.event(ids[-1]).deliveries
    assert (delivery.state, delivery.digest) == ("digested", 4)
    assert [attempt.verdict for attempt in house.attempts(ids[-1])] == ["throttled", "ok"]


def test_the_relay_prepares_every_token(opened: Open) -> None:
    house = opened(POOL)
    assert isinstance(house.relay, Relay)
    budgets = house.relay.outbox.history.budgets()
    assert sorted(budgets) == sorted(set(house.relay.desk.robots.tokens.values()))


@pytest.mark.parametrize(("own", "attempts"), [("", 2), (", unclear_retries: 0", 1), (", unclear_retries: 3", 4)])
def test_what_may_be_shown_twice_is_sent_again_only_so_often(opened: Open, own: str, attempts: int) -> None:
    house = opened(f"    ops: {{fei_shu: {{token: token-one{own}}}}}\n    other: {{ding_talk: {{access_token: two}}}}")
    house.robots.replies = [TryLater("no answer", verdict="ambiguous")] * 10
    event_id = says(house, "once, please")
    for _ in range(20):
        house.work()
        house.now += 700
    assert house.state(event_id) == "buried"
    assert len(house.robots.requests) == attempts


def test_what_is_never_shown_twice_is_sent_until_it_is_clear(opened: Open) -> None:
    house = opened()
    house.robots.replies = [TryLater("no answer", verdict="ambiguous")] * 10
    event_id = says(house, "as often as it takes")
    for _ in range(20):
        house.work()
        house.now += 700
    assert house.state(event_id) == "sent"
    assert len({payload["msgUuid"] for payload in house.robots.payloads}) == 1


def test_a_backlog_is_known_in_full_however_much_is_fetched(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"news {number}") for number in range(120)]
    house.work()
    assert {house.state(event_id) for event_id in ids} == {"digested"}
    assert len(house.robots.requests) <= 3


def test_what_may_have_been_shown_by_itself_is_in_no_digest(opened: Open) -> None:
    """It would have another key there, and a robot that had shown it would show it again."""
    house = opened()
    house.robots.replies = [TryLater("no answer", verdict="ambiguous")]
    first = says(house, "first")
    house.work()
    for number in range(60):
        says(house, f"news {number}")
    for _ in range(3):
        house.now += 61
        house.work()
    assert house.state(first) == "sent"
    about = [payload["msgUuid"] for payload in house.robots.payloads if '"first"' in json.dumps(payload)]
    assert len(about) == 2
    assert len(set(about)) == 1
