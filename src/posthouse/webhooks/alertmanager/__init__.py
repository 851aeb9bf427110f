"""Prometheus' Alertmanager: its notifications. What one more handler of them builds on is named here.

Sources: Prometheus' page on the configuration of alerting, at ``webhook_config``, and what Alertmanager 0.25 sends.
"""

from posthouse.webhooks.alertmanager.handler import AlertmanagerWebhookHandler
from posthouse.webhooks.alertmanager.payload import Alert, Group

__all__ = ["Alert", "AlertmanagerWebhookHandler", "Group"]
