"""The JSON Schema of the configuration: editors accept what posthouse does, and mark what it refuses."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from posthouse.config import load
from posthouse.config.schema import json_schema
from posthouse.core.errors import ConfigError
from posthouse.discovery import discover

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema(discover())
VALIDATOR = Draft202012Validator(SCHEMA)
GOOD: dict[str, Any] = {
    "config": {
        "robots": {
            "ops": {"ding_talk": {"access_token": "demo-1"}},
            "backend": {"ding_talk": {"access_token": "demo-2"}},
            "group": {"pool": ["ops", "backend"]},
        },
        "people": [{"name": "Li Lei", "gitlab": "lilei"}],
        "webhooks": [
            {
                "webhook_id": "finance",
                "type": "GITLAB",
                "secret_token": "change-me",
                "notify": {"ding_talk": {"access_token": "change-me", "per_minute": 5}},
            }
        ],
    }
}
PLUGIN = '''
from posthouse import Event, Inbound, WebhookHandler, WebhookSettings


class Settings(WebhookSettings):
    """A webhook of ours."""

    ratio: float = 0.5
    """How much."""
    loud: bool = False
    """Whether to shout."""


class OursWebhookHandler(WebhookHandler):
    """Takes in ours."""

    type = "OURS"
    settings_model = Settings

    def verify(self, inbound: Inbound) -> str:
        return "not checked"

    def parse(self, inbound: Inbound) -> Event:
        return Event("Ours", {})


class TheirsWebhookHandler(OursWebhookHandler):
    """Takes in theirs, with the same settings."""

    type = "THEIRS"
'''


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """Return the good configuration with one value changed or added."""
    found = copy.deepcopy(GOOD)
    place: Any = found
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    place[path[-1]] = to
    return found


def is_valid(values: Any) -> bool:
    return bool(VALIDATOR.is_valid(values))


#: What the references below lead to.
ENVIRONMENT = {"PORT": "5001", "LANGUAGE": "en", "NAME": "demo", "NUMBER": "5", "TAGS": "on", "DIGEST": "off"}


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], bool]:
    """Tell whether posthouse starts with a configuration."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "number").write_text("10\n")
    (tmp_path / "empty.py").write_text("")

    def does(values: Any) -> bool:
        (tmp_path / "posthouse.yml").write_text(json.dumps(values))
        try:
            load(tmp_path / "posthouse.yml")
        except ConfigError:
            return False
        return True

    return does


