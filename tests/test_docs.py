"""Documentation and code say the same: what is generated is up to date, what is named exists, what is shown works."""

import json
import logging
import re
import shlex
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard, get_args

import pytest
import urllib3
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel
from ruamel.yaml import YAML

import posthouse
from house import House, open_house
from making import beside, event_of, made_handler, payload_files
from posthouse import Event, HttpReply, Inbound, Mention, Message, No, NotifyEventHandler, Rejected, Site
from posthouse.cli import cli
from posthouse.cli._logs import FIELDS, JsonLine
from posthouse.cli._reference import command_help, documents
from posthouse.cli.web import THREADS
from posthouse.config import load
from posthouse.config.people import person_model
from posthouse.config.settings import FileSettings, ServerSettings
from posthouse.core.errors import NotGenuine
from posthouse.core.message import Buttons, Level, Link
from posthouse.core.plugin import EventHandler, Notifier, Plugin, RobotSettings, WebhookHandler, WebhookSettings
from posthouse.delivering import AT_ONCE as DELIVERED_AT_ONCE
from posthouse.delivering import LEASE
from posthouse.delivering import TURN as DELIVERING_TURN
from posthouse.desk import Desk, Silence
from posthouse.digest import digest
from posthouse.discovery import Registry, discover
from posthouse.fakes import FakeDingTalk, FakeFeishu, FakeRobot, FakeRobots, FakeWeCom, running
from posthouse.lookups.client import Client, Outcome, Question, Server
from posthouse.meters import Page
from posthouse.outbox import Outbox
from posthouse.outbox.postgresql import CONNECT_SECONDS, CONNECTIONS, IDLE_SECONDS, PATIENCE, SILENT_MILLISECONDS
from posthouse.outbox.retention import BYTES, ROWS
from posthouse.pacing import CROWDED, HALF_HOUR
from posthouse.relay import AT_ONCE as HANDLED_AT_ONCE
from posthouse.relay import TURN as HANDLING_TURN
from posthouse.relay import Relay
from posthouse.spans import Kind, Note, Spans, Value
from posthouse.web import create_app
from posthouse.web.hooks import RETRY_AFTER
from posthouse.web.metrics import STATES
from posthouse.worker import COMPLAIN_SECONDS, DELIVERING_THREADS, HANDLING_THREADS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "posthouse.example.yml"
PAYLOADS = ROOT / "tests/webhooks/gitlab/payloads"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = (*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md")))
#: The pages whose Python is run.
WITH_PLUGINS = (*READMES, DOCS / "plugins.md")
#: What the settings of a webhook type that is shown cannot do without.
NEEDED = {"JENKINS": {"token": "change-me"}}
REGISTRY = discover()
PLUGINS: tuple[type[Plugin], ...] = (*REGISTRY.webhooks.values(), *REGISTRY.notifiers.values())
ALIASES = {alias for notifier in REGISTRY.notifiers.values() for alias in notifier.aliases}
HANDLERS = tuple(dict.fromkeys(REGISTRY.events.values()))
GENERATED = documents(DOCS)
COMMANDS = [name for name, _ in command_help()]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
each_readme = pytest.mark.parametrize("readme", READMES, ids=lambda readme: readme.name)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return [match["text"] for match in FENCE.finditer(read(page)) if match["language"] == language]


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", read(page))


def headings(page: Path) -> list[tuple[int, str]]:
    found = re.findall(r"^(#+) (.+)$", prose(page), re.MULTILINE)
    return [(len(marks), title) for marks, title in found]


# What is generated


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_generating_a_page_again_changes_nothing(path: Path) -> None:
    assert path.is_file(), f"{path.name} is missing: run make docs"
    assert read(path) == GENERATED[path], f"{path.name} is out of date: run make docs"


@each_readme
@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.__name__)
def test_every_plugin_has_a_row_in_the_language_of_the_readme(readme: Path, plugin: type[Plugin]) -> None:
    row = next((line for line in read(readme).splitlines() if f"| `{plugin.__name__}` |" in line), "")
    assert row, f"{readme.name} has no row for {plugin.__name__}"
    is_chinese = any("\u4e00" <= char <= "\u9fff" for char in row)
    assert is_chinese == readme.stem.endswith("zh-CN"), f"CHINESE in cli/_reference.py lacks {plugin.__name__}"


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
def test_every_event_handler_has_a_row_on_the_page_of_its_sender(handler: type[EventHandler]) -> None:
    page = sender_page(handler.webhook_type.type)
    assert f"| `{handler.__name__}` |" in read(page), f"{page.name} has no row for {handler.__name__}"


