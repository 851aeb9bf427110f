"""Robots in the file: with names, in pools and inside of webhooks, and what is said of every mistake about them."""

from collections.abc import Callable

import pytest

from posthouse.config import Settings
from posthouse.core.errors import ConfigError
from posthouse.core.plugin import DigestSettings
from posthouse.desk import Desk
from posthouse.discovery import discover
from posthouse.notifiers.dingtalk import DingTalkNotifier
from posthouse.notifiers.wecom import CorpWechatNotifier

Loaded = Callable[[str], Settings]
Problems = Callable[[str], list[tuple[int | None, str, str]]]
#: From line 10 on whatever is under test.
TEAM = """\
config:
  webhooks:
    - {webhook_id: finance, type: GITLAB, notify: {robots: [group, admins]}}
  robots:
    ops: {ding_talk: {access_token: demo-1, fallback: admins}}
    backend: {ding_talk: {access_token: demo-2}}
    group: {pool: [ops, backend]}
    admins: {wechat: {key: demo-3}}
    spare: {ding_talk: {access_token: demo-4}}
"""
#: A file with robots of the test's own, from line 3 on, and a webhook.
START = "config:\n  webhooks: [{webhook_id: demo, type: GITLAB}]\n"


def robots(*lines: str) -> str:
    """Return a file with these lines under ``robots``; the first is line 4."""
    return START + "  robots:\n" + "".join(f"    {line}\n" for line in lines)


def notify(*lines: str) -> str:
    """Return a file with the team's robots and a webhook with these lines under ``notify``; the first is line 7."""
    return (
        "config:\n  robots:\n    ops: {ding_talk: {access_token: demo-1}}\n"
        "  webhooks:\n    - webhook_id: demo\n      notify:\n"
        + "".join(f"        {line}\n" for line in lines)
        + "      type: GITLAB\n"
    )


def test_robots_and_pools_are_shared_by_their_names(loaded: Loaded) -> None:
    found = loaded(TEAM)
    assert list(found.robots) == ["ops", "backend", "admins", "spare"]
    assert found.pools == {"group": ("ops", "backend")}
    assert found.webhooks["finance"].robots == ("group", "admins")
    assert found.robots["ops"].notifier is DingTalkNotifier
    assert found.robots["admins"].notifier is CorpWechatNotifier
    assert found.robots["ops"].settings.fallback == "admins"


def test_robots_that_nobody_uses_are_right(loaded: Loaded) -> None:
    assert list(loaded(robots("ops: {ding_talk: {access_token: demo}}")).robots) == ["ops"]
    assert loaded(START + "  robots:\n").robots == {}
    assert loaded(START + "  robots: {}\n").robots == {}


def test_a_webhook_names_robots_beside_its_own_and_their_order_stays(loaded: Loaded) -> None:
    for lines, names in (
        (("ding_talk: {access_token: demo}", "robots: [ops]"), ("demo.ding_talk", "ops")),
        (("robots: [ops]", "ding_talk: {access_token: demo}"), ("ops", "demo.ding_talk")),
    ):
        assert loaded(notify(*lines)).webhooks["demo"].robots == names


def test_where_robots_stand_in_the_file_makes_no_difference(loaded: Loaded) -> None:
    lines = TEAM.splitlines()
    turned = "\n".join([lines[0], *lines[3:], *lines[1:3]])
    assert loaded(turned).webhooks["finance"].robots == loaded(TEAM).webhooks["finance"].robots


@pytest.mark.parametrize("word", ["wechat", "corp_wechat", "wecom"])
def test_every_word_for_a_kind_of_robot_means_the_same(loaded: Loaded, word: str) -> None:
    inside = loaded(notify(f"{word}: {{key: demo}}"))
    named = loaded(robots(f"ops: {{{word}: {{key: demo}}}}"))
    assert inside.webhooks["demo"].robots == ("demo.wechat",)
    assert inside.robots["demo.wechat"].notifier is CorpWechatNotifier
    assert named.robots["ops"].notifier is CorpWechatNotifier


@pytest.mark.parametrize("name", ["5", "5-a", "Ops_2", "x" * 64, "pool", "robots", "ding_talk"])
def test_a_robot_may_be_called_like_this(loaded: Loaded, name: str) -> None:
    assert list(loaded(robots(f"{name}: {{ding_talk: {{access_token: demo}}}}")).robots) == [name]


