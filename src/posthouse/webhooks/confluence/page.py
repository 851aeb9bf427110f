"""Pages: made, edited, moved, deleted and brought back."""

from typing import ClassVar

from posthouse import Event, Message, No, Yes
from posthouse.webhooks.confluence.content import ContentNotifyEventHandler


class ConfluencePageNotifyEventHandler(ContentNotifyEventHandler):
    """Tells of pages that were created, moved, deleted or restored."""

    events = ("page_created", "page_moved", "page_trashed", "page_restored")

    def message(self, event: Event) -> Message:
        """Show where the page is now; one in the trash cannot be opened."""
        return self.told(event)


class ConfluencePageUpdateNotifyEventHandler(ContentNotifyEventHandler):
    """Tells of edits of pages, those of one person within a minute in one message."""

    # Cloud's events are "changed" where the webhook's address does not name them.
    events = ("page_updated", "page_changed")
    happenings: ClassVar = {"edit": True, "minor_edit": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about edits that their author marked as minor."""
        return self.told_as_edit(event)

    def message(self, event: Event) -> Message:
        """Show what the author says of the edit, and the way to what it changed."""
        return self.told(event)


class ConfluencePageUpkeepNotifyEventHandler(ContentNotifyEventHandler):
    """Tells of what else can happen to pages: removed from the trash, archived, copied, reordered, restricted."""

    events = (
        "page_removed",
        "page_archived",
        "page_unarchived",
        "page_copied",
        "page_children_reordered",
        "blueprint_page_created",
        "content_permissions_updated",
    )
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show where the page is; what it was called, if it is gone."""
        return self.told(event)
