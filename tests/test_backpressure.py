"""One webhook that is flooded delays nobody else's messages, and nobody can fill the database with what waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from house import House, open_house
from posthouse.core.errors import NotGenuine, Overloaded
from posthouse.notifiers.dingtalk import DingTalkNotifier
from posthouse.relay import AT_ONCE, TURN, Relay
from posthouse.web import create_app

CONFIG = """\
config:
  server: {language: en, repeat_window: 0, max_waiting: 5}
  webhooks:
    - {webhook_id: finance, type: GITLAB, secret_token: let-me-in, max_waiting: 3}
    - {webhook_id: ops, type: GITLAB}
    - {webhook_id: free, type: GITLAB, max_waiting: 0}
"""
FAIR = """\
config:
  server: {language: en, repeat_window: 0}
  webhooks:
    - {webhook_id: flooded, type: GITLAB, notify: {ding_talk: {access_token: token-one, per_minute: 0}}}
    - {webhook_id: ops, type: GITLAB, notify: {ding_talk: {access_token: token-two}}}
    - {webhook_id: first, type: GITLAB, notify: {robots: [shared]}}
    - {webhook_id: second, type: GITLAB, notify: {robots: [shared]}}
    - {webhook_id: third, type: GITLAB, notify: {ding_talk: {access_token: token-four}}}
    - {webhook_id: fourth, type: GITLAB, notify: {ding_talk: {access_token: token-four}}}
  robots:
    shared: {ding_talk: {access_token: token-three, sign_key: SECthree}}
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = open_house(tmp_path, config=CONFIG, plugin="")
    yield made
    made.relay.close()


@pytest.fixture
def fair(tmp_path: Path) -> Iterator[House]:
    made = open_house(tmp_path, config=FAIR, plugin="")
    yield made
    made.relay.close()


def fill(house: House, count: int, *, to: str = "finance") -> list[int]:
    """Take in so many events, and let so much time go by that they are noticed."""
    ids = [house.push(f"branch-{number}", to=to, key=f"{to}-{number}") for number in range(count)]
    house.now += 1.0
    return ids


def test_a_webhook_of_which_too_much_waits_is_asked_to_try_later(house: House) -> None:
    fill(house, 3)
    with pytest.raises(Overloaded, match="3 events of this webhook wait already, its max_waiting"):
        house.push("one-too-many")
    assert len(house.relay.outbox.history.events(10)) == 3


def test_other_webhooks_are_taken_in_meanwhile(house: House) -> None:
    fill(house, 3)
    assert house.push("main", to="ops")


def test_what_was_handled_makes_room(house: House) -> None:
    fill(house, 3)
    house.work()
    house.now += 1.0
    assert house.push("main")


def test_all_webhooks_together_are_bounded(house: House) -> None:
    fill(house, 2)
    fill(house, 3, to="free")
    for webhook in ("finance", "ops", "free"):
        with pytest.raises(Overloaded, match=r"5 events of all webhooks wait already, server\.max_waiting"):
            house.push("one-too-many", to=webhook)


def test_a_bound_of_zero_is_none(tmp_path: Path) -> None:
    config = CONFIG.replace("max_waiting: 5", "max_waiting: 0").replace("max_waiting: 3", "max_waiting: 0")
    house = open_house(tmp_path, config=config, plugin="")
    fill(house, 6)
    assert house.push("main")
    house.relay.close()


def test_a_repeat_of_what_is_stored_is_known_all_the_same(house: House) -> None:
    first, *_ = fill(house, 3)
    assert house.push("branch-0", key="finance-0") == first
    with pytest.raises(Overloaded):
        house.push("branch-0", key="another")


def test_a_key_of_another_webhook_is_no_repeat(house: House) -> None:
    fill(house, 1, to="ops")
    fill(house, 3)
    with pytest.raises(Overloaded):
        house.push("main", key="ops-0")


def test_who_is_not_genuine_is_not_told_how_much_waits(house: House) -> None:
    fill(house, 3)
    with pytest.raises(NotGenuine):
        house.push("main", x_gitlab_token="wrong")