@pytest.mark.parametrize(
    ("value", "digest"),
    [
        ("auto", "auto"),
        ("off", "off"),
        ("'off'", "off"),
        ("false", "off"),
        ("{every: 10m}", DigestSettings(every="10m")),  # type: ignore[arg-type]
        ("{every: '90 s'}", DigestSettings(every="90s")),  # type: ignore[arg-type]
    ],
)
def test_a_digest_is_written_like_this(loaded: Loaded, value: str, digest: object) -> None:
    found = loaded(robots(f"ops: {{ding_talk: {{access_token: demo, digest: {value}}}}}"))
    assert found.robots["ops"].settings.digest == digest


def test_a_digest_is_off_for_yaml_1_1_as_well(loaded: Loaded) -> None:
    text = robots("ops: {ding_talk: {access_token: demo, digest: off}}")
    assert loaded("%YAML 1.1\n---\n" + text).robots["ops"].settings.digest == "off"


def test_either_limit_can_be_lifted_alone(loaded: Loaded) -> None:
    for minute, second in ((0, 1), (1, 0), (0, 0)):
        found = loaded(robots(f"ops: {{fei_shu: {{token: demo, per_minute: {minute}, per_second: {second}}}}}"))
        assert (found.robots["ops"].settings.per_minute, found.robots["ops"].settings.per_second) == (minute, second)


def test_robots_may_look_after_each_other(loaded: Loaded) -> None:
    found = loaded(
        robots(
            "ops: {ding_talk: {access_token: demo-1, fallback: backend}}",
            "backend: {ding_talk: {access_token: demo-2, fallback: ops}}",
        )
    )
    assert found.robots["ops"].settings.fallback == "backend"


def test_the_other_robots_of_a_pool_may_tell_of_one_in_trouble(loaded: Loaded) -> None:
    found = loaded(
        robots(
            "ops: {ding_talk: {access_token: demo-1, fallback: group}}",
            "backend: {ding_talk: {access_token: demo-2}}",
            "group: {pool: [ops, backend]}",
        )
    )
    assert found.robots["ops"].settings.fallback == "group"


DEMO = "ding_talk: {access_token: demo}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("[ops]", "must have keys below it: the names of robots"),
        ("ops", "must have keys below it: the names of robots"),
    ],
)
def test_robots_have_names(problems: Problems, value: str, text: str) -> None:
    assert problems(START + f"  robots: {value}\n") == [(3, "config.robots", text)]


@pytest.mark.parametrize(
    ("lines", "line", "key", "text"),
    [
        ((f"a.b: {{{DEMO}}}",), 4, "a.b", "a robot's name has letters, digits, _ and - only, 64 at most"),
        ((f"a b: {{{DEMO}}}",), 4, "a b", "a robot's name has letters, digits, _ and - only, 64 at most"),
        ((f"运维: {{{DEMO}}}",), 4, "运维", "a robot's name has letters, digits, _ and - only, 64 at most"),
        ((f"_a: {{{DEMO}}}",), 4, "_a", "a robot's name has letters, digits, _ and - only, 64 at most"),
        ((f"'': {{{DEMO}}}",), 4, "", "a robot's name has letters, digits, _ and - only, 64 at most"),
        ((f'"a\\n": {{{DEMO}}}',), 4, "a\n", "a robot's name has letters, digits, _ and - only, 64 at most"),
        ((f"{'x' * 65}: {{{DEMO}}}",), 4, "x" * 65, "a robot's name has letters, digits, _ and - only, 64 at most"),
        (("ops:",), 4, "ops", "must have one key below it: a kind of robot, or pool"),
        (("ops: {}",), 4, "ops", "must have one key below it: a kind of robot, or pool"),
        (("ops: ding_talk",), 4, "ops", "must have one key below it: a kind of robot, or pool"),
        (("ops:", f"  {DEMO}", "  wechat: {key: x}"), 4, "ops", "must have one key below it: a kind of robot, or pool"),
        (("ops:", f"  {DEMO}", "  pool: [x]"), 4, "ops", "must have one key below it: a kind of robot, or pool"),
        (("ops:", "  dingtalk: {}"), 5, "ops.dingtalk", "unknown kind of robot; did you mean 'ding_talk'?"),
        (("ops:", "  pol: [x]"), 5, "ops.pol", "unknown kind of robot; did you mean 'pool'?"),
        (
            ("ops:", "  robots: [x]"),
            5,
            "ops.robots",
            f"unknown kind of robot; there are {', '.join(sorted([*discover().kinds, 'pool']))}",
        ),
        (("ops:", "  ding_talk:"), 5, "ops.ding_talk", "must have keys below it"),
        (
            ("ops:", "  ding_talk:", "    access_token: demo", "    mothly_quota: 1"),
            7,
            "ops.ding_talk.mothly_quota",
            "unknown key; did you mean 'monthly_quota'?",
        ),
        (("ops:", "  pool:"), 5, "ops.pool", "must be a list"),
        (("ops:", "  pool: []"), 5, "ops.pool", "must not be empty"),
        (("ops:", "  pool: ops"), 5, "ops.pool", "must be a list"),
        (("ops:", "  pool: {ops: 1}"), 5, "ops.pool", "must be a list"),
        (("ops:", "  pool:", "    - 5"), 6, "ops.pool[0]", "must be text; a number needs quotes around it"),
    ],
)
def test_a_mistake_in_a_robot_is_named(
    problems: Problems, lines: tuple[str, ...], line: int, key: str, text: str
) -> None:
    assert problems(robots(*lines)) == [(line, f"config.robots.{key}", text)]


