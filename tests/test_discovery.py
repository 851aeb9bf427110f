"""Where plugins come from, and which of two is taken."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from posthouse.core.plugin import EventHandler, Notifier, WebhookHandler
from posthouse.discovery import PluginError, Registry, discover

HANDLER = """
from posthouse import EventHandler, No
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

class {name}(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ({event!r},)

    def handle(self, event):
        return No("mine")
"""
NOTIFIER = """
from posthouse import Limits, Notifier

class {name}(Notifier):
    type = {type!r}
    limits = Limits(body_bytes=1000, per_minute=0)

    def identity(self):
        return "one"

    def render(self, message, *, form=0):
        return {{}}

    def request(self, payload, *, now, idempotency_key):
        raise NotImplementedError

    def judge(self, reply):
        pass
"""
Found = Callable[..., Registry]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """Discover with one file for each of some codes."""

    def discovered(*codes: str) -> Registry:
        for number, code in enumerate(codes):
            (tmp_path / f"plugin{number}.py").write_text(code, encoding="utf-8")
        return discover([f"plugin{number}.py" for number in range(len(codes))], folder=tmp_path)

    return discovered


@pytest.fixture
def importable(tmp_path: Path) -> Iterator[Path]:
    """A folder that modules are imported from."""
    before = set(sys.modules)
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_the_classes_that_the_product_was_specified_with_are_found() -> None:
    registry = discover()
    assert registry.webhooks["GITLAB"].__name__ == "GitlabWebhookHandler"
    assert registry.notifiers["ding_talk"].__name__ == "DingTalkNotifier"
    for kind in ("Push", "Tag Push", "Merge Request", "Issue", "Note", "Pipeline", "Job", "Release"):
        name = registry.events["GITLAB", f"{kind} Hook"].__name__
        assert name == f"{kind.replace(' ', '')}HookNotifyEventHandler"


def test_every_built_in_class_is_concrete_and_has_its_own_key() -> None:
    registry = discover()
    for kinds, base in (
        (registry.webhooks, WebhookHandler),
        (registry.notifiers, Notifier),
        (registry.events, EventHandler),
    ):
        assert all(issubclass(found, base) for found in kinds.values())
        assert not any(getattr(found, "__abstractmethods__", None) for found in kinds.values())
    assert len(set(registry.events.values())) <= len(registry.events)


def test_a_users_file_adds_and_replaces(found: Found) -> None:
    registry = found(HANDLER.format(name="Mine", event="Push Hook"), NOTIFIER.format(name="Pigeon", type="pigeon"))
    assert registry.events["GITLAB", "Push Hook"].__name__ == "Mine"
    assert registry.notifiers["pigeon"].__name__ == "Pigeon"
    assert set(registry.notifiers) == {*discover().notifiers, "pigeon"}
    # Nothing was registered anywhere: the next one to look does not see it.
    assert discover().events["GITLAB", "Push Hook"].__name__ == "PushHookNotifyEventHandler"


def test_two_users_plugins_with_one_key_are_an_error(found: Found) -> None:
    with pytest.raises(PluginError, match=r"Two and .*One both want to be notifier pigeon"):
        found(NOTIFIER.format(name="One", type="pigeon"), NOTIFIER.format(name="Two", type="pigeon"))


def test_a_plugin_that_is_named_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HANDLER.format(name="Mine", event="X"), encoding="utf-8")
    registry = discover(["mine.py", str(tmp_path / "mine.py"), "./mine.py"], folder=tmp_path)
    assert registry.events["GITLAB", "X"].__name__ == "Mine"


def test_a_name_for_a_class_is_no_second_plugin(found: Found) -> None:
    code = HANDLER.format(name="Mine", event="X") + "\nOther = Mine\n"
    assert found(code).events["GITLAB", "X"].__name__ == "Mine"


def test_an_imported_class_belongs_to_the_module_that_defines_it(found: Found) -> None:
    code = "from posthouse.webhooks.gitlab.push import PushHookNotifyEventHandler\n"
    assert found(code, code).events == discover().events


def test_abstract_classes_and_those_with_an_underscore_are_no_plugins(found: Found) -> None:
    code = HANDLER.format(name="_Mine", event="X") + "\nclass Base(EventHandler):\n    pass\n"
    assert found(code).events == discover().events


def test_a_module_is_found_by_its_name(importable: Path) -> None:
    (importable / "our_pigeons").mkdir()
    (importable / "our_pigeons" / "__init__.py").write_text("", encoding="utf-8")
    (importable / "our_pigeons" / "post.py").write_text(NOTIFIER.format(name="Pigeon", type="pigeon"), encoding="utf-8")
    assert discover(["our_pigeons.post"]).notifiers["pigeon"].__name__ == "Pigeon"
    # Only what is named is looked into.
    assert "pigeon" not in discover(["our_pigeons"]).notifiers


def test_an_installed_package_is_found_by_its_entry_point(importable: Path) -> None:
    (importable / "pigeon_post.py").write_text(NOTIFIER.format(name="Pigeon", type="pigeon"), encoding="utf-8")
    installed = importable / "pigeon_post-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeon-post\nVersion: 1.0\n", encoding="utf-8")
    (installed / "entry_points.txt").write_text("[posthouse.plugins]\npigeon = pigeon_post\n", encoding="utf-8")
    assert discover().notifiers["pigeon"].__name__ == "Pigeon"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (NOTIFIER.format(name="Pigeon", type="pigeon").replace("type = ", "kind = "), "'type', of the type str"),
        (NOTIFIER.format(name="Pigeon", type=None), "'type', of the type str"),
        (
            NOTIFIER.format(name="Pigeon", type="pigeon").replace("limits = ", "limit = "),
            "'limits', of the type Limits",
        ),
        (HANDLER.format(name="Mine", event="X").replace("('X',)", "'X'"), "'events', of the type tuple"),
        (HANDLER.format(name="Mine", event="X").replace("events = ", "names = "), "'events', of the type tuple"),
        (HANDLER.format(name="Mine", event="X").replace("webhook_type = ", "kind = "), "'webhook_type'"),
        (
            HANDLER.format(name="Mine", event="X").replace("type = Gitlab", "type = ") + "\n",
            "name 'WebhookHandler' is not defined",
        ),
        (
            "from posthouse import WebhookHandler\n"
            + HANDLER.format(name="Mine", event="X").replace("type = Gitlab", "type = "),
            "WebhookHandler must have 'type'",
        ),
    ],
)
def test_a_class_without_what_its_kind_needs_is_named(found: Found, code: str, words: str) -> None:
    with pytest.raises(PluginError) as caught:
        found(code)
    assert words in str(caught.value)


def test_a_plugin_that_ends_the_process_does_not(found: Found) -> None:
    with pytest.raises(PluginError, match="SystemExit: 3"):
        found("raise SystemExit(3)")


def test_a_file_that_failed_is_read_again(found: Found) -> None:
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        found("1 / 0")
    assert "pigeon" in found(NOTIFIER.format(name="Pigeon", type="pigeon")).notifiers
