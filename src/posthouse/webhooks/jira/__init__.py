"""Jira: webhooks of Cloud, Data Center and Server. What a handler of one more Jira event builds on is named here."""

from posthouse.webhooks.jira.handler import JiraWebhookHandler, JiraWebhookSettings
from posthouse.webhooks.jira.payload import JiraNotifyEventHandler

__all__ = ["JiraNotifyEventHandler", "JiraWebhookHandler", "JiraWebhookSettings"]