@each_readme
@pytest.mark.parametrize("kind", REGISTRY.webhooks)
def test_the_page_of_every_sender_can_be_reached_from_the_readme(readme: Path, kind: str) -> None:
    assert f"(docs/{sender_page(kind).name})" in read(readme)


def sender_page(kind: str) -> Path:
    return DOCS / f"{kind.lower()}.md"


@pytest.mark.parametrize("kind", REGISTRY.notifiers)
def test_every_kind_of_robot_has_a_page_with_its_keys_and_what_its_answers_mean(kind: str) -> None:
    page = robot_page(kind)
    assert page.is_file(), f"{page.name} is missing"
    for block in (f"keys of {kind}", f"verdicts of {kind}"):
        assert f"<!-- generated: {block} -->" in read(page), f"{page.name} lacks the block of the {block}"
    assert {"Keys", "Limits", "Answers"} <= {title for level, title in headings(page) if level == 2}


@pytest.mark.parametrize("page", [*READMES, DOCS / "robots.md"], ids=lambda page: page.name)
@pytest.mark.parametrize("kind", REGISTRY.notifiers)
def test_the_page_of_every_kind_of_robot_can_be_reached(page: Path, kind: str) -> None:
    target = robot_page(kind).relative_to(page.parent)
    assert f"({target})" in read(page)


def robot_page(kind: str) -> Path:
    """Return the page of a kind of robot, which is called as the folder with its notifier is."""
    return DOCS / f"{REGISTRY.notifiers[kind].__module__.split('.')[2]}.md"


@each_readme
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(readme: Path, command: str) -> None:
    assert f"`posthouse {command}" in prose(readme)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_section(command: str) -> None:
    assert (2, f"`posthouse {command}`") in headings(DOCS / "commands.md")