Loads = Callable[[Any], bool]
WEBHOOK = ("config", "webhooks", 0)
NOTIFY = (*WEBHOOK, "notify")
DING_TALK = (*NOTIFY, "ding_talk")
ROBOTS = ("config", "robots")
PERSON = ("config", "people", 0)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_example_is_valid() -> None:
    VALIDATOR.validate(YAML(typ="safe").load(ROOT / "posthouse.example.yml"))


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_every_configuration_in_a_readme_without_plugins_is_valid(readme: str) -> None:
    blocks = (ROOT / readme).read_text(encoding="utf-8").split("```yaml\n")[1:]
    values = [YAML(typ="safe").load(block.partition("```")[0]) for block in blocks]
    plain = [value for value in values if "plugins" not in value["config"]]
    assert len(plain) >= 2
    for value in plain:
        VALIDATOR.validate(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("config", "server", "port"), "${PORT}"),
        (("config", "server", "language"), "${LANGUAGE}"),
        (("config", "plugins"), ["empty.py"]),
        ((*WEBHOOK, "webhook_id"), "${NAME}"),
        ((*WEBHOOK, "signature_tolerance"), "${file:number}"),
        ((*WEBHOOK, "conf", "gitlab", "host"), "http://192.168.10.1:8080/"),
        ((*WEBHOOK, "events"), {"Push Hook": "off", "Job Hook": True, "Tag Push Hook": "${TAGS}"}),
        ((*WEBHOOK, "events"), {"Pipeline Hook": ["failed", "fixed"]}),
        ((*WEBHOOK, "events"), {"pipeline": "on"}),
        ((*WEBHOOK, "notify_mobiles"), ["13800000000", "+86-13800000000"]),
        ((*WEBHOOK, "mention_all"), True),
        (NOTIFY, None),
        (NOTIFY, {}),
        (NOTIFY, {"robots": ["group"]}),
        (NOTIFY, {"robots": ["ops", "backend"], "wecom": {"key": "demo"}}),
        (NOTIFY, {"wechat": {"key": "demo"}, "fei_shu": {"token": "demo"}}),
        (NOTIFY, {"corp_wechat": {"key": "demo"}, "lark": {"token": "demo"}}),
        ((*DING_TALK, "per_minute"), "${NUMBER}"),
        ((*DING_TALK, "per_minute"), 0),
        ((*DING_TALK, "per_second"), 1),
        ((*DING_TALK, "monthly_quota"), 3000),
        ((*DING_TALK, "sign_key"), "${file:number}"),
        ((*DING_TALK, "digest"), "auto"),
        ((*DING_TALK, "digest"), "off"),
        ((*DING_TALK, "digest"), False),
        ((*DING_TALK, "digest"), "${DIGEST}"),
        ((*DING_TALK, "digest"), {"every": "10m"}),
        ((*DING_TALK, "digest"), {"every": "90 s"}),
        ((*DING_TALK, "digest"), {"every": "${NUMBER}m"}),
        ((*DING_TALK, "fallback"), "group"),
        ((*DING_TALK, "fallback"), None),
        (ROBOTS, None),
        (ROBOTS, {}),
        ((*ROBOTS, "Ops_2-a"), {"feishu": {"token": "demo"}}),
        ((*ROBOTS, "group"), {"pool": ["ops"]}),
        ((*ROBOTS, "ops", "ding_talk", "digest"), {"every": "12h"}),
        (("config", "people"), None),
        (("config", "people"), []),
        ((*PERSON, "gitlab"), ["lilei", "li.lei"]),
        ((*PERSON, "gitlab"), []),
        ((*PERSON, "gitlab"), "${NAME}"),
        ((*PERSON, "jira"), "5b10ac8d82e05b22cc7d4ef5"),
        ((*PERSON, "email"), "lilei@example.com"),
        ((*PERSON, "email"), ["lilei@example.com", "${NAME}@example.com", "lilei@${NAME}"]),
        ((*PERSON, "mobile"), "13800000000"),
        ((*PERSON, "mobile"), "138${NUMBER}0000"),
        ((*PERSON, "mobile"), None),
        ((*PERSON, "ding_talk"), "lilei"),
        ((*PERSON, "wecom"), "@lilei"),
        ((*PERSON, "fei_shu"), None),
    ],
)
def test_what_posthouse_takes_is_valid(loads: Loads, path: tuple[str | int, ...], value: Any) -> None:
    values = changed(*path, to=value)
    assert is_valid(values)
    assert loads(values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("cofnig",), {}),
        (("config", "sever"), {}),
        (("config", "server", "prot"), 5000),
        (("config", "server", "port"), "five thousand"),
        (("config", "server", "port"), 70_000),
        (("config", "server", "language"), "de"),
        (("config", "webhooks"), []),
        ((*WEBHOOK, "type"), "gitlab"),
        ((*WEBHOOK, "webhook_id"), "a/b"),
        ((*WEBHOOK, "secret_token"), ""),
        ((*WEBHOOK, "secret_token"), 12),
        ((*WEBHOOK, "secrettoken"), "x"),
        ((*WEBHOOK, "signature_tolerance"), 0),
        ((*WEBHOOK, "events"), ["Push Hook"]),
        ((*WEBHOOK, "events"), {"Push Hook": "sometimes"}),
        ((*WEBHOOK, "events"), {"Pipeline Hook": ["exploded"]}),
        ((*WEBHOOK, "notify_mobiles"), [13800000000]),
        ((*WEBHOOK, "notify_mobiles"), ["Li Lei"]),
        ((*WEBHOOK, "notify_mobiles"), "13800000000"),
        ((*WEBHOOK, "mention_all"), "Li Lei"),
        (NOTIFY, []),
        ((*NOTIFY, "dingtalk"), {"access_token": "x"}),
        ((*NOTIFY, "ops"), {}),
        ((*NOTIFY, "pool"), ["ops"]),
        ((*NOTIFY, "robots"), "ops"),
        ((*NOTIFY, "robots"), []),
        ((*NOTIFY, "robots"), [5]),
        ((*NOTIFY, "robots"), ["ops", "ops"]),
        ((*NOTIFY, "robots"), None),
        (DING_TALK, None),
        ((*DING_TALK, "open_links_in"), "window"),
        ((*DING_TALK, "acces_token"), "x"),
        ((*DING_TALK, "per_minute"), -1),
        ((*DING_TALK, "per_minute"), 601),
        ((*DING_TALK, "per_second"), 101),
        ((*DING_TALK, "monthly_quota"), 0),
        ((*DING_TALK, "digest"), "sometimes"),
        ((*DING_TALK, "digest"), "10m"),
        ((*DING_TALK, "digest"), True),
        ((*DING_TALK, "digest"), None),
        ((*DING_TALK, "digest"), {}),
        ((*DING_TALK, "digest"), {"every": 10}),
        ((*DING_TALK, "digest"), {"every": "10"}),
        ((*DING_TALK, "digest"), {"every": "1m", "evry": "1m"}),
        ((*DING_TALK, "fallback"), 5),
        ((*DING_TALK, "keyword"), ""),
        (ROBOTS, []),
        ((*ROBOTS, "a.b"), {"ding_talk": {"access_token": "demo"}}),
        ((*ROBOTS, "a b"), {"ding_talk": {"access_token": "demo"}}),
        ((*ROBOTS, ""), {"ding_talk": {"access_token": "demo"}}),
        ((*ROBOTS, "x" * 65), {"ding_talk": {"access_token": "demo"}}),
        ((*ROBOTS, "more"), None),
        ((*ROBOTS, "more"), {}),
        ((*ROBOTS, "more"), "ding_talk"),
        ((*ROBOTS, "more"), {"dingtalk": {"access_token": "demo"}}),
        ((*ROBOTS, "more"), {"robots": ["ops"]}),
        ((*ROBOTS, "more"), {"ding_talk": {"access_token": "demo"}, "wechat": {"key": "demo"}}),
        ((*ROBOTS, "more"), {"ding_talk": {"access_token": "demo"}, "pool": ["ops"]}),
        ((*ROBOTS, "group", "pool"), []),
        ((*ROBOTS, "group", "pool"), "ops"),
        ((*ROBOTS, "group", "pool"), None),
        ((*ROBOTS, "group", "pool"), [5]),
        ((*ROBOTS, "group", "pool"), ["ops", "ops"]),
        (("config", "people"), {}),
        (("config", "people"), ["Li Lei"]),
        (("config", "people"), [{"gitlab": "lilei"}]),
        ((*PERSON, "name"), ""),
        ((*PERSON, "name"), 5),
        ((*PERSON, "name"), None),
        ((*PERSON, "gitlb"), "lilei"),
        ((*PERSON, "gitlab"), 5),
        ((*PERSON, "gitlab"), [5]),
        ((*PERSON, "gitlab"), None),
        ((*PERSON, "gitlab"), ""),
        ((*PERSON, "gitlab"), "@lilei"),
        ((*PERSON, "gitlab"), " lilei"),
        ((*PERSON, "gitlab"), ["lilei "]),
        ((*PERSON, "gitlab"), "x" * 256),
        ((*PERSON, "email"), "lilei"),
        ((*PERSON, "email"), "Li Lei <lilei@example.com>"),
        ((*PERSON, "mobile"), 13800000000),
        ((*PERSON, "mobile"), "Li Lei"),
        ((*PERSON, "ding_talk"), 5),
        ((*PERSON, "ding_talk"), ""),
        ((*PERSON, "ding_talk"), ["lilei"]),
    ],
)
def test_what_posthouse_refuses_is_not_valid(loads: Loads, path: tuple[str | int, ...], value: Any) -> None:
    assert is_valid(GOOD)
    assert loads(GOOD)
    values = changed(*path, to=value)
    assert not is_valid(values)
    assert not loads(values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*NOTIFY, "robots"), ["nobody"]),
        (NOTIFY, {"wechat": {"key": "demo"}, "wecom": {"key": "demo"}}),
        (DING_TALK, {}),
        ((*DING_TALK, "fallback"), "nobody"),
        ((*DING_TALK, "digest"), {"every": "0s"}),
        ((*ROBOTS, "more"), {"pool": ["group"]}),
        ((*ROBOTS, "more"), {"pool": ["ops"]}),
        (("config", "people"), [{"name": "Li Lei"}, {"name": "Li Lei"}]),
        ((*WEBHOOK, "events"), {"Pipeline Hook": ["failed"], "pipeline": ["failed"]}),
    ],
)
def test_what_depends_on_other_values_only_posthouse_knows(
    loads: Loads, path: tuple[str | int, ...], value: Any
) -> None:
    values = changed(*path, to=value)
    assert is_valid(values)
    assert not loads(values)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("config", "server", "port"), "5001"),
        ((*DING_TALK, "per_minute"), "5"),
        ((*WEBHOOK, "mention_all"), "yes"),
    ],
)
def test_numbers_and_switches_in_quotes_are_marked_though_posthouse_takes_them(
    loads: Loads, path: tuple[str | int, ...], value: Any
) -> None:
    values = changed(*path, to=value)
    assert not is_valid(values)
    assert loads(values)


