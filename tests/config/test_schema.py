"""The JSON Schema of the configuration: what editors accept and what they mark."""

import copy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from posthouse.config.schema import json_schema
from posthouse.discovery import discover

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema(discover())
VALIDATOR = Draft202012Validator(SCHEMA)
GOOD: dict[str, Any] = {
    "config": {
        "webhooks": [
            {
                "webhook_id": "finance",
                "type": "GITLAB",
                "secret_token": "change-me",
                "notify": {"ding_talk": {"access_token": "change-me", "per_minute": 5}},
            }
        ]
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
        (("config", "webhooks", 0, "webhook_id"), "${NAME}"),
        (("config", "webhooks", 0, "signature_tolerance"), "${file:tolerance}"),
        (("config", "webhooks", 0, "notify", "ding_talk", "per_minute"), "${PER_MINUTE}"),
        (("config", "webhooks", 0, "notify", "ding_talk", "sign_key"), "${file:/run/secrets/sign_key}"),
        (("config", "webhooks", 0, "notify"), None),
        (("config", "webhooks", 0, "conf", "gitlab", "host"), "http://192.168.10.1:8080/"),
        (("config", "webhooks", 0, "events"), {"Push Hook": "off", "Job Hook": True, "Tag Push Hook": "${TAGS}"}),
        (("config", "webhooks", 0, "events"), {"Pipeline Hook": ["failed", "fixed"], "pipeline": ["failed"]}),
        (("config", "webhooks", 0, "events"), {"pipeline": "on"}),
        (("config", "plugins"), ["plugins/wiki_page.py"]),
    ],
)
def test_references_and_optional_keys_are_valid(path: tuple[str | int, ...], value: Any) -> None:
    assert is_valid(changed(*path, to=value))


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
        (("config", "webhooks", 0, "type"), "gitlab"),
        (("config", "webhooks", 0, "webhook_id"), "a/b"),
        (("config", "webhooks", 0, "secret_token"), ""),
        (("config", "webhooks", 0, "secret_token"), 12),
        (("config", "webhooks", 0, "secrettoken"), "x"),
        (("config", "webhooks", 0, "signature_tolerance"), 0),
        (("config", "webhooks", 0, "events"), ["Push Hook"]),
        (("config", "webhooks", 0, "events"), {"Push Hook": "sometimes"}),
        (("config", "webhooks", 0, "events"), {"Pipeline Hook": ["exploded"]}),
        (("config", "webhooks", 0, "notify", "dingtalk"), {"access_token": "x"}),
        (("config", "webhooks", 0, "notify", "ding_talk", "open_links_in"), "window"),
        (("config", "webhooks", 0, "notify", "ding_talk", "acces_token"), "x"),
    ],
)
def test_mistakes_are_not_valid(path: tuple[str | int, ...], value: Any) -> None:
    assert is_valid(GOOD)
    assert not is_valid(changed(*path, to=value))


def test_every_key_is_explained() -> None:
    def explained(part: dict[str, Any]) -> bool:
        return bool(part.get("description") or SCHEMA["$defs"][part["$ref"].rpartition("/")[2]]["description"])

    parts = [*SCHEMA["$defs"].values(), *SCHEMA["$defs"]["FileSettings"]["properties"]["webhooks"]["items"]["oneOf"]]
    for part in parts:
        for key, value in part["properties"].items():
            assert part["additionalProperties"] is False
            assert key in SCHEMA["$defs"]["notify"]["properties"] or explained(value), key


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
