"""Attachments: which file came to which issue, and which one went."""

from typing import ClassVar

from posthouse import Event, Line, Link, Message, No, Reader, Yes, buttons, fields
from posthouse.webhooks.jira.numbered import NumberedIssueNotifyEventHandler
from posthouse.webhooks.jira.payload import issue_key, issue_title, name, number
from posthouse.webhooks.jira.people import first_person, person_name

#: What happened, as (Chinese, English).
CREATED = ("{who} 给{item}添加了附件", "{who} attached a file to {item}")
DELETED = ("{who} 删除了{item}的附件", "{who} deleted an attachment of {item}")
#: Where the payload does not say who deleted it; its author is who once brought it.
GONE = ("{item}的附件被删除", "An attachment of {item} was deleted")


class AttachmentNotifyEventHandler(NumberedIssueNotifyEventHandler):
    """Tells of files that were attached to issues, and of those that were deleted."""

    events = ("attachment_created", "attachment_deleted")
    # An update of the issue says the same.
    on_by_default: ClassVar = False

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about a body that was excluded, unless the address names the issue."""
        return self.says_nothing(event.reader) or Yes()

    def message(self, event: Event) -> Message:
        """Show the file's name and size; the file itself is for those who may see the issue."""
        reader, deleted = event.reader, event.name == "attachment_deleted"
        issue, file = number(reader, "issue.id"), name(reader, "attachment.filename")
        about = self.title(zh="{key} {title}", en="{key} {title}", key=issue_key(reader), title=issue_title(reader))
        return Message(
            title=self.titled(self._headline(reader, issue, deleted=deleted), file),
            blocks=(
                *self.about(reader),
                *fields(
                    (self.choose(zh="问题", en="Issue"), about.strip() if issue_title(reader) else ""),
                    (self.choose(zh="大小", en="Size"), _size(reader.count("attachment.size"))),
                    (
                        self.choose(zh="上传者", en="Uploaded by"),
                        person_name(reader.at("attachment.author")) if deleted else "",
                    ),
                ),
                *buttons(
                    Link(self.choose(zh="查看问题", en="Open issue"), self.found_url(reader, issue)),
                    Link(self.choose(zh="打开附件", en="Open file"), "" if deleted else self._content(reader)),
                ),
            ),
            facts=self.facts(reader, action=f"attachment {event.name.rpartition('_')[2]}"),
            story=self.numbered_story(reader, issue),
            occurrence=self.occurrence(reader, event.name, number(reader, "attachment.id")),
        )

    def _headline(self, reader: Reader, issue: str, *, deleted: bool) -> Line:
        who = self.actor(reader, "user") if deleted else self.actor(reader, "user", "attachment.author")
        zh, en = CREATED if not deleted else DELETED if first_person(reader, "user") else GONE
        return self.say(zh=zh, en=en, who=who, item=self.item(reader, issue))

    def _content(self, reader: Reader) -> str:
        """Return where the file is, if that is an address for browsers."""
        link, base = reader.link("attachment.content"), self.base(reader)
        return link if base and link.startswith(f"{base}/") else ""


def _size(count: int | None) -> str:
    """Return a number of bytes in words, counted as Jira does, by 1024; empty if there is none."""
    if count is None:
        return ""
    size, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        if size >= 1024:
            size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
