"""Writes the parts of the documentation that the code knows better: ``python -m posthouse.cli._reference docs``.

What stands in a Markdown file between ``<!-- generated: NAME -->`` and ``<!-- end -->`` is made from the plugins, the
settings models and the commands; the JSON Schema is made as a whole. A test fails where a file is out of date.
"""

import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from posthouse.cli import cli
from posthouse.cli._verdicts import HEADER, verdict_rows
from posthouse.config.schema import PREFIX, REFERENCE, json_schema
from posthouse.core.plugin import EventHandler, Language, Notifier, NotifyEventHandler, Plugin
from posthouse.discovery import Registry, discover

BLOCK = re.compile(r"(<!-- generated: (?P<name>[A-Za-z_ ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
SCHEMA = "posthouse.schema.json"
#: How wide the help of a command is drawn, in characters.
WIDTH = 100
#: The header of every table of keys.
KEYS = ("Key", "Value", "Default", "Meaning")
#: How docstrings begin whose rest stands in a table that says the same in its header.
BEGINNINGS = re.compile(r"(Tells of |Tells that |Takes in |Speaks to |Keep silent about )")
#: For the Chinese README, by class: whose requests a webhook type takes in, which robot a notifier speaks to.
CHINESE: Mapping[str, str] = {
    "GitlabWebhookHandler": "GitLab（12 及以上版本）的项目、群组和系统钩子",
    "JiraWebhookHandler": "Jira Cloud 和 Jira Data Center 的 Webhook",
    "ConfluenceWebhookHandler": "Confluence Data Center 和 Confluence Cloud 的 Webhook",
    "GitHubWebhookHandler": "GitHub 仓库和组织的 Webhook",
    "AlertmanagerWebhookHandler": "Prometheus Alertmanager 的告警分组",
    "GenericWebhookHandler": "任何 JSON：标题、正文、链接等由配置里的模板取出",
    "DingTalkNotifier": "钉钉群的自定义机器人：有按钮时发 ActionCard，否则发 Markdown，最后才用纯文本",
    "FeiShuNotifier": "飞书和 Lark 群的自定义机器人：发消息卡片，飞书不收时换更简单的格式",
    "CorpWechatNotifier": "企业微信群机器人：按配置发带颜色的 Markdown、带表格的 Markdown 或纯文本",
    "AppriseNotifier": "Apprise 库支持的任何服务：邮件、Slack、Teams、Telegram 等；只写人名，不 @ 人",
}


@click.command()
@click.argument("docs", type=click.Path(exists=True, file_okay=False, path_type=Path))
def reference(docs: Path) -> None:
    """Bring the generated parts of the files in DOCS, and of the READMEs beside it, up to date."""
    for path, text in documents(docs).items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            click.echo(f"wrote {path}")


def documents(docs: Path) -> dict[Path, str]:
    """Return every file that has something generated in it, as it should be; writes nothing."""
    registry = discover()
    schema = json_schema(registry)
    found = {docs / SCHEMA: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"}
    for path in sorted([*docs.parent.glob("README*.md"), *docs.glob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if BLOCK.search(text):
            language: Language = "zh" if path.stem.endswith("zh-CN") else "en"
            found[path] = BLOCK.sub(partial(_filled, blocks=_blocks(registry, schema, language)), text)
    return found


def _blocks(registry: Registry, schema: Mapping[str, Any], language: Language) -> Mapping[str, Callable[[], str]]:
    return {
        "webhook types": lambda: _webhook_types(registry, language),
        **{f"events of {kind}": partial(_events, registry, kind) for kind in registry.webhooks},
        "notifiers": lambda: _notifiers(registry, language),
        "keys of every robot": lambda: _table(KEYS, _shared_keys(registry, schema)),
        **{f"keys of {kind}": partial(_own_keys, kind, registry, schema) for kind in registry.notifiers},
        **{f"verdicts of {kind}": partial(_verdicts, found) for kind, found in registry.notifiers.items()},
        "configuration keys": lambda: _configuration_keys(registry, schema),
        "commands": _commands,
    }


def _filled(match: re.Match[str], *, blocks: Mapping[str, Callable[[], str]]) -> str:
    return f"{match[1]}\n{blocks[match['name']]()}\n\n{match[3]}"


def _webhook_types(registry: Registry, language: Language) -> str:
    header = ("`type`", "类", "接收") if language == "zh" else ("`type`", "Class", "Takes in")
    return _table(
        header,
        ((f"`{kind}`", f"`{found.__name__}`", _about(found, language)) for kind, found in registry.webhooks.items()),
    )


def _events(registry: Registry, kind: str) -> str:
    """Return a row for each handler of a webhook type: its events, whether they are on, and what may happen."""
    names: dict[type[EventHandler], list[str]] = {}
    for (of, name), found in registry.events.items():
        if of == kind:
            names.setdefault(found, []).append(name)
    rows = (
        (
            ", ".join(f"`{name}`" for name in events),
            f"`{found.__name__}`",
            _summary(found),
            _silent_about(found),
            "on" if found.on_by_default else "off",
            ", ".join(f"**`{word}`**" if told else f"`{word}`" for word, told in found.happenings.items()) or "–",
        )
        for found, events in names.items()
    )
    return _table(("Event", "Class", "What is told", "Silent about", "By default", "What may happen"), rows)


def _notifiers(registry: Registry, language: Language) -> str:
    header = ("`notify` 下的键", "类", "机器人") if language == "zh" else ("Key under `notify`", "Class", "The robot")
    return _table(
        header,
        ((f"`{kind}`", f"`{found.__name__}`", _about(found, language)) for kind, found in registry.notifiers.items()),
    )


def _robot_keys(kind: str, schema: Mapping[str, Any]) -> list[Sequence[str]]:
    return [*_rows(_resolved(schema["$defs"]["notify"]["properties"][kind], schema), schema)]


def _shared_keys(registry: Registry, schema: Mapping[str, Any]) -> list[Sequence[str]]:
    """Return the rows of the keys that several kinds of robots have alike."""
    times = Counter(row for kind in registry.notifiers for row in _robot_keys(kind, schema))
    return [row for row, count in times.items() if count > 1]


def _own_keys(kind: str, registry: Registry, schema: Mapping[str, Any]) -> str:
    shared = _shared_keys(registry, schema)
    return _table(KEYS, (row for row in _robot_keys(kind, schema) if row not in shared))


def _verdicts(found: type[Notifier]) -> str:
    return _table(HEADER, verdict_rows(found))


def _about(found: type[Plugin], language: Language) -> str:
    return CHINESE.get(found.__name__, "") if language == "zh" else _summary(found)


def _silent_about(found: type[EventHandler]) -> str:
    decides = getattr(found, "should_notify", NotifyEventHandler.should_notify)
    return "–" if decides is NotifyEventHandler.should_notify else _summary(decides)


def _summary(thing: object) -> str:
    """Return the first line of a docstring, without the words that the table's header has."""
    line = BEGINNINGS.sub("", (inspect.getdoc(thing) or "").partition("\n")[0], count=1).replace("``", "`")
    line = re.sub(r"(?<=, )(about|of) |(?<=and )(about|of) ", "", line)
    return line[:1].upper() + line[1:]


def _configuration_keys(registry: Registry, schema: Mapping[str, Any]) -> str:
    """Return one table for each part of the file, in the order in which people meet them."""
    top = _resolved(schema["properties"]["config"], schema)
    config = top["properties"]
    sections = [
        ("`config.server`", _resolved(config["server"], schema)),
        ("`config`", {**top, "properties": {key: part for key, part in config.items() if "$ref" not in part}}),
    ]
    sections += [
        (f"`config.webhooks[]`, type `{webhook['properties']['type']['const']}`", webhook)
        for webhook in config["webhooks"]["items"]["oneOf"]
    ]
    notify = schema["$defs"]["notify"]
    sections += [
        ("`config.webhooks[].notify`", _folded(notify, schema)),
        ("`config.robots.<name>`", _folded(schema["$defs"]["robot"], schema)),
    ]
    sections += [
        (f"`notify.{kind}` and `robots.<name>.{kind}`", _resolved(notify["properties"][kind], schema))
        for kind in registry.notifiers
    ]
    sections.append(("`config.people[]`", _resolved(config["people"]["anyOf"][0]["items"], schema)))
    return "\n\n".join(f"### {title}\n\n{_table(KEYS, _rows(part, schema))}" for title, part in sections)


def _folded(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of the file whose keys hold parts that have tables of their own."""
    inside = {key: {**_resolved(inner, schema), **inner} for key, inner in part["properties"].items()}
    for inner in inside.values():
        inner.pop("$ref", None)
    return {**part, "properties": inside}


def _rows(part: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[Sequence[str]]:
    """Yield a row for each key, those of parts inside this one by their paths."""
    for key, value in part["properties"].items():
        inner = _resolved(value, schema)
        if inner is not value and key != "notify":
            yield from _rows(inner, schema, f"{prefix}{key}.")
            continue
        default = "required" if key in part.get("required", ()) else _default(value.get("default"))
        # A docstring may have several lines, a row of a table has one.
        yield (f"`{prefix}{key}`", _kind(inner), default, " ".join(inner.get("description", "").split()))
        for choice in value.get("anyOf", ()):
            if "$ref" in choice:
                yield from _rows(_resolved(choice, schema), schema, f"{prefix}{key}.")


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Mapping[str, Any] = schema["$defs"][part["$ref"].removeprefix(PREFIX)]
    return found


def _kind(part: Mapping[str, Any]) -> str:
    """Name a type in plain words; that a reference may stand there, or nothing, goes without saying."""
    kinds = [_plain_kind(choice) for choice in part.get("anyOf", (part,)) if not _goes_without_saying(choice)]
    return " or ".join(dict.fromkeys(kinds))


def _goes_without_saying(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "null" or {**part} == {**REFERENCE}


def _plain_kind(part: Mapping[str, Any]) -> str:
    # An editor may read a switch as true or false.
    words = [
        word for word in part.get("enum", [part["const"]] if "const" in part else []) if not isinstance(word, bool)
    ]
    if words:
        return " or ".join(f"`{word}`" for word in words)
    if part.get("type") == "integer":
        least, most = part.get("minimum"), part.get("maximum")
        return "whole number" + (f", {least} to {most}" if most is not None else f", from {least} on" if least else "")
    if part.get("type") == "string":
        return "secret text" if part.get("writeOnly") else "text"
    return {"number": "number", "boolean": "`true` or `false`", "array": "list"}.get(str(part.get("type")), "keys")


def _default(value: Any) -> str:
    return "–" if value is None else f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _commands() -> str:
    return "\n\n".join(f"## `posthouse {name}`\n\n```text\n{text}\n```" for name, text in command_help())


def command_help() -> Iterator[tuple[str, str]]:
    """Yield the name of each command, such as "people lint", and what it says with ``--help``."""
    yield from _help_below(cli, click.Context(cli, info_name="posthouse"), "")


def _help_below(group: click.Group, context: click.Context, prefix: str) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            own = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH)
            yield f"{prefix}{name}", command.get_help(own)
            if isinstance(command, click.Group):
                yield from _help_below(command, own, f"{prefix}{name} ")


if __name__ == "__main__":
    reference()
