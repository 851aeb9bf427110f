"""Access tokens of projects and groups that expire soon."""

from posthouse import Reader
from posthouse.webhooks.gitlab.expiry import ExpiryNotifyEventHandler, group_name


class ResourceAccessTokenHookNotifyEventHandler(ExpiryNotifyEventHandler):
    """Tells of access tokens of projects and groups that expire soon."""

    events = ("Resource Access Token Hook",)
    kind = "access_token"
    place = "access_tokens"

    def noun(self, reader: Reader) -> str:
        """Name it after whom it stands for, as GitLab does."""
        if group_name(reader):
            return self.choose(zh="群组访问令牌", en="Group access token")
        return self.choose(zh="项目访问令牌", en="Project access token")
