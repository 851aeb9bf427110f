"""What the events of a GitLab's own life have in common: its projects, groups, accounts and members.

They come from system hooks, and some from group hooks. By GitLab's pages "System hooks" and "Webhook events" most name
nobody who acted and hold no address, so that only the webhook's settings can say where the GitLab is.
"""

from urllib.parse import quote

from posthouse import Reader
from posthouse.webhooks.gitlab.payload import GitlabNotifyEventHandler, word


class InstanceNotifyEventHandler(GitlabNotifyEventHandler):
    """A handler of events whose payloads hold no address of what they are about."""

    def page(self, path: str, form: str = "{path}") -> str:
        """Return the address of a page of this GitLab; empty if the settings do not say where it is.

        ``form`` is what stands around the path, such as "{path}/-/project_members".
        """
        host = Reader({"host": self.settings.conf.gitlab.host}).link("host").rstrip("/")
        return f"{host}/{form.format(path=quote(path))}" if host and path else ""

    def unnamed(self, text: str) -> str:
        """Return a name, or what stands for one that is missing."""
        return text or self.choose(zh="（未知）", en="(unknown)")


def event_name(reader: Reader) -> str:
    """Return GitLab's own name of the event, such as "project_create"."""
    return word(reader, "event_name")


def facts_of(**facts: str) -> dict[str, str]:
    """Return what rules may match on, without an author, as there is none; empty values are left out."""
    return {fact: value for fact, value in facts.items() if value}


def story_of(kind: str, *ids: str) -> str | None:
    """Return what joins the messages about one object of the GitLab; none if an id of it is missing."""
    return ":".join(("gitlab", kind, *ids)) if all(ids) else None
