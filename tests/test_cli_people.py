"""Who is missing under people: what `people lint` finds in stored events, and what `check` says of those in there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from house import House, open_house
from posthouse.cli import cli
from posthouse.cli._people import Calls, Stranger, calls, strangers
from posthouse.cli._reference import command_help
from posthouse.config import load
from posthouse.core.message import Mention

CONFIG = """\
config:
  server: {database: "sqlite:///FOLDER/posthouse.db", language: en, repeat_window: 0}
  plugins: [plugin.py]
  people: [PEOPLE]
  webhooks:
    - webhook_id: finance
      type: GITLAB
      notify: {ding_talk: {access_token: token-one}}
    - {webhook_id: nobody, type: GITLAB}
    - {webhook_id: alerts, type: GITLAB, notify_mobiles: ["13800000000"]}
"""
PLUGIN = """\
from posthouse import EventHandler, Mention, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class CallsHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Calls Hook",)

    def handle(self, event):
        called = event.payload["called"]
        if called == "everybody":
            raise SystemExit("a plugin must not end the command")
        return [Message("news", mentions=tuple(Mention(text, tuple(names), guess) for text, names, guess in called))]
"""
LI = ("Li Lei", ("gitlab:lilei", "email:li@example.com"), False)
HAN = ("Han Meimei", ("gitlab:hanmeimei",), False)
WORD = ("Override", ("gitlab:Override",), True)
KNOWN = '{name: Li Lei, gitlab: lilei, mobile: "13900000000"}'
STEERING = "\x1b]0;owned\x07 \x1b[2J \x9b2J"
Called = tuple[str, tuple[str, ...], bool]
Open = Callable[..., House]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    houses: list[House] = []

    def make(people: str = "") -> House:
        config = CONFIG.replace("PEOPLE", people).replace("FOLDER", str(tmp_path))
        houses.append(open_house(tmp_path, config=config, plugin=PLUGIN))
        houses[-1].now = time.time()
        return houses[-1]

    yield make
    for house in houses:
        house.relay.close()


def call(house: House, *called: Called, to: str = "finance") -> int:
    return house.post({"object_kind": "calls", "called": called}, to=to)


def invoke(house: House, *arguments: str, **how: Any) -> Result:
    result = CliRunner().invoke(cli, [*arguments, "--config", str(house.relay.desk.settings.path)], **how)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def met(house: House, *called: Called, of: str = "finance") -> list[Stranger]:
    """Return the strangers of events that mention one after the other."""
    found = [Calls(of, number, (Mention(*one),)) for number, one in enumerate(called)]
    return strangers(house.relay.desk.settings, found)


# Who is a stranger


def test_a_stranger_is_named_once_and_counted(opened: Open) -> None:
    assert met(opened(), LI, HAN, HAN) == [
        Stranger("Han Meimei", ("gitlab:hanmeimei",), 2, ("finance",)),
        Stranger("Li Lei", ("gitlab:lilei", "email:li@example.com"), 1, ("finance",)),
    ]


def test_who_is_configured_is_no_stranger(opened: Open) -> None:
    assert met(opened(KNOWN), LI, ("Li", ("gitlab:LiLei",), False)) == []


def test_who_has_a_name_in_common_is_one_person(opened: Open) -> None:
    one, other, both = (
        ("a", ("gitlab:a",), False),
        ("b", ("email:b@example.com",), False),
        ("c", ("gitlab:A", "email:b@example.com"), False),
    )
    assert met(opened(), one, other, both) == [
        Stranger("a", ("gitlab:a", "email:b@example.com"), 3, ("finance",)),
    ]


def test_who_goes_by_a_name_of_somebody_configured_is_named_with_them(opened: Open) -> None:
    house = opened("{name: Li Lei, email: li@example.com}")
    by_username = ("lilei", ("gitlab:lilei",), False)
    expected = [Stranger("lilei", ("gitlab:lilei",), 1, ("finance",), person="Li Lei")]
    assert met(house, by_username, LI) == expected
    assert [one.person for one in met(house, LI, by_username)] == ["Li Lei"]
    assert [one.person for one in met(house, by_username)] == [""]


def test_a_guess_is_none_once_somebody_names_the_person(opened: Open) -> None:
    house = opened()
    guess = ("lilei", ("gitlab:lilei",), True)
    assert [(one.text, one.guess) for one in met(house, guess)] == [("lilei", True)]
    assert [(one.text, one.guess, one.times) for one in met(house, guess, LI)] == [("Li Lei", False, 2)]


def test_a_name_that_the_configuration_cannot_have_is_none(opened: Open) -> None:
    house = opened()
    assert met(house, ("Li Lei", ("staff:17",), False), ("Li Lei", (), False)) == [
        Stranger("Li Lei", (), 2, ("finance",))
    ]
    assert met(house, ("Li Lei", ("mobile:13800000000",), False)) == []


def test_an_event_that_ends_in_an_error_names_it(opened: Open) -> None:
    house = opened()
    call(house, LI)
    house.post({"object_kind": "calls", "called": "everybody"})
    house.post({"object_kind": "calls"})
    found = [calls(house.relay.desk, stored) for stored in house.relay.outbox.history.stored(10)]
    assert [(one.event_id, one.error, len(one.mentions)) for one in found] == [
        (3, "KeyError: 'called'", 0),
        (2, "SystemExit: a plugin must not end the command", 0),
        (1, "", 1),
    ]


# The command


def test_the_command_below_a_command_is_in_the_reference() -> None:
    found = dict(command_help())
    assert "lint" in found["people"]
    assert found["people lint"].startswith("Usage: posthouse people lint [OPTIONS]\n")


def test_lint_names_who_is_missing_with_an_entry_to_paste(opened: Open) -> None:
    house = opened(KNOWN)
    for _ in range(3):
        call(house, ("Han Meimei", ("gitlab:hanmeimei", "gitlab:mei", "email:han@example.com"), False), LI)
    call(house, HAN, to="nobody")
    result = invoke(house, "people", "lint")
    assert result.exit_code == 1
    title, _, header, row, *_ = result.stdout.splitlines()
    assert title == "Missing under people, by the newest 4 events:"
    assert header.split() == ["named", "times", "in", "names"]
    assert " ".join(row.split()) == (
        "Han Meimei 4 nobody, finance gitlab: hanmeimei, gitlab: mei, email: han@example.com"
    )
    entry = result.stdout[result.stdout.index("  # To be pasted below config.") :]
    assert "Add to each of them what robots mention them by: ding_talk, mobile." in entry
    assert YAML(typ="safe").load(entry) == {
        "people": [{"name": "Han Meimei", "gitlab": ["hanmeimei", "mei"], "email": "han@example.com"}]
    }
    path = house.relay.desk.settings.path
    path.write_text(path.read_text().replace(f"  people: [{KNOWN}]\n", entry))
    assert load(path).people.find(Mention("", ("gitlab:mei",)))
    assert "Han Meimei" not in invoke(house, "people", "lint").stdout.partition("No robot can mention")[0]


@pytest.mark.parametrize("name", ["on", "17", "a: b # c", "'", '"', "- x", "李雷", "{x}", "null", "li\\lei"])
def test_whatever_a_name_looks_like_the_entry_can_be_loaded(opened: Open, name: str) -> None:
    house = opened()
    call(house, (name, (f"gitlab:{name}",), False))
    text = invoke(house, "people", "lint").stdout
    path = house.relay.desk.settings.path
    entry = text[text.index("  # To be pasted") :]
    path.write_text(path.read_text().replace("  people: []\n", entry), encoding="utf-8")
    person = load(path).people.find(Mention("", (f"gitlab:{name}",)))
    assert person is not None
    assert person.name == name


def test_lint_is_content_where_nobody_is_missing(opened: Open) -> None:
    house = opened(KNOWN)
    call(house, LI)
    house.post({"object_kind": "calls", "called": []}, to="alerts")
    result = invoke(house, "people", "lint")
    assert (result.exit_code, result.stdout.strip()) == (0, "Nobody is missing under people, by the newest 2 events.")


def test_lint_lists_guesses_and_the_nameless_on_their_own(opened: Open) -> None:
    house = opened()
    call(house, WORD, ("Han Meimei", (), False))
    result = invoke(house, "people", "lint")
    assert result.exit_code == 0
    parts = result.stdout.split("\n\n")
    assert parts[0] == "Nobody is missing under people, by the newest 1 events."
    assert parts[1].startswith("Perhaps people")
    assert parts[2].splitlines()[1].split() == ["Override", "1", "finance", "gitlab:", "Override"]
    assert parts[3].startswith("Not to be configured")
    assert parts[4].splitlines()[1].split() == ["Han", "Meimei", "1", "finance", "-"]
    assert "To be pasted" not in result.stdout


def test_lint_names_those_whom_no_robot_can_mention(opened: Open) -> None:
    house = opened(f"{KNOWN}, {{name: Han Meimei, gitlab: hanmeimei, fei_shu: ou_demo}}")
    assert "\nNo robot can mention these, as they have none of ding_talk, mobile: Han Meimei\n" in (
        invoke(house, "people", "lint").stdout
    )


def test_lint_adds_a_name_to_an_entry_instead_of_making_another(opened: Open) -> None:
    house = opened('{name: Li Lei, email: li@example.com, mobile: "13900000000"}')
    call(house, LI, ("lilei", ("gitlab:lilei",), False))
    call(house, ("lilei", ("gitlab:lilei",), False))
    result = invoke(house, "people", "lint")
    assert result.exit_code == 1
    assert "lilei, configured as Li Lei" in result.stdout
    assert "To be pasted" not in result.stdout


def test_lint_counts_errors_and_goes_on(opened: Open) -> None:
    house = opened()
    call(house, LI)
    for _ in range(3):
        house.post({"object_kind": "calls"})
    house.post({"object_kind": "calls", "called": "everybody"}, to="nobody")
    result = invoke(house, "people", "lint")
    assert result.stderr.splitlines() == [
        "event 5 of nobody: SystemExit: a plugin must not end the command",
        "event 4 and 2 more of finance: KeyError: 'called'",
    ]
    assert "Li Lei" in result.stdout


def test_lint_looks_at_the_newest_events_alone(opened: Open) -> None:
    house = opened()
    call(house, LI)
    call(house, HAN)
    text = invoke(house, "people", "lint", "--limit", "1").stdout
    assert ("Han Meimei" in text, "Li Lei" in text) == (True, False)


def test_lint_stores_and_sends_nothing(opened: Open) -> None:
    house = opened()
    call(house, LI)
    before = house.event(1)
    invoke(house, "people", "lint")
    assert house.event(1) == before
    assert house.robots.requests == []


def test_no_name_steers_the_terminal(opened: Open) -> None:
    house = opened()
    call(
        house,
        (STEERING, (f"gitlab:{STEERING}",), False),
        (STEERING, (), False),
        (STEERING, (f"gitlab:x{STEERING}",), True),
    )
    house.post({"object_kind": "calls", "called": [[STEERING]]})
    result = invoke(house, "people", "lint")
    text = result.stdout + result.stderr
    assert "owned" in text
    assert all(char.isprintable() or char == "\n" for char in text), text


# check


def test_check_counts_people_and_names_those_whom_no_robot_can_mention(opened: Open) -> None:
    house = opened(f"{KNOWN}, {{name: Han Meimei, gitlab: hanmeimei}}")
    result = invoke(house, "check")
    assert result.stdout.endswith(": right; 3 webhooks, 1 robots, 2 people\n")
    (warning,) = [line for line in result.stderr.splitlines() if "Han Meimei" in line]
    assert warning.startswith("warning: Han Meimei: no configured robot can mention this person")
    assert "Li Lei" not in result.stderr