def test_every_key_is_explained() -> None:
    definitions = SCHEMA["$defs"]
    parts = [*definitions.values(), *definitions["FileSettings"]["properties"]["webhooks"]["items"]["oneOf"]]
    for part in parts:
        assert part["description"]
        assert part["additionalProperties"] is False
        for key, value in part["properties"].items():
            assert value.get("description") or definitions[value["$ref"].rpartition("/")[2]]["description"], key


def test_every_word_for_a_kind_of_robot_is_known_wherever_robots_stand() -> None:
    for part, other in (("notify", "robots"), ("robot", "pool")):
        assert set(SCHEMA["$defs"][part]["properties"]) == {*discover().kinds, other}
    assert set(discover().kinds) <= set(SCHEMA["$defs"]["PersonSettings"]["properties"])


def test_the_webhook_types_of_plugins_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(PLUGIN, encoding="utf-8")
    validator = Draft202012Validator(json_schema(discover(["ours.py"], folder=tmp_path)))

    def valid(**values: Any) -> bool:
        return bool(validator.is_valid({"config": {"webhooks": [{"webhook_id": "x", **values}]}}))

    assert valid(type="OURS", ratio=0.1, loud=True)
    assert valid(type="THEIRS", ratio="${RATIO}", loud="${LOUD}")
    assert valid(type="GITLAB", secret_token="x")
    assert not valid(type="OURS", secret_token="x")
    assert not valid(type="GITLAB", ratio=0.1)
    assert not valid(type="OURS", ratio="much")