# The configuration


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the paths of all keys of a settings model, those of models inside it too."""
    for name, field in model.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if is_model(one)]
        if field.annotation not in inner:
            yield f"{prefix}{name}"
        for one in inner:
            yield from keys(one, f"{prefix}{name}.")


def is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


SECTIONS: dict[str, set[str]] = {
    "`config`": set(FileSettings.model_fields) - {"server"},
    "config.server": {*keys(ServerSettings)},
    **{f"type `{name}`": {*keys(found.settings_model)} for name, found in REGISTRY.webhooks.items()},
    "config.webhooks[].notify": {*REGISTRY.kinds, "robots"},
    "config.robots.<name>": {*REGISTRY.kinds, "pool"},
    **{f"`notify.{name}`": {*keys(found.settings_model)} for name, found in REGISTRY.notifiers.items()},
    "config.people[]": {*keys(person_model(REGISTRY))},
}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_configuration_key_is_documented(section: str) -> None:
    parts = re.split(r"^### ", read(DOCS / "configuration.md"), flags=re.MULTILINE)
    part = next((part for part in parts if section in part.partition("\n")[0]), "")
    documented = re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)
    assert SECTIONS[section] <= set(documented), "run make docs"
    assert all(row.rstrip("| ").endswith(".") for row in part.splitlines() if row.startswith("| `")), "no explanation"


#: The lines of the example that need a further package, and stand behind a "#" until it is there.
FURTHER = re.compile(r"^( +)# (?= *\w+:(?: |$))", re.MULTILINE)


def example() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(FURTHER.sub(r"\1", read(EXAMPLE)))["config"]
    return found


def test_the_example_has_every_key() -> None:
    found = example()
    assert set(found) == set(FileSettings.model_fields)
    assert set(found["server"]) == set(ServerSettings.model_fields)
    for name, handler in REGISTRY.webhooks.items():
        webhook = next((entry for entry in found["webhooks"] if entry["type"] == name), {})
        own = {*keys(handler.settings_model)} - {*keys(WebhookSettings)}
        assert {"notify", "events", *own} <= {*flat(webhook), *webhook}, f"the example lacks keys of {name}"
    # What every webhook, every robot and every person may have stands there once.
    assert {"notify", *keys(WebhookSettings)} <= {*flat(found["webhooks"][0]), *found["webhooks"][0]}
    assert {*RobotSettings.model_fields} <= set(found["webhooks"][0]["notify"]["ding_talk"])
    assert {*person_model(REGISTRY).model_fields} - ALIASES == set(found["people"][0])
    assert any("pool" in robot for robot in found["robots"].values())
    assert any("robots" in webhook["notify"] for webhook in found["webhooks"])


@pytest.mark.parametrize("kind", REGISTRY.notifiers)
def test_the_example_has_every_key_of_each_kind_of_robot(kind: str) -> None:
    found = example()
    robots = [*found["robots"].values(), *(entry["notify"] for entry in found["webhooks"])]
    shown = {key for robot in robots if kind in robot for key in robot[kind]}
    needed = {
        name
        for name, field in REGISTRY.notifiers[kind].settings_model.model_fields.items()
        if name not in RobotSettings.model_fields or field.is_required()
    }
    assert needed <= shown


@each_readme
@pytest.mark.parametrize("key", ServerSettings.model_fields)
def test_every_key_of_the_server_is_in_the_readme(readme: Path, key: str) -> None:
    assert f"`server.{key}`" in prose(readme)


def flat(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield from flat(value, f"{prefix}{key}.") if isinstance(value, dict) and value else (f"{prefix}{key}",)


def test_the_example_loads_and_shows_the_defaults() -> None:
    settings = load(EXAMPLE)
    assert settings.server == ServerSettings()
    ding_talk = settings.robots["finance.ding_talk"]
    shown = RobotSettings(per_minute=ding_talk.notifier.limits.per_minute, per_second=0)
    assert all(getattr(ding_talk.settings, name) == getattr(shown, name) for name in RobotSettings.model_fields)


def test_the_example_loads_with_what_needs_a_further_package(tmp_path: Path) -> None:
    (tmp_path / "all.yml").write_text(FURTHER.sub(r"\1", read(EXAMPLE)), encoding="utf-8")
    assert {*load(tmp_path / "all.yml").robots} - {*load(EXAMPLE).robots} == {"mail"}


@each_readme
def test_the_first_configuration_of_the_readme_loads_unchanged(readme: Path, tmp_path: Path) -> None:
    first = blocks(readme, "yaml")[0]
    assert "192.168.10.1" in first
    (tmp_path / "first.yml").write_text(first, encoding="utf-8")
    settings = load(tmp_path / "first.yml")
    assert settings.server == ServerSettings()
    assert settings.webhooks["finance"].handler is REGISTRY.webhooks["GITLAB"]
    assert list(settings.robots) == ["finance.ding_talk"]


@each_page
def test_every_yaml_block_loads(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in plugin_files(page):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for number, block in enumerate(blocks(page, "yaml")):
        for name in re.findall(r"\$\{(\w+)\}", block):
            monkeypatch.setenv(name, "5001" if name.endswith("PORT") else "word")
        for name in re.findall(r"\$\{file:([^}]+)\}", block):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("word\n", encoding="utf-8")
        file = tmp_path / f"{number}.yml"
        file.write_text(block, encoding="utf-8")
        if YAML(typ="safe").load(block) is not None:  # a lone comment is no configuration
            assert load(file).webhooks


# Headings and links


def test_both_readmes_have_the_same_headings() -> None:
    levels = [[level for level, _ in headings(readme)] for readme in READMES]
    assert levels[0] == levels[1]
    assert len(levels[0]) > 10


def test_both_readmes_show_the_same_code() -> None:
    for language in ("yaml", "python", "sh", "text"):
        assert blocks(READMES[0], language) == blocks(READMES[1], language)


@each_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.is_file(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and GitLab make them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in headings(page)}


@each_page
def test_a_line_of_prose_holds_one_sentence(page: Path) -> None:
    for line in prose(page).splitlines():
        if not line.startswith(("|", "- ", "#")) and not re.match(r"\d+\. ", line):
            assert not re.search(r"[a-z`)]\. [A-Z`]|。.", line), f"{page.name}: {line}"


@each_page
def test_every_command_and_target_that_is_called_exists(page: Path) -> None:
    targets = re.findall(r"^(\w+):", read(ROOT / "Makefile"), re.MULTILINE)
    text = read(page)
    for name in re.findall(r"(?:bin/|`)posthouse (\w+)", text):
        assert name in COMMANDS, f"{page.name}: posthouse {name}"
    for name in re.findall(r"(?:`|^)make (\w+)", text, re.MULTILINE):
        assert name in targets, f"{page.name}: make {name}"


# Architecture


def test_every_part_of_the_house_stands_in_the_tree() -> None:
    tree = blocks(DOCS / "architecture.md", "text")[0]
    package = ROOT / "src/posthouse"
    parts = [f"{path.name}/" for path in package.iterdir() if (path / "__init__.py").is_file()]
    parts += [path.name for path in package.glob("*.py")]
    assert [part for part in parts if f"─ {part} " not in tree] == []


def test_the_order_of_imports_is_the_one_that_is_checked() -> None:
    contracts = tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert " → ".join(layers) in " ".join(" ".join(blocks(DOCS / "architecture.md", "text")).split())


@pytest.mark.parametrize("kind", REGISTRY.webhooks)
def test_the_facts_of_each_event_are_those_that_messages_have(kind: str) -> None:
    section = read(sender_page(kind)).partition("\n## Facts\n")[2]
    rows = re.findall(r"^\| (`[^|]+`) \| (`[^|]+`) \|", section, re.MULTILINE)
    documented = {name: set(words(facts)) for names, facts in rows for name in words(names)}
    found: dict[str, set[str]] = {name: set() for of, name in REGISTRY.events if of == kind}
    for path in payload_files(kind):
        event = event_of(path, Site(language="en"))
        if event.name in found:
            for said in sayings(REGISTRY.events[kind, event.name], event, **beside(path).get("settings", {})):
                found[event.name] |= set(said.facts)
    assert documented == {name: facts for name, facts in found.items() if facts}


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def sayings(handler: type[EventHandler], event: Event, **settings: Any) -> list[Message]:
    """Return what a handler says, or would say, about an event."""
    made = made_handler(handler, Site(language="en"), **settings)
    answer = made.handle(event)
    if isinstance(answer, No):
        return [made.message(event)] if isinstance(made, NotifyEventHandler) else []
    return [*answer]


# Operations


#: What pages say in numbers that stand in the code.
NUMBERS = (
    ("operations.md", f"takes requests in and stores events, with {THREADS} threads"),
    ("operations.md", f"handles events with {HANDLING_THREADS} threads and sends messages with {DELIVERING_THREADS}"),
    ("operations.md", f"by a lease of {LEASE:.0f} seconds"),
    ("operations.md", f"503 with `Retry-After: {RETRY_AFTER}`"),
    ("operations.md", f"may wait up to {PATIENCE:.0f} seconds for a connection"),
    ("operations.md", f"a try takes {CONNECT_SECONDS} seconds"),
    ("operations.md", f"a process has {CONNECTIONS} at most for its work"),
    ("operations.md", f"Count {CONNECTIONS + 2} for each process"),
    ("operations.md", f"given up after {SILENT_MILLISECONDS // 1000} seconds"),
    ("operations.md", f"nobody goes on with after {IDLE_SECONDS} seconds"),
    ("operations.md", f"{97 // (CONNECTIONS + 2)} processes fit".replace("6", "six")),
    ("operations.md", "and say so every five" if COMPLAIN_SECONDS == 5.0 else ""),
    ("operations.md", f"at most {DELIVERED_AT_ONCE} messages"),
    ("operations.md", f"at most {HANDLED_AT_ONCE} events"),
    ("architecture.md", f"A process has {CONNECTIONS} connections to PostgreSQL at most"),
    ("architecture.md", f"deletes {ROWS} events, or empties {ROWS} bodies of {BYTES >> 20} MB at most together"),
    ("architecture.md", f"after {HANDLING_TURN:.0f} second of handling or {DELIVERING_TURN:.0f} of sending"),
)


@pytest.mark.parametrize(("page", "words"), NUMBERS, ids=[words for _, words in NUMBERS])
def test_numbers_that_are_said_are_those_of_the_code(page: str, words: str) -> None:
    assert words
    assert words in read(DOCS / page)


def section(title: str) -> str:
    """Return what stands below a heading of the page for operators, up to the next one."""
    _, _, rest = read(DOCS / "operations.md").partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


def rows(text: str) -> dict[str, Sequence[str]]:
    """Return the cells of tables whose first one is a name, by these names."""
    found = re.findall(r"^\| `([^`]+)` \| ([^|]*) \| (.*) \|$", text, re.MULTILINE)
    return {name: cells for name, *cells in found}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house in which a little of everything has happened, with a fallback and a month that may be used up."""
    opened = house_of(
        "config:\n  webhooks:\n    - webhook_id: finance\n      type: GITLAB\n      secret_token: change-me\n"
        "      notify: {ding_talk: {access_token: change-me, monthly_quota: 100}}\n",
        tmp_path,
    )
    yield opened
    opened.relay.close()


