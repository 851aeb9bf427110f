"""What is told of an event whose sender nobody knows but the configuration."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from posthouse import (
    Block,
    Event,
    Level,
    Line,
    Link,
    Message,
    No,
    NotifyEventHandler,
    Reader,
    Site,
    Text,
    Yes,
    buttons,
    fields,
    first_line,
    items,
)
from posthouse.webhooks.generic.handler import GenericWebhookHandler, GenericWebhookSettings
from posthouse.webhooks.generic.levels import LEVELS
from posthouse.webhooks.generic.templates import REPEATED, Filled, condition, fill, names_of, template, why_not

#: How long a title, a line of the text, and the value of a field or a fact may be before they are cut, in characters.
TITLE = 200
LINE = 500
VALUE = 300
#: How many lines of a text a message shows; a list counts as one.
BLOCKS = 20
#: How many settings a message names that could not be filled in.
SHOWN = 10
#: How a line of the text begins that is an entry of a list.
ENTRY = re.compile(r"-(?:\s+|\Z)")
#: What a title does not end with, when what should follow is missing.
DANGLING = " \t:：,，;；|-–—"


class GenericNotifyEventHandler(NotifyEventHandler):
    """Tells of whatever the configuration picks."""

    webhook_type = GenericWebhookHandler
    events = ("Generic",)
    settings: GenericWebhookSettings

    def __init__(self, settings: GenericWebhookSettings, site: Site) -> None:
        super().__init__(settings, site)
        self._when = None if settings.when is None else condition(settings.when)
        self._templates = {setting: template(source) for setting, source in _sources(settings)}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about events for which `when` is not true, or cannot be decided."""
        reason = "" if self._when is None else why_not(self._when, names_of(event.payload))
        return No(f"when {reason}: {first_line(self.settings.when or '', REPEATED)}") if reason else Yes()

    def message(self, event: Event) -> Message:
        """Fill in the templates; what one of them cannot be filled with is left out, and said."""
        names = names_of(event.payload)
        filled = {setting: fill(found, names) for setting, found in self._templates.items()}
        texts = {setting: found.text for setting, found in filled.items()}
        title = first_line(texts["title"], TITLE).rstrip(DANGLING)
        return Message(
            title=title or self.settings.webhook_id,
            blocks=(
                *_paragraphs(texts.get("text", "")),
                *fields(*_part(texts, "fields").items()),
                *self._failures(filled),
                *buttons(self._link(texts)),
            ),
            level=LEVELS.get(texts.get("level", "").casefold(), Level.INFO),
            facts=_part(texts, "facts"),
        )

    def _failures(self, filled: Mapping[str, Filled]) -> Iterator[Block]:
        """Say what could not be filled in, where the people are who can mend it."""
        failures = [
            self.title(zh="{setting}（{why}）", en="{setting} ({why})", setting=setting, why=found.failure)
            for setting, found in filled.items()
            if found.failure
        ]
        if failures:
            which = self.choose(zh="、", en=", ").join(failures[:SHOWN])
            yield Text(self.say(zh="配置中未能填写：{which}", en="Could not be filled in: {which}", which=which))

    def _link(self, texts: Mapping[str, str]) -> Link:
        text = first_line(texts.get("link_text", ""), TITLE) or self.choose(zh="查看详情", en="Open")
        return Link(text, Reader(texts).link("link"))


def _sources(settings: GenericWebhookSettings) -> Iterator[tuple[str, str]]:
    """Yield the templates by the paths of their settings."""
    for setting in ("title", "text", "link", "link_text", "level"):
        source = getattr(settings, setting)
        if source is not None:
            yield setting, source
    for setting in ("fields", "facts"):
        for name, source in getattr(settings, setting).items():
            yield f"{setting}.{name}", source


def _part(texts: Mapping[str, str], setting: str) -> dict[str, str]:
    """Return the texts below one setting by their names, in one line each, without empty ones."""
    named = {path.removeprefix(f"{setting}."): text for path, text in texts.items() if path.startswith(f"{setting}.")}
    return {name: line for name, text in named.items() if (line := first_line(text, VALUE))}


def _paragraphs(text: str) -> list[Block]:
    """Return the lines of a text, those that begin like entries of a list as one."""
    lines = (line.strip() for line in text.splitlines())
    blocks = list[Block]()
    for is_list, found in groupby(filter(None, lines), key=lambda line: bool(ENTRY.match(line))):
        if is_list:
            # An entry that could not be filled in is none.
            entries: list[Line] = [(first_line(entry, LINE),) for line in found if (entry := ENTRY.sub("", line))]
            blocks += items(entries)
        else:
            blocks += [Text((first_line(line, LINE),)) for line in found]
    return blocks if len(blocks) <= BLOCKS else [*blocks[:BLOCKS], Text(("…",))]
