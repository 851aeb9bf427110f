"""Custom webhook templates: GitLab then sends what somebody wrote there, and nothing that can be relied on."""

from posthouse import Event, EventHandler, No
from posthouse.webhooks.gitlab.handler import CUSTOM_TEMPLATE, GitlabWebhookHandler


class CustomTemplateHookEventHandler(EventHandler):
    """Tells of nothing: such a webhook does not say in its body what happened."""

    webhook_type = GitlabWebhookHandler
    events = (CUSTOM_TEMPLATE,)

    def handle(self, event: Event) -> No:  # noqa: ARG002 - whatever it says, it is no event
        """Say where to look."""
        return No("the body has no object_kind and no event_name: a custom webhook template is in use in GitLab")
