"""Attachments of pages and blog posts: off unless they are asked for."""

from urllib.parse import quote as quoted

from posthouse import Event, Link, Message, buttons, fields
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler
from posthouse.webhooks.confluence.payload import (
    container_id,
    container_kind,
    container_of,
    container_title,
    sent_link,
    title,
)

#: What happened, as (Chinese, English), by the rest of the event's name.
WORDS = {
    "created": ("{who} 上传了附件", "{who} attached a file"),
    "updated": ("{who} 更新了附件", "{who} updated an attached file"),
    "trashed": ("{who} 删除了附件", "{who} deleted an attached file"),
    "restored": ("{who} 恢复了附件", "{who} restored an attached file"),
    "removed": ("{who} 彻底删除了附件", "{who} deleted an attached file for good"),
    "archived": ("{who} 归档了附件", "{who} archived an attached file"),
    "changed": ("{who} 改动了附件", "{who} changed an attached file"),
}


class ConfluenceAttachmentNotifyEventHandler(ConfluenceNotifyEventHandler):
    """Tells of files that were attached, updated, deleted, restored or archived."""

    events = (
        "attachment_created",
        "attachment_updated",
        "attachment_trashed",
        "attachment_restored",
        "attachment_removed",
        "attachment_archived",
        "attachment_changed",
    )
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show which file it is, and the way to what it is attached to."""
        words = WORDS.get(event.name.partition("_")[2], WORDS["changed"])
        return Message(
            title=self.titled(self.tell(words, event), title(event)),
            blocks=(
                *fields((self._holder(event), (self._container(event),))),
                *self.where(event),
                *buttons(Link(self.choose(zh="打开", en="Open"), self._container(event).url)),
            ),
            facts=self.facts(event, target=container_kind(event)),
            story=self.story(container_id(event)),
            occurrence=self.occurrence(event),
        )

    def _holder(self, event: Event) -> str:
        kind = self.called(container_kind(event) or "page")["thing"]
        return self.choose(zh=f"所在{kind}", en="Attached to")

    def _container(self, event: Event) -> Link:
        """Return what it is attached to, by its title or else its id."""
        base, reference = self.base(event), container_id(event)
        built = f"{base}/pages/viewpage.action?pageId={quoted(reference, safe='')}" if base and reference else ""
        link = event.findings.link("container_link") or sent_link(container_of(event)) or built
        return Link(container_title(event) or reference, link)
