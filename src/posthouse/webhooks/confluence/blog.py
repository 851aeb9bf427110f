"""Blog posts: made, edited, deleted and brought back."""

from typing import ClassVar

from posthouse import Event, Message, No, Yes
from posthouse.webhooks.confluence.content import ContentNotifyEventHandler


class ConfluenceBlogNotifyEventHandler(ContentNotifyEventHandler):
    """Tells of new blog posts."""

    events = ("blog_created",)

    def message(self, event: Event) -> Message:
        """Show in which space it was written."""
        return self.told(event)


class ConfluenceBlogUpdateNotifyEventHandler(ContentNotifyEventHandler):
    """Tells of edits of blog posts, those of one person within a minute in one message."""

    events = ("blog_updated", "blog_changed")
    happenings: ClassVar = {"edit": True, "minor_edit": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about edits that their author marked as minor."""
        return self.told_as_edit(event)

    def message(self, event: Event) -> Message:
        """Show what the author says of the edit, and the way to what it changed."""
        return self.told(event)


class ConfluenceBlogUpkeepNotifyEventHandler(ContentNotifyEventHandler):
    """Tells of blog posts that were deleted, restored or removed from the trash."""

    events = ("blog_trashed", "blog_restored", "blog_removed")
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show the way to what was restored; what is gone cannot be opened."""
        return self.told(event)
