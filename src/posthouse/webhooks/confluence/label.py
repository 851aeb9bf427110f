"""Labels that are put on content and taken off it: off unless they are asked for."""

from posthouse import Code, Event, Line, Link, Message, buttons, phrase
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler
from posthouse.webhooks.confluence.payload import content_id, kind_of, name, title

#: What happened, as (Chinese, English), by the rest of the event's name.
WORDS = {
    "added": ("{who} 给{thing}{gap}加上了{label}", "{who} put {label} on {thing}"),
    "removed": ("{who} 移除了{thing}{gap}的{label}", "{who} took {label} off {thing}"),
    "changed": ("{who} 改动了{thing}{gap}的{label}", "{who} changed {label} of {thing}"),
}


class ConfluenceLabelNotifyEventHandler(ConfluenceNotifyEventHandler):
    """Tells of labels that were put on pages and other content, or taken off."""

    events = ("label_added", "label_removed", "label_changed")
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show which label on what, and the way there."""
        label = name(event.reader, "label.name", "label.label")
        return Message(
            title=self.titled(self._headline(event, label), title(event)),
            blocks=(
                *self.where(event),
                *buttons(Link(self.choose(zh="打开", en="Open"), self.page_link(event))),
            ),
            facts=self.facts(event, type="label", target=kind_of(event), labels=(label,) if label else ()),
            story=self.story(content_id(event)),
            occurrence=f"{occurrence}:{label}" if label and (occurrence := self.occurrence(event)) else None,
        )

    def _headline(self, event: Event, label: str) -> Line:
        words = WORDS.get(event.name.partition("_")[2], WORDS["changed"])
        marked = (
            self.choose(zh="标签 {label}", en="the label {label}") if label else self.choose(zh="标签", en="a label")
        )
        thing = self.called(kind_of(event), "" if title(event) else content_id(event))
        return self.tell(words, event, label=phrase(marked, label=Code(label)), **thing)