def test_the_sender_sees_503_and_when_to_try_again(house: House) -> None:
    fill(house, 3)
    client = create_app(house.relay).test_client()
    headers = {"X-Gitlab-Token": "let-me-in"}
    answer = client.post("/webhook/finance", json={"object_kind": "push"}, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert answer.json == {"error": "3 events of this webhook wait already, its max_waiting; try again later"}
    again = client.post("/webhook/finance", json={"object_kind": "push"}, headers=headers | {"webhook-id": "finance-0"})
    assert again.status_code == 200


def test_what_waits_is_counted_once_a_second_whatever_comes_in(house: House) -> None:
    counts: list[str] = []
    engine = house.relay.outbox._engine
    event.listen(
        engine, "before_cursor_execute", lambda *asked: counts.append(asked[2]) if "count(" in asked[2] else None
    )
    for _ in range(2):
        for _ in range(2):
            house.push("main", to="ops")
        house.now += 1.0
    assert len(counts) == 4  # twice those of the webhook and of all


@pytest.mark.parametrize("bounds", [(2, 0), (0, 2)], ids=["of-the-webhook", "of-all"])
def test_what_waits_is_counted_in_an_index_and_no_further_than_the_bound(house: House, bounds: tuple[int, int]) -> None:
    fill(house, 3)
    asked: list[tuple[str, tuple[object, ...]]] = []
    engine = house.relay.outbox._engine
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    most, most_of_all = bounds
    assert house.relay.outbox.backlog.too_many("finance", most, most_of_all=most_of_all, now=house.now)
    statement, parameters = asked[-1]
    with engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
        assert "event_waiting" in plan
        assert connection.exec_driver_sql(statement, parameters).scalar() == 2


def test_a_clock_that_was_put_back_does_not_keep_an_old_count(house: House) -> None:
    fill(house, 3)
    with pytest.raises(Overloaded):
        house.push("one-too-many")
    house.work()
    house.now -= 3600.0
    assert house.push("main")


def test_webhooks_take_turns_in_being_handled(fair: House) -> None:
    flood = [fair.push(f"branch-{number}", to="flooded") for number in range(3 * AT_ONCE)]
    late = fair.push("main", to="ops")
    fair.relay.handle_next("t")
    fair.now += 0.1
    fair.relay.handle_next("t")
    assert fair.event(late).state == "handled"
    assert [fair.event(number).state for number in flood].count("handled") == AT_ONCE


def test_a_webhook_whose_handlers_are_slow_takes_no_longer_turns(fair: House) -> None:
    flood = [fair.push(f"branch-{number}", to="flooded") for number in range(AT_ONCE)]
    late = fair.push("main", to="ops")

    def clock() -> float:
        fair.now += 0.4  # looked at once for every event
        return fair.now

    slow = Relay(fair.relay.desk, outbox=fair.relay.outbox, transport=fair.robots, clock=clock)
    began_at = fair.now
    slow.handle_next("t")
    assert fair.now - began_at < TURN + 2.0
    slow.handle_next("t")
    assert fair.event(late).state == "handled"
    assert 0 < [fair.event(number).state for number in flood].count("handled") < AT_ONCE


def test_robots_that_answer_slowly_take_turns_with_the_others(fair: House) -> None:
    for number in range(AT_ONCE):
        fair.push(f"branch-{number}", to="flooded")
    fair.push("main", to="ops")
    while fair.relay.handle_next("t"):
        pass

    def answer_slowly() -> None:
        fair.now += 3.0

    fair.robots.meanwhile = answer_slowly
    fair.relay.deliver_next("t")
    fair.relay.deliver_next("t")
    whose = ["two" if "token-two" in request.url else "one" for request in fair.robots.requests]
    assert whose == ["one", "one", "two"]


def test_behind_a_flood_to_the_same_robot_one_waits_for_digests_alone(fair: House) -> None:
    flood = [fair.push(f"branch-{number}", to="first") for number in range(500)]
    late = fair.push("main", to="second")
    fair.work()  # within this minute: nothing else is due then
    assert [fair.state(number) for number in (flood[0], flood[-1], late)] == ["digested", "digested", "digested"]
    assert len(fair.robots.requests) <= DingTalkNotifier.limits.per_minute


def test_two_names_of_one_robot_are_told_in_one_digest(fair: House) -> None:
    ids = []
    for number in range(100):
        for webhook in ("third", "fourth"):
            ids.append(fair.push(f"branch-{number}", to=webhook))
            fair.relay.handle_next("t")
    fair.work()
    assert {fair.state(number) for number in ids} == {"sent", "digested"}
    assert len(fair.robots.requests) <= DingTalkNotifier.limits.per_minute


def test_who_wants_no_digest_is_in_none_of_another_name(tmp_path: Path) -> None:
    made = open_house(tmp_path, config=FAIR.replace("token-four}", 'token-four, digest: "off"}', 1), plugin="")
    one_by_one = []
    for number in range(40):
        one_by_one.append(made.push(f"branch-{number}", to="third"))
        made.relay.handle_next("t")
        made.push(f"branch-{number}", to="fourth")
        made.relay.handle_next("t")
    while made.state(one_by_one[-1]) == "waiting":
        made.work()
        made.now += 60.0
    assert {made.state(number) for number in one_by_one} == {"sent"}
    made.relay.close()
