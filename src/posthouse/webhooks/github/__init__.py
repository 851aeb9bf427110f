"""GitHub: webhooks of repositories and organisations. What a handler of one more event builds on is named here."""

from posthouse.webhooks.github.handler import GitHubWebhookHandler
from posthouse.webhooks.github.payload import GitHubNotifyEventHandler

__all__ = ["GitHubNotifyEventHandler", "GitHubWebhookHandler"]
