"""What Confluence sends and nobody needs to hear: said twice, only looked at, or between machines."""

from posthouse import Event, EventHandler, No
from posthouse.webhooks.confluence.handler import CONNECTION_TEST, ConfluenceWebhookHandler

#: Why nothing is said, by the event's name.
REASONS = {
    CONNECTION_TEST: "Confluence's connection test",
    **dict.fromkeys(
        ("content_created", "content_updated", "content_trashed", "content_restored", "content_removed"),
        "Confluence also reports it as an event of the page, blog post, comment or attachment",
    ),
    **dict.fromkeys(("page_viewed", "blog_viewed", "attachment_viewed"), "somebody only looked at it"),
    **dict.fromkeys(("label_created", "label_deleted"), "where a label is used is reported as label_added"),
    **dict.fromkeys(
        ("relation_created", "relation_deleted"), "relations, such as likes and favourites, are nobody's news"
    ),
    "theme_enabled": "a theme changes how Confluence looks, not what it says",
}


class ConfluenceSilentEventHandler(EventHandler):
    """Tells of nothing: the connection test, events that are reported twice, views, relations and themes."""

    webhook_type = ConfluenceWebhookHandler
    events = tuple(REASONS)

    def handle(self, event: Event) -> No:
        """Say why nobody hears of it."""
        return No(REASONS.get(event.name, "nobody needs to hear of it"))