def test_a_robot_and_a_pool_cannot_have_one_name(problems: Problems) -> None:
    assert problems(TEAM + "    ops: {pool: [backend]}\n") == [(10, "", "the key 'ops' is there twice")]


@pytest.mark.parametrize(
    ("line", "key", "text"),
    [
        ("more: {pool: [spare, opps]}", "more.pool[1]", "there is no 'opps' under robots; did you mean 'ops'?"),
        ("more: {pool: [opps, spare]}", "more.pool[0]", "there is no 'opps' under robots; did you mean 'ops'?"),
        ("more: {pool: [spare, group]}", "more.pool[1]", "is a pool, and a pool has robots in it"),
        ("more: {pool: [more]}", "more.pool[0]", "is a pool, and a pool has robots in it"),
        ("more: {pool: [spare, admins]}", "more.pool[1]", "'admins' is of another kind than 'spare'"),
        ("more: {pool: [spare, ops]}", "more.pool[1]", "'ops' is in the pool 'group' already"),
        ("more: {pool: [spare, spare]}", "more.pool", "'spare' is there twice"),
        ("more: {pool: [finance.ding_talk]}", "more.pool[0]", "there is no 'finance.ding_talk' under robots"),
        (
            "more: {ding_talk: {access_token: demo, fallback: amins}}",
            "more.ding_talk.fallback",
            "there is no 'amins' under robots; did you mean 'admins'?",
        ),
        (
            "more: {ding_talk: {access_token: demo, fallback: more}}",
            "more.ding_talk.fallback",
            "must be another robot: this one cannot tell of its own trouble",
        ),
    ],
)
def test_a_name_that_leads_to_no_fitting_robot_is_named(problems: Problems, line: str, key: str, text: str) -> None:
    ((number, place, words),) = problems(TEAM + f"    {line}\n")
    assert (number, place) == (10, f"config.robots.{key}")
    assert words.startswith(text)


def test_a_pool_of_nobody_else_cannot_tell_of_its_robots_trouble(problems: Problems) -> None:
    found = problems(robots("alone: {pool: [ops]}", "ops: {ding_talk: {access_token: demo, fallback: alone}}"))
    text = "must be another robot: this one cannot tell of its own trouble"
    assert found == [(5, "config.robots.ops.ding_talk.fallback", text)]


def test_a_robot_that_is_set_up_wrongly_is_there_all_the_same(problems: Problems) -> None:
    found = problems(TEAM.replace("key: demo-3", "kay: demo-3").replace("access_token: demo-2", "access_tokn: demo-2"))
    assert [key for _, key, _ in found] == [
        "config.robots.backend.ding_talk.access_tokn",
        "config.robots.admins.wechat.kay",
    ]
    assert problems(TEAM.replace("[ops, backend]", "[]")) == [(7, "config.robots.group.pool", "must not be empty")]


def test_a_reference_to_a_name_that_is_not_set_is_named_once(problems: Problems) -> None:
    found = problems(TEAM.replace("[group, admins]", "['${NO_SUCH_NAME}']"))
    assert found == [
        (3, "config.webhooks[0].notify.robots[0]", "the environment has no variable NO_SUCH_NAME"),
    ]


