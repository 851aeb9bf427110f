"""Accounts of a GitLab, as system hooks report them. E-mail addresses are in the payloads and are not told."""

from typing import ClassVar

from posthouse import Event, Level, Link, Message, Reader, buttons, fields
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler, event_name, facts_of, story_of
from posthouse.webhooks.gitlab.payload import name, number, occurrence, word

#: What happened, as (Chinese, English).
WORDS = {
    "create": ("用户 {user} 已创建", "User {user} was created"),
    "rename": ("用户 {user} 已更改用户名", "User {user} has a new username"),
    "destroy": ("用户 {user} 已删除", "User {user} was deleted"),
    "failed_login": ("用户 {user} 登录失败", "User {user} failed to sign in"),
    "blocked_login": ("已被禁用的用户 {user} 尝试登录，被拒绝", "Blocked user {user} tried to sign in and was refused"),
    "update": ("用户 {user} 有变更", "User {user} was changed"),
}
LEVELS = {"destroy": Level.WARNING, "failed_login": Level.WARNING}
#: Why an account cannot sign in, as (Chinese, English).
STATES = {"blocked": ("已禁用", "blocked"), "ldap_blocked": ("被 LDAP 禁用", "blocked by LDAP")}


class UserAccountHookNotifyEventHandler(InstanceNotifyEventHandler):
    """Tells of accounts that are created, renamed or deleted."""

    events: ClassVar[tuple[str, ...]] = ("User Create Hook", "User Rename Hook", "User Destroy Hook")
    #: They come in masses when a directory is synchronized.
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Show the username, and the one before."""
        user = event.reader
        what, username, old = _happening(user), name(user, "username"), name(user, "old_username")
        state = word(user, "state")
        is_blocked = what == "failed_login" and state in STATES
        zh, en = WORDS["blocked_login"] if is_blocked else WORDS.get(what, WORDS["update"])
        state_zh, state_en = STATES.get(state, (state, state))
        return Message(
            title=self.title(zh=zh, en=en, user=self.unnamed(name(user, "name", "username"))),
            blocks=(
                *fields(
                    (self.choose(zh="用户名", en="Username"), username),
                    (self.choose(zh="原用户名", en="Username before"), old),
                    (self.choose(zh="状态", en="State"), self.choose(zh=state_zh, en=state_en)),
                ),
                *buttons(self._link(what, username)),
            ),
            level=LEVELS.get(what, Level.INFO),
            facts=facts_of(user=username, old=old, action=what, status=state),
            story=story_of("user", number(user, "user_id")),
            occurrence=_occurrence(user, what),
        )

    def _link(self, what: str, username: str) -> Link:
        url = "" if what == "destroy" else self.page(username, "admin/users/{path}")
        return Link(self.choose(zh="查看用户", en="Open user"), url)


class UserFailedLoginHookNotifyEventHandler(UserAccountHookNotifyEventHandler):
    """Tells of blocked users who try to sign in."""

    events: ClassVar[tuple[str, ...]] = ("User Failed Login Hook",)
    #: GitLab sends this for blocked accounts only: somebody who left tries to get in, or was blocked by mistake.
    on_by_default = True


def _happening(user: Reader) -> str:
    return event_name(user).removeprefix("user_")


def _occurrence(user: Reader, what: str) -> str | None:
    """Name the event. A payload does not say when somebody tried to sign in: many trials in a row are told once."""
    number_, when = number(user, "user_id"), name(user, "updated_at")
    return occurrence("user", what, number_, *([] if what == "failed_login" else [when]))
