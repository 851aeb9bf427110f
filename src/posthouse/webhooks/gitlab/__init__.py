"""GitLab: project, group and system hooks. What a handler of one more GitLab event builds on is named here."""

from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler
from posthouse.webhooks.gitlab.payload import GitlabNotifyEventHandler

__all__ = ["GitlabNotifyEventHandler", "GitlabWebhookHandler"]