def happenings(house: House) -> dict[str, set[str]]:
    """Let something happen for each metric; return their names, with the labels of each."""
    client = create_app(house.relay).test_client()
    body = read(PAYLOADS / "push_hook__two_commits.json")
    for key, token in (("1", "let-me-in"), ("1", "let-me-in"), ("2", "wrong")):
        client.post("/webhook/finance", data=body, headers={"X-Gitlab-Token": token, "webhook-id": key})
    house.post({"object_kind": "unheard_of"})
    house.relay.meters.looked_up("Confluence", "answered")
    house.work()
    house.robots.replies = [HttpReply(200, {}, b'{"errcode": -1}')]
    house.push("slow")
    house.work()
    house.push("waits")
    house.relay.outbox.beat("test", started_at=house.now, now=house.now)
    pages = client.get("/metrics").data + Page(house.relay.meters.registry, token=None).text()
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: {
            label for sample in family.samples for label in sample.labels if label != "le"
        }
        for family in text_string_to_metric_families(pages.decode())
    }


def test_every_metric_is_in_the_table_with_its_labels(house: House) -> None:
    table = rows(section("Metrics"))
    assert {name: {*words(labels)} for name, (labels, _) in table.items()} == happenings(house)


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("posthouse_robot_state", STATES),
        ("posthouse_events_silent_total", get_args(Silence)),
        ("posthouse_lookups_total", get_args(Outcome)),
    ],
)
def test_the_values_of_a_label_are_explained(metric: str, values: Sequence[str]) -> None:
    assert {*values} <= {*words(rows(section("Metrics"))[metric][1])}