def test_a_name_may_come_from_the_environment(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO", "admins")
    found = loaded(TEAM.replace("[group, admins]", "['${WHO}']").replace("fallback: admins", "fallback: '${WHO}'"))
    assert found.webhooks["finance"].robots == ("admins",)
    assert found.robots["ops"].settings.fallback == "admins"


@pytest.mark.parametrize(
    ("lines", "line", "key", "text"),
    [
        (("robots: [opps]",), 7, "robots[0]", "there is no 'opps' under robots; did you mean 'ops'?"),
        (("robots:", "  - ops", "  - admins"), 9, "robots[1]", "there is no 'admins' under robots; there are ops"),
        (("robots: [ops, ops]",), 7, "robots", "'ops' is there twice"),
        (("robots: ops",), 7, "robots", "must be a list"),
        (("robots:",), 7, "robots", "must be a list"),
        (("robots: []",), 7, "robots", "must not be empty"),
        (("robots: [7]",), 7, "robots[0]", "must be text; a number needs quotes around it"),
        (("robts: [ops]",), 7, "robts", "unknown kind of robot; did you mean 'robots'?"),
        (("ops: {}",), 7, "ops", "is a name and no kind of robot: write robots: [ops]"),
        (("ops:",), 7, "ops", "is a name and no kind of robot: write robots: [ops]"),
        (
            ("wechat: {key: a}", "wecom: {key: b}"),
            8,
            "wecom",
            "is the same as 'wechat' above; a second robot needs a name under robots",
        ),
        (
            ("corp_wechat: {key: a}", "wechat: {key: b}"),
            8,
            "wechat",
            "is the same as 'corp_wechat' above; a second robot needs a name under robots",
        ),
        (
            ("ding_talk: {access_token: demo, fallback: demo.ding_talk}",),
            7,
            "ding_talk.fallback",
            "there is no 'demo.ding_talk' under robots; there are ops",
        ),
    ],
)
def test_a_mistake_under_notify_is_named(
    problems: Problems, lines: tuple[str, ...], line: int, key: str, text: str
) -> None:
    assert problems(notify(*lines)) == [(line, f"config.webhooks[0].notify.{key}", text)]


def test_a_pool_is_no_kind_of_robot_in_a_webhook(problems: Problems) -> None:
    ((line, key, text),) = problems(notify("pool: [ops]"))
    assert (line, key) == (7, "config.webhooks[0].notify.pool")
    assert text.startswith("unknown kind of robot")
    assert "'pool'" not in text


def test_a_group_does_not_hear_all_twice(problems: Problems) -> None:
    found = problems(TEAM.replace("[group, admins]", "[group, ops]"))
    text = "is in the pool 'group': its group would hear all twice"
    assert found == [(3, "config.webhooks[0].notify.robots[1]", text)]


def test_two_pools_cannot_use_one_token(loaded: Loaded) -> None:
    found = loaded(TEAM.replace("demo-4", "demo-1") + "    more: {pool: [spare]}\n")
    with pytest.raises(ConfigError, match=r"config\.robots\.more: 'spare' has the token of a robot that is in another"):
        Desk(found)


def test_another_webhook_may_tell_one_robot_of_a_pool(loaded: Loaded) -> None:
    other = "    - {webhook_id: other, type: GITLAB, notify: {robots: [ops]}}\n  robots:\n"
    assert loaded(TEAM.replace("  robots:\n", other)).webhooks["other"].robots == ("ops",)


@pytest.mark.parametrize(
    ("settings", "key", "text"),
    [
        ("digest: sometimes", "digest", "must be 'auto' or 'off', or must have keys below it"),
        ("digest: true", "digest", "must be 'auto' or 'off', or must have keys below it"),
        ("digest: [auto]", "digest", "must be 'auto' or 'off', or must have keys below it"),
        ("digest:", "digest", "must be 'auto' or 'off', or must have keys below it"),
        ("digest: 10m", "digest", "must be 'auto' or 'off', or must have keys below it"),
        ("digest: {}", "digest.every", "is missing"),
        ("digest: {every: 10}", "digest.every", 'must be a length of time, such as "90s", "10m", "12h" or "30d"'),
        ("digest: {every: 10x}", "digest.every", 'must be a length of time, such as "90s", "10m", "12h" or "30d"'),
        ("digest: {every: 0s}", "digest.every", "must be greater than 0"),
        ("digest: {every: 1m, evry: 1m}", "digest.evry", "unknown key; did you mean 'every'?"),
        ("per_minute: -1", "per_minute", "must be greater than or equal to 0"),
        ("per_minute: 601", "per_minute", "must be less than or equal to 600"),
        ("per_second: 101", "per_second", "must be less than or equal to 100"),
        ("per_second: 0.5", "per_second", "must be a valid integer, got a number with a fractional part"),
        ("monthly_quota: 0", "monthly_quota", "must be greater than or equal to 1"),
        ("fallback: 5", "fallback", "must be text; a number needs quotes around it"),
        ("fallback: [ops]", "fallback", "must be text; a number needs quotes around it"),
        ("keyword: 5", "keyword", "must be text; a number needs quotes around it"),
        ("access_tokn: x", "access_tokn", "unknown key; did you mean 'access_token'?"),
    ],
)
def test_a_wrong_setting_is_named_under_a_name_and_in_a_webhook(
    problems: Problems, settings: str, key: str, text: str
) -> None:
    found = problems(robots("ops:", "  ding_talk:", "    access_token: demo", f"    {settings}"))
    assert found == [(7, f"config.robots.ops.ding_talk.{key}", text)]
    found = problems(notify("ding_talk:", "  access_token: demo", f"  {settings}"))
    assert found == [(9, f"config.webhooks[0].notify.ding_talk.{key}", text)]


def test_a_missing_unit_shows_beside_an_unknown_key(problems: Problems) -> None:
    found = problems(robots("ops: {ding_talk: {access_token: demo, digest: {evry: 10m}}}"))
    assert found == [
        (4, "config.robots.ops.ding_talk.digest.every", "is missing"),
        (4, "config.robots.ops.ding_talk.digest.evry", "unknown key; did you mean 'every'?"),
    ]


def test_all_mistakes_about_robots_are_named_at_once(problems: Problems) -> None:
    found = problems(
        """\
config:
  robots:
    ops: {ding_talk: {acess_token: demo}}
    group: {pool: [ops, nobody]}
    admins: {wechat: {key: demo, fallback: nobody}}
    b.c: {fei_shu: {}}
  webhooks:
    - webhook_id: demo
      type: GITLAB
      notify:
        robots: [grup, admins]
        wechat: {key: 5}
"""
    )
    assert [(line, key) for line, key, _ in found] == [
        (3, "config.robots.ops.ding_talk.acess_token"),
        (4, "config.robots.group.pool[1]"),
        (5, "config.robots.admins.wechat.fallback"),
        (6, "config.robots.b.c"),
        (6, "config.robots.b.c.fei_shu"),
        (11, "config.webhooks[0].notify.robots[0]"),
        (12, "config.webhooks[0].notify.wechat.key"),
    ]


def test_mobile_numbers_need_quotes(loaded: Loaded, problems: Problems) -> None:
    start = "config:\n  webhooks:\n    - webhook_id: demo\n      type: GITLAB\n      notify_mobiles:\n        - "
    for written in ("13800000000", "+8613800000000"):
        assert problems(start + written + "\n") == [
            (6, "config.webhooks[0].notify_mobiles[0]", "must be text; a number needs quotes around it")
        ]
        assert loaded(start + f'"{written}"\n').webhooks["demo"].settings.notify_mobiles == ("13800000000",)


def test_robots_that_are_one_behind_two_names_are_named(loaded: Loaded) -> None:
    robots = """\
config:
  robots:
    ops: {ding_talk: {access_token: demo-1FALLBACK}}
    twin: {ding_talk: {access_token: demo-1}}
POOL
  webhooks:
    - {webhook_id: demo, type: GITLAB, notify: {robots: [ops]}}
"""
    with pytest.raises(ConfigError, match=r"config.robots.ops: its fallback 'twin' has the same token"):
        Desk(loaded(robots.replace("FALLBACK", ", fallback: twin").replace("POOL", "")))
    with pytest.raises(ConfigError, match=r"config.robots.both: two robots of this pool have one token"):
        Desk(loaded(robots.replace("FALLBACK", "").replace("POOL", "    both: {pool: [ops, twin]}")))
    assert Desk(loaded(robots.replace("FALLBACK", "").replace("POOL", ""))).robots.lanes.keys() >= {"ops", "twin"}
