"""Deploy tokens that expire soon."""

from posthouse import Reader
from posthouse.webhooks.gitlab.expiry import ExpiryNotifyEventHandler


class ResourceDeployTokenHookNotifyEventHandler(ExpiryNotifyEventHandler):
    """Tells of deploy tokens that expire soon."""

    events = ("Resource Deploy Token Hook",)
    kind = "deploy_token"
    place = "repository#js-deploy-tokens"

    def noun(self, reader: Reader) -> str:  # noqa: ARG002 - all of them have one name
        """Name it as GitLab does."""
        return self.choose(zh="部署令牌", en="Deploy token")
