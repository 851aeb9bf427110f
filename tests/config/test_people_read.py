"""People in the file, and what is said of every mistake about them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from posthouse.config import Settings
from posthouse.config.people import person_model
from posthouse.core.message import Mention
from posthouse.core.people import Called
from posthouse.discovery import discover

Loaded = Callable[[str], Settings]
Problems = Callable[[str], list[tuple[int | None, str, str]]]
START = "config:\n  webhooks: [{webhook_id: demo, type: GITLAB}]\n"
LILEI = """\
    - name: Li Lei
      gitlab: lilei
      jira: ["5b10ac8d82e05b22cc7d4ef5", lilei]
      email: [lilei@example.com]
      mobile: "13800000000"
      ding_talk: lilei-d
      fei_shu: ou_lilei
"""
HANMEIMEI = """\
    - name: Han Meimei
      gitlab: [hanmeimei, meimei]
      email: hanmeimei@example.com
"""


def people(*persons: str) -> str:
    """Return a file with these people; the first line of the first is line 4."""
    return START + "  people:\n" + "".join(persons)


def person(*lines: str) -> str:
    """Return a file with Li Lei and these lines; the first is line 5."""
    return people("    - name: Li Lei\n", *(f"      {line}\n" for line in lines))


def called(settings: Settings, name: str, kind: str) -> tuple[Called, ...]:
    return settings.people.called((Mention("somebody", (name,)),), kind)


@pytest.mark.parametrize(
    "name",
    [
        "gitlab:lilei",
        "gitlab:LiLei",
        "jira:lilei",
        "jira:5b10ac8d82e05b22cc7d4ef5",
        "email:lilei@example.com",
        "mobile:13800000000",
    ],
)
def test_a_person_is_found_by_every_name_that_a_system_has(loaded: Loaded, name: str) -> None:
    found = loaded(people(LILEI, HANMEIMEI))
    assert called(found, name, "ding_talk") == (Called("Li Lei", "lilei-d", "13800000000"),)
    assert called(found, name, "fei_shu") == (Called("Li Lei", "ou_lilei", "13800000000"),)
    assert called(found, name, "wechat") == (Called("Li Lei", "", "13800000000"),)


def test_one_name_or_a_list_is_right(loaded: Loaded) -> None:
    found = loaded(people(LILEI, HANMEIMEI))
    for name in ("gitlab:hanmeimei", "gitlab:meimei", "email:hanmeimei@example.com"):
        assert called(found, name, "ding_talk") == (Called("Han Meimei"),)
    assert called(found, "github:hanmeimei", "ding_talk") == (Called("somebody"),)


def test_nobody_has_to_be_there(loaded: Loaded) -> None:
    for text in ("  people:\n", "  people: []\n", ""):
        assert called(loaded(START + text), "gitlab:lilei", "ding_talk") == (Called("somebody"),)


def test_the_plugins_hear_of_the_people(loaded: Loaded) -> None:
    found = loaded(people(LILEI))
    assert found.site.people is found.people


@pytest.mark.parametrize("word", ["wechat", "corp_wechat", "wecom"])
def test_every_word_for_a_kind_of_robot_names_an_id(loaded: Loaded, word: str) -> None:
    found = loaded(person("gitlab: lilei", f"{word}: lilei-w"))
    assert called(found, "gitlab:lilei", "wechat") == (Called("Li Lei", "lilei-w"),)


def test_two_systems_may_have_one_name_for_two_people(loaded: Loaded) -> None:
    found = loaded(people(LILEI, "    - {name: Han Meimei, github: lilei}\n"))
    assert called(found, "github:lilei", "wechat") == (Called("Han Meimei"),)
    assert called(found, "gitlab:lilei", "wechat") == (Called("Li Lei", "", "13800000000"),)


def test_a_name_may_be_there_twice_for_one_person(loaded: Loaded) -> None:
    found = loaded(person("gitlab: [lilei, LiLei, lilei]"))
    assert called(found, "gitlab:lilei", "wechat") == (Called("Li Lei"),)


def test_names_may_come_from_the_environment(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOBILE", "13800000000")
    monkeypatch.setenv("DOMAIN", "example.com")
    found = loaded(person("mobile: ${MOBILE}", "email: lilei@${DOMAIN}"))
    assert called(found, "email:lilei@example.com", "wechat") == (Called("Li Lei", "", "13800000000"),)


NEEDS_QUOTES = "must be text; a number needs quotes around it"
NAME_ALONE = "must be a name alone, without an @ or blanks around it"


@pytest.mark.parametrize(
    ("line", "key", "text"),
    [
        ("gitlb: lilei", "gitlb", "unknown key; did you mean 'gitlab'?"),
        ("GITLAB: lilei", "GITLAB", "unknown key; did you mean 'gitlab'?"),
        ("dingtalk: lilei", "dingtalk", "unknown key; did you mean 'ding_talk'?"),
        ("mobil: '13800000000'", "mobil", "unknown key; did you mean 'mobile'?"),
        ("mobile: 13800000000", "mobile", NEEDS_QUOTES),
        ("mobile: +8613800000000", "mobile", NEEDS_QUOTES),
        ("gitlab: 17", "gitlab", NEEDS_QUOTES),
        ("gitlab: [lilei, 17]", "gitlab[1]", NEEDS_QUOTES),
        ("gitlab:", "gitlab", NEEDS_QUOTES),
        ("gitlab: {name: lilei}", "gitlab", NEEDS_QUOTES),
        ("email: 17", "email", NEEDS_QUOTES),
        ("ding_talk: 123456", "ding_talk", NEEDS_QUOTES),
        ("fei_shu: [ou_1, ou_2]", "fei_shu", NEEDS_QUOTES),
        ("gitlab: ''", "gitlab", "String should have at least 1 character"),
        ("gitlab: '@lilei'", "gitlab", NAME_ALONE),
        ("gitlab: ' lilei'", "gitlab", NAME_ALONE),
        ("gitlab: [lilei, 'lilei ']", "gitlab[1]", NAME_ALONE),
        ("email: lilei", "email", "must be an e-mail address and nothing else"),
        ("email: Li Lei <lilei@example.com>", "email", "must be an e-mail address and nothing else"),
        ("mobile: '138 0000'", "mobile", "must be a mobile number"),
    ],
)
def test_a_mistake_in_a_person_is_named(problems: Problems, line: str, key: str, text: str) -> None:
    ((number, place, words),) = problems(person(line))
    assert (number, place) == (5, f"config.people[0].{key}")
    assert words.startswith(text)


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        ("{Li Lei: {gitlab: lilei}}", "", "must be a list"),
        ("lilei", "", "must be a list"),
        ("[lilei]", "[0]", "must have keys below it"),
        ("[{gitlab: lilei}]", "[0].name", "is missing"),
        ("[{name: 5}]", "[0].name", NEEDS_QUOTES),
        ("[{name: ''}]", "[0].name", "String should have at least 1 character"),
        ("[{name: '@lilei'}]", "[0].name", NAME_ALONE),
    ],
)
def test_a_mistake_about_people_is_named(problems: Problems, value: str, key: str, text: str) -> None:
    assert problems(START + f"  people: {value}\n") == [(3, f"config.people{key}", text)]


def test_a_reference_that_leads_nowhere_is_named_once(problems: Problems) -> None:
    for value in ("${NO_SUCH_NAME}", "[{name: '${NO_SUCH_NAME}'}]", "[{name: Li Lei, gitlab: '${NO_SUCH_NAME}'}]"):
        ((_, _, text),) = problems(START + f"  people: {value}\n")
        assert text == "the environment has no variable NO_SUCH_NAME"


@pytest.mark.parametrize(
    ("line", "key", "text"),
    [
        ("name: li lei", "name", "people[0] has 'li lei', too"),
        ("gitlab: LiLei", "gitlab", "people[0] has 'LiLei', too"),
        ("jira: [hanmeimei, lilei]", "jira", "people[0] has 'lilei', too"),
        ("email: LiLei@example.com", "email", "people[0] has 'LiLei@example.com', too"),
        ("mobile: '13800000000'", "mobile", "people[0] has '13800000000', too"),
    ],
)
def test_two_people_cannot_have_one_name(problems: Problems, line: str, key: str, text: str) -> None:
    second = f"    - {line}\n" if key == "name" else f"    - name: Han Meimei\n      {line}\n"
    number = 11 if key == "name" else 12
    assert problems(people(LILEI, second)) == [(number, f"config.people[1].{key}", text)]


def test_a_person_has_one_id_for_a_kind_of_robot(problems: Problems) -> None:
    found = problems(person("wecom: lilei", "wechat: lilei"))
    assert found == [(6, "config.people[0].wechat", "is the same as 'wecom'")]


def test_all_mistakes_about_people_are_named_at_once(problems: Problems) -> None:
    found = problems(people(LILEI, "    - gitlab: 5\n", "    - {name: Li Lei, gitlab: lilei, jirra: x}\n", LILEI))
    assert [(line, key) for line, key, _ in found] == [
        (11, "config.people[1].name"),
        (11, "config.people[1].gitlab"),
        (12, "config.people[2].jirra"),
        (13, "config.people[3].name"),
        (14, "config.people[3].gitlab"),
        (15, "config.people[3].jira"),
        (15, "config.people[3].jira"),
        (16, "config.people[3].email"),
        (17, "config.people[3].mobile"),
    ]


#: A sender and two robots that are called what a person's keys are.
PLUGINS = """
from posthouse import Event, Limits, Notifier, WebhookHandler


