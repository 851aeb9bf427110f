"""Anything that posts JSON: the configuration says what is told of it."""

from posthouse.webhooks.generic.handler import GenericWebhookHandler

__all__ = ["GenericWebhookHandler"]
