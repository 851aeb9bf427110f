"""Pings: GitHub sends one when a webhook is set up, to see whether anybody answers."""

from posthouse import Event, EventHandler, No
from posthouse.webhooks.github.handler import GitHubWebhookHandler


class GitHubPingEventHandler(EventHandler):
    """Tells of nothing: what came of the ping shows in GitHub, under the webhook's recent deliveries."""

    webhook_type = GitHubWebhookHandler
    events = ("ping",)

    def handle(self, event: Event) -> No:  # noqa: ARG002 - every ping is the same
        """Keep silent."""
        return No("GitHub's ping")