def test_alerts_are_about_metrics_and_labels_that_are_there(house: House) -> None:
    found = happenings(house)
    rules = next(block for block in blocks(DOCS / "operations.md", "text") if block.startswith("groups:"))
    expressions = [rule["expr"] for rule in YAML(typ="safe").load(rules)["groups"][0]["rules"]]
    assert len(expressions) > 5
    for expression in expressions:
        names = re.findall(r"posthouse_\w+", expression)
        labels = re.findall(r"(\w+)=", re.sub(r"up\{[^}]*\}", "", expression)) + re.findall(
            r" by \((\w+)\)", expression
        )
        assert names, expression
        assert {*names} <= found.keys(), expression
        assert all({*labels} <= found[name] for name in names), expression


def test_the_line_of_the_log_that_is_shown_is_written_like_that() -> None:
    (shown,) = blocks(DOCS / "operations.md", "json")
    line = json.loads(shown)
    record = logging.LogRecord(line["logger"], logging.INFO, "", 0, line["message"], None, None)
    record.__dict__ |= {name: line[name] for name in FIELDS if name in line}
    record.created = 1795498386.102
    assert JsonLine().format(record) == shown.strip()
    listed = section("What log lines mean").partition("`time`, in UTC")[2].partition("\n")[0]
    assert words(listed) == ["level", "logger", "message", *FIELDS, "exception"]


class Told(Spans):
    """Notes the names of all attributes of each span."""

    is_on = True

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}

    @contextmanager
    def span(
        self,
        name: str,
        *,
        kind: Kind,  # noqa: ARG002 - the shape of `Spans`
        parents: Sequence[str] | None = None,  # noqa: ARG002
        **attributes: Value,
    ) -> Iterator[Note]:
        note = ToldNote(self.found.setdefault(name, set()))
        note.add(**attributes)
        yield note


class ToldNote(Note):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def add(self, **attributes: Value) -> None:
        self._names.update(attributes)


def test_every_span_is_in_the_table_with_its_attributes(house: House) -> None:
    told = Told()
    relay = house.relay
    house.relay = Relay(relay.desk, outbox=relay.outbox, transport=house.robots, clock=relay.clock, spans=told)
    house.push("main")
    with pytest.raises(NotGenuine):
        house.push("main", x_gitlab_token="wrong")
    house.work()
    nowhere = Server("wiki", "http://127.0.0.1:1", "Bearer demo")
    Client("Confluence", clock=relay.clock, spans=told).ask(nowhere, Question("/1", lambda _: {}, keep=1.0), until=0.0)
    assert {name: {*words(attributes)} for name, (_, attributes) in rows(section("Traces")).items()} == told.found


# The examples of plugins