class MailWebhookHandler(WebhookHandler):
    type = "EMAIL"

    def verify(self, inbound):
        return "by faith"

    def parse(self, inbound):
        return Event("mail", {})


class ChatWebhookHandler(MailWebhookHandler):
    type = "CHAT"


class MailNotifier(Notifier):
    type = "email"
    limits = Limits(body_bytes=1000, per_minute=1)

    def identity(self):
        return ""

    def render(self, message, *, form=0):
        return {}

    def request(self, payload, *, now, idempotency_key):
        raise NotImplementedError

    def judge(self, reply):
        return None


class ChatNotifier(MailNotifier):
    type = "chat"
"""


def test_a_plugin_brings_a_key_for_people(tmp_path: Path, loaded: Loaded) -> None:
    (tmp_path / "more.py").write_text(PLUGINS, encoding="utf-8")
    keys = "email: [lilei@example.com, l@example.com], chat: [li, lei], gitlab: lilei"
    found = loaded(START + f"  plugins: [more.py]\n  people: [{{name: Li Lei, {keys}}}]\n")
    for name in ("chat:lei", "email:l@example.com", "gitlab:lilei"):
        assert called(found, name, "chat") == (Called("Li Lei", "li"),)
        assert called(found, name, "email") == (Called("Li Lei", "lilei@example.com"),)
        assert called(found, name, "ding_talk") == (Called("Li Lei"),)


def test_every_key_of_a_person_is_explained() -> None:
    for key, field in person_model(discover()).model_fields.items():
        assert field.description
        assert field.description.endswith("."), key
