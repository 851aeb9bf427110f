"""Confluence, Data Center and Cloud. What a handler of one more Confluence event builds on is named here."""

from posthouse.webhooks.confluence.handler import ConfluenceWebhookHandler
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler

__all__ = ["ConfluenceNotifyEventHandler", "ConfluenceWebhookHandler"]