def plugin_files(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the files that a page shows, with the names that stand in their first lines."""
    for block in blocks(page, "python"):
        if name := re.match(r"# (\S+\.py)\n", block):
            yield name[1], block


def plugins_of(page: Path, folder: Path) -> dict[str, Registry]:
    """Write a page's plugins into a folder, and return what is discovered with each."""
    found = {}
    for name, text in plugin_files(page):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        found[name] = discover([name], folder=folder)
    return found


def own(registry: Registry) -> list[type[Plugin]]:
    """Return the plugins that are not built in."""
    every = (*registry.webhooks.values(), *registry.events.values(), *registry.notifiers.values())
    return [found for found in every if not found.__module__.startswith("posthouse.")]


@pytest.mark.parametrize("page", WITH_PLUGINS, ids=lambda page: page.name)
def test_every_plugin_shown_is_found(page: Path, tmp_path: Path) -> None:
    found = plugins_of(page, tmp_path)
    assert found
    for name, registry in found.items():
        assert own(registry), f"{page.name}: {name}"


@pytest.mark.parametrize("page", WITH_PLUGINS, ids=lambda page: page.name)
def test_every_event_handler_shown_tells_of_a_recorded_event(page: Path, tmp_path: Path) -> None:
    handlers = [
        (kind, event, handler)
        for registry in plugins_of(page, tmp_path).values()
        for (kind, event), handler in registry.events.items()
        if handler in own(registry) and recorded(kind, event)
    ]
    assert handlers
    for kind, event, handler in handlers:
        for language in ("zh", "en"):
            made = made_handler(handler, Site(language="zh" if language == "zh" else "en"), **NEEDED.get(kind, {}))
            answers = [made.handle(Event(event, json.loads(read(path)))) for path in recorded(kind, event)]
            told = [item.to_text() for answer in answers if not isinstance(answer, No) for item in answer]
            assert told, f"{page.name}: {handler.__name__}"


def recorded(kind: str, event: str) -> list[Path]:
    """Return the payload files of an event; Jenkins' are among those of the senders that nobody knows."""
    if kind == "JENKINS":
        return [path for path in payload_files("GENERIC") if "__jenkins_" in path.name]
    return payload_files(kind, event)


@each_readme
def test_the_build_shown_is_well_again_after_one_that_failed(readme: Path, tmp_path: Path) -> None:
    registry = plugins_of(readme, tmp_path)["plugins/jenkins.py"]
    builds = made_handler(registry.events["JENKINS", "Build"], Site(language="en"), **NEEDED["JENKINS"])
    passed = Event("Build", {"name": "ledger", "build": {"number": 19, "phase": "FINALIZED", "status": "SUCCESS"}})
    assert builds.topic(passed) == "ledger"
    assert builds.remember(passed) == "SUCCESS"
    assert builds.remember(Event("Build", {"build": {"phase": "COMPLETED", "status": "SUCCESS"}})) is None
    assert builds.handle(replace(passed, last="SUCCESS")) == No("the job passes as before")
    answer = builds.handle(replace(passed, last="FAILURE"))
    assert not isinstance(answer, No)
    assert answer[0].title == "ledger #19 is well again"


def test_the_replacement_shown_takes_the_built_ins_place(tmp_path: Path) -> None:
    registry = plugins_of(DOCS / "plugins.md", tmp_path)["plugins/quiet_push.py"]
    replacing, built_in = registry.events["GITLAB", "Push Hook"], REGISTRY.events["GITLAB", "Push Hook"]
    assert issubclass(replacing, built_in)
    push = json.loads(read(PAYLOADS / "push_hook__two_commits.json"))
    mine, theirs = made_handler(replacing, Site()), made_handler(built_in, Site())
    assert mine.handle(Event("Push Hook", push)) == theirs.handle(Event("Push Hook", push))
    aside = Event("Push Hook", {**push, "ref": "refs/heads/feature/x"})
    assert mine.handle(aside) == No("feature/x is neither main nor a release branch")


def test_the_webhook_type_shown_takes_in_the_report_shown(tmp_path: Path) -> None:
    registry = plugins_of(DOCS / "plugins.md", tmp_path)["plugins/backup.py"]
    handler = made(registry.webhooks["BACKUP"], webhook_id="backups", type="BACKUP", secret="change-me")
    report = blocks(DOCS / "plugins.md", "json")[0].encode()
    headers = {"x-backup-secret": "change-me", "x-backup-run": "17"}
    assert handler.verify(Inbound(headers, {}, report))
    event = handler.parse(Inbound(headers, {}, report))
    assert event.key == "17"
    backup = made_handler(registry.events["BACKUP", event.name], Site(language="en"), secret="change-me")
    answer = backup.handle(event)
    assert not isinstance(answer, No)
    assert answer[0].to_text() == "The backup of db1 failed\n\nReason: the disk is full"
    assert isinstance(backup.handle(replace(event, payload={"status": "ok"})), No)


def test_the_notifier_shown_shapes_and_judges(tmp_path: Path) -> None:
    registry = plugins_of(DOCS / "plugins.md", tmp_path)["plugins/pager.py"]
    pager = registry.notifiers["pager"]
    notifier = pager(
        pager.settings_model.model_validate({"url": "https://pager.example.com/send", "token": "abc"}), Site()
    )
    assert isinstance(notifier, Notifier)
    assert registry.kinds["beeper"] is pager
    mentioned = Message("Hello", mentions=(Mention("Li Lei", ("gitlab:lilei",)),))
    assert notifier.render(mentioned) == {"text": "Hello\n\nLi Lei"}
    assert notifier.render(mentioned, form=1) == {"text": "Hello"}
    assert notifier.is_whole(mentioned)
    assert not notifier.is_whole(Message("Hello" * 250))
    payload = notifier.render(Message("Hello"))
    request = notifier.request(payload, now=0.0, idempotency_key="1")
    assert json.loads(request.body) == {"text": "Hello", "id": "1"}
    notifier.judge(HttpReply(200, {}, b'{"ok": true}'))
    for status, verdict, simpler in ((200, "message", True), (404, "config", False)):
        with pytest.raises(Rejected) as refused:
            notifier.judge(HttpReply(status, {}, b'{"ok": false}'))
        assert (refused.value.verdict, refused.value.simpler_may_pass) == (verdict, simpler)


def test_the_handler_shown_mentions_who_is_in_charge(tmp_path: Path) -> None:
    registry = plugins_of(DOCS / "plugins.md", tmp_path)["plugins/vulnerability.py"]
    handler = made_handler(registry.events["GITLAB", "Vulnerability Hook"], Site(language="en"))
    (path, *_) = payload_files("GITLAB", "Vulnerability Hook")
    answer = handler.handle(Event("Vulnerability Hook", json.loads(read(path))))
    assert not isinstance(answer, No)
    assert answer[0].mentions == (Mention("Han Meimei", ("gitlab:hanmeimei",)),)
    assert "Severity: " in answer[0].to_text()


@pytest.mark.parametrize("name", posthouse.__all__)
def test_every_name_that_plugins_may_import_is_described(name: str) -> None:
    assert re.search(rf"\b{name}\b", read(DOCS / "plugins.md"))


def made(kind: type[WebhookHandler], **settings: Any) -> WebhookHandler:
    return kind(kind.settings_model.model_validate(settings), Site())


@pytest.mark.parametrize("page", [*WITH_PLUGINS, DOCS / "fakes.md"], ids=lambda page: page.name)
def test_all_other_python_shown_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(plugin_files(page))
    plugins_of(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        if block not in files.values():
            exec(compile(block, page.name, "exec"), {})  # noqa: S102 - our own page


# Robots


@pytest.mark.parametrize("kind", REGISTRY.notifiers)
def test_the_limits_shown_are_those_that_are_kept(kind: str) -> None:
    limits = REGISTRY.notifiers[kind].limits
    a_second = f" and {limits.per_second} a second" if limits.per_second else ""
    row = next(line for line in read(DOCS / "robots.md").splitlines() if line.startswith(f"| `{kind}` |"))
    assert row.endswith(f"| {limits.per_minute} a minute{a_second} |")


@pytest.mark.parametrize("kind", REGISTRY.webhooks)
def test_it_is_said_of_every_sender_whether_its_messages_mention_people(kind: str) -> None:
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| [^|]+ \|$", read(DOCS / "people.md"), re.MULTILINE)
    events = ((path, event_of(path, Site(language="en"))) for path in payload_files(kind))
    mentioning = any(
        said.mentions
        for path, event in events
        if (kind, event.name) in REGISTRY.events
        for said in sayings(REGISTRY.events[kind, event.name], event, **beside(path).get("settings", {}))
    )
    assert mentioning == (kind.lower() in {row.lower() for row in rows})


def test_the_digest_shown_is_what_messages_become() -> None:
    project = "https://gitlab.example.com/finance/ledger/-"

    def message(title: str, url: str, level: Level, **facts: str) -> Message:
        return Message(title, (Buttons((Link("Open", url),)),), level=level, facts=facts)

    failed = message(
        "Pipeline #883 failed on main", f"{project}/pipelines/883", Level.FAILURE, project="finance/ledger"
    )
    pushed = message(
        "Li Lei pushed 2 commits to main", f"{project}/compare/a...b", Level.INFO, project="finance/ledger"
    )
    slow = message("db1 is slow", "https://alerts.example.com/1", Level.WARNING)
    shown = digest((failed, pushed, slow), language="en").to_text()
    assert blocks(DOCS / "robots.md", "text")[0].strip() == shown


def test_the_requests_to_fakes_that_are_shown_work() -> None:
    vendors = (FakeDingTalk(any_token=True), FakeFeishu(any_token=True), FakeWeCom(any_token=True))
    lines = [line for block in blocks(DOCS / "fakes.md", "sh") for line in block.splitlines()]
    requests = [shlex.split(line) for line in lines if line.startswith("curl ")]
    assert len(requests) > 5
    with running(FakeRobots(*vendors)) as address:
        for _, url, *options in requests:
            body = options[options.index("-d") + 1] if "-d" in options else None
            reply = urllib3.request(
                "GET" if body is None else "POST",
                url.replace("http://127.0.0.1:8099", address),
                body=body,
                headers={"Content-Type": "application/json"},
                retries=False,
            )
            assert reply.status == 200, reply.data
    assert vendors[2].mentions("demo-robot") == (("lilei",),)


# The way of the README


def curl(readme: Path) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of the request that the README shows."""
    command = next(block for block in blocks(readme, "sh") if block.startswith("curl "))
    assert command.startswith("curl http://127.0.0.1:5000/webhook/finance ")
    headers = dict(line.split(": ", 1) for line in re.findall(r"-H '([^']+)'", command))
    body = re.search(r"-d '([^']+)'", command)
    assert body is not None
    return {name.lower(): value for name, value in headers.items()}, body[1].encode()


@each_readme
def test_the_readmes_request_can_be_tried(readme: Path, tmp_path: Path) -> None:
    (tmp_path / "push.json").write_bytes(curl(readme)[1])
    arguments = ["try", "finance", str(tmp_path / "push.json"), "--json", "--config", str(EXAMPLE)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    trial = json.loads(result.output)
    assert trial["event"] == "Push Hook"
    assert trial["outcome"] == "told"
    assert list(trial["payloads"]) == ["finance.ding_talk"]


@each_readme
def test_the_readmes_request_leads_to_the_output_shown(readme: Path, tmp_path: Path) -> None:
    with running(FakeRobots(FakeDingTalk({"another": FakeRobot()}))) as address:
        config = tmp_path / "example.yml"
        config.write_text(
            read(EXAMPLE)
            .replace("url: null", f"url: {address}/robot/send")
            .replace("posthouse.db", f"{tmp_path}/posthouse.db")
        )
        relay = Relay.open(config)
        headers, body = curl(readme)
        assert relay.accept("finance", Inbound(headers, {}, body, relay.clock())).event_id == 1
        assert relay.handle_next("test")
        assert relay.deliver_next("test")
        relay.close()
    shown = blocks(readme, "text")
    for arguments, block in ((["events"], shown[0]), (["explain", "1"], shown[1])):
        assert timeless(output(config, *arguments)) == timeless(block)


def output(config: Path, *arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(cli, [*arguments, "--config", str(config)])
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.mark.parametrize("page", [*READMES, DOCS / "robots.md"], ids=lambda page: page.name)
def test_the_robots_of_the_readme_stand_as_shown(page: Path, tmp_path: Path) -> None:
    config = next(block for block in blocks(READMES[0], "yaml") if "robots: [team, admins]" in block)
    house = house_of(config, tmp_path)
    for number in range(19):
        house.push(f"feature/{number}")
        house.work()
        house.now += 1.0
    house.relay.close()
    found = output(tmp_path / "posthouse.yml", "robots")
    shown = next(block for block in blocks(page, "text") if block.startswith("robot "))
    assert countless(found) == countless(shown)
    assert re.findall(r"\d+/\d+", found) == re.findall(r"\d+/\d+", shown)


def countless(text: str) -> str:
    """Return what a command shows without times, and without numbers: a forecast depends on the day of the month."""
    return re.sub(r"\d+", "0", re.sub(" {2,}", "  ", timeless(text)))


def test_the_people_missing_are_those_that_are_shown(tmp_path: Path) -> None:
    # Of Li Lei the page says: with nothing but his name in GitLab.
    config = re.sub(r"(      gitlab: lilei\n)(?:      .*\n)+", r"\1", blocks(DOCS / "people.md", "yaml")[0])
    house = house_of(config, tmp_path)
    names = ("merge_request_hook__open", "merge_request_hook__reviewers_added", "note_hook__calls_people")
    for name in (*names, "pipeline_hook__failed"):
        house.post(json.loads(read(PAYLOADS / f"{name}.json")))
    house.work()
    house.relay.close()
    found = output(tmp_path / "posthouse.yml", "people", "lint", exit_code=1)
    assert timeless(found) == timeless(blocks(DOCS / "people.md", "text")[0])


def half_a_minute_ago(now: float) -> float:
    """Return when to begin so that 19 seconds later it is still in the last minute, and Feishu was never crowded."""
    since = now % HALF_HOUR
    if 11 <= since < 39:
        return now - since - 20.0
    return now - since + CROWDED if 39 <= since < 51 else now - 30.0


def house_of(config: str, folder: Path) -> House:
    """Return a house with a configuration that a page shows, half a minute ago; its robots show whatever they get."""
    place = f"config:\n  server:\n    database: sqlite:///{folder}/posthouse.db\n"
    # The secret that requests of the house have.
    known = re.sub(r"\$\{[^}]+\}|change-me", "let-me-in", config)
    house = open_house(folder, config=known.replace("config:\n", place, 1), plugin="")
    house.now = half_a_minute_ago(time.time())
    house.robots.replies = [HttpReply(200, {}, b'{"errcode": 0, "code": 0}')] * 100
    return house


def timeless(text: str) -> str:
    """Return what a command shows without times, and without the blanks that fill up a table."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+\d\d:\d\d", "TIME", re.sub(r"\d+ ms", "MS", text))
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def test_the_database_in_the_example_is_a_file_beside_where_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Outbox.open(Desk(load(EXAMPLE)).settings.server.database_url).close()
    assert [path.name for path in tmp_path.iterdir()] == ["posthouse.db"]
