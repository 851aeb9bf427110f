"""Which webhooks have somebody to ask, and how that is said in the trace."""

from collections.abc import Callable, Mapping

from posthouse.core.event import Event, Findings
from posthouse.core.plugin import WebhookHandler
from posthouse.lookups.client import PATIENCE, Client
from posthouse.lookups.confluence import ConfluenceLookup, server_of
from posthouse.meters import WorkMeters
from posthouse.spans import Spans
from posthouse.webhooks.confluence import ConfluenceWebhookHandler


class Lookups:
    """Asks the senders of the webhooks that have credentials for it; used by any number of threads.

    ``clock`` tells seconds since the epoch, and ``patience`` is how many seconds the questions about one event may
    take. Where a sender's name is hard to resolve, it may take as long as the system's resolver does.
    """

    def __init__(
        self,
        webhooks: Mapping[str, WebhookHandler],
        *,
        clock: Callable[[], float],
        patience: float = PATIENCE,
        meters: WorkMeters | None = None,
        spans: Spans | None = None,
    ) -> None:
        self._client = Client("Confluence", clock=clock, patience=patience, meters=meters, spans=spans)
        self._by_webhook: Mapping[str, ConfluenceLookup] = {
            webhook_id: ConfluenceLookup(server, self._client)
            for webhook_id, handler in webhooks.items()
            if isinstance(handler, ConfluenceWebhookHandler)
            and (server := server_of(webhook_id, handler.settings)) is not None
        }

    def look_up(self, webhook_id: str, event: Event) -> Findings:
        """Return what the sender says about an event, with an empty note where nothing is asked. Never raises."""
        lookup = self._by_webhook.get(webhook_id)
        return Findings() if lookup is None else lookup.look_up(event)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
