"""SSH keys of users, as system hooks report them. The key itself is in the payloads and is not told."""

from posthouse import Event, Link, Message, buttons, fields
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler, event_name, facts_of, story_of
from posthouse.webhooks.gitlab.payload import marked, name, number, occurrence

#: What happened, as (Chinese, English).
WORDS = {
    "create": ("用户 {user} 的 SSH 密钥已添加", "An SSH key of {user} was added"),
    "destroy": ("用户 {user} 的 SSH 密钥已删除", "An SSH key of {user} was removed"),
    "update": ("用户 {user} 的 SSH 密钥有变更", "An SSH key of {user} was changed"),
}


class KeyHookNotifyEventHandler(InstanceNotifyEventHandler):
    """Tells of SSH keys that are added or removed."""

    events = ("Key Create Hook", "Key Destroy Hook")
    #: Everyday business of everybody, and GitLab writes to the key's owner itself.
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show whose key it is, and its number."""
        key = event.reader
        what, username, number_ = event_name(key).removeprefix("key_"), name(key, "username"), number(key, "id")
        zh, en = WORDS.get(what, WORDS["update"])
        return Message(
            title=self.title(zh=zh, en=en, user=self.unnamed(username)),
            blocks=(
                *fields((self.choose(zh="密钥编号", en="Key"), marked("#", number_))),
                *buttons(self._link(username)),
            ),
            facts=facts_of(user=username, action=what),
            story=story_of("key", number_),
            occurrence=occurrence("key", what, number_),
        )

    def _link(self, username: str) -> Link:
        return Link(self.choose(zh="查看用户", en="Open user"), self.page(username, "admin/users/{path}"))
