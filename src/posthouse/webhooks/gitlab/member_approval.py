"""Role promotions that an administrator has to approve, where GitLab is set up so.

GitLab's page "System hooks" has the payloads: numbers of users and of a namespace, and no names.
"""

from typing import ClassVar

from posthouse import Event, Level, Link, Message, No, Reader, Yes, buttons, fields, listed, plain
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler, facts_of, story_of
from posthouse.webhooks.gitlab.payload import name, number, occurrence, word
from posthouse.webhooks.gitlab.role import role_of, role_words

#: What happened, as (Chinese, English). An action of GitLab's, or that it could not be carried out.
WORDS = {
    "enqueue": ("用户 {user} 的角色提升等待审批", "A role promotion of user {user} is waiting for approval"),
    "approve": ("用户 {user} 的角色提升已获批准", "The role promotion of user {user} was approved"),
    "deny": ("用户 {user} 的角色提升已被拒绝", "The role promotion of user {user} was denied"),
    "failed": (
        "用户 {user} 的角色提升审批未能全部执行",
        "The decision on the role promotion of user {user} could not be carried out in full",
    ),
    "update": ("用户 {user} 的角色提升有变更", "The role promotion of user {user} has changed"),
}
LEVELS = {"approve": Level.SUCCESS, "deny": Level.WARNING, "failed": Level.FAILURE}


class MemberApprovalHookNotifyEventHandler(InstanceNotifyEventHandler):
    """Tells of role promotions that wait for an administrator, and of what became of them."""

    events = ("Gitlab Subscription Member Approval Hook", "Gitlab Subscription Member Approvals Hook")
    #: All are told by default: the first waits for somebody, and the others say that nobody needs to look any more.
    happenings: ClassVar = dict.fromkeys(("enqueue", "approve", "deny", "failed"), True)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about unknown actions, and about what the configuration leaves out."""
        what = _happening(event.reader)
        return Yes() if self.tells(event, what) else No(f"the role promotion's action is {what or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show the roles, and the numbers of who asked and who decided."""
        approval = event.reader
        what, user = _happening(approval), number(approval, "user_id")
        zh, en = WORDS.get(what, WORDS["update"])
        page = self.page("admin/role_promotion_requests")
        return Message(
            title=self.title(zh=zh, en=en, user=self.unnamed(user)),
            blocks=(
                *fields(
                    (self.choose(zh="角色", en="Role"), self._roles(approval)),
                    (self.choose(zh="命名空间", en="Namespace"), number(approval, "promotion_namespace_id")),
                    (self.choose(zh="申请人", en="Requested by user"), number(approval, "requested_by_user_id")),
                    (self.choose(zh="审批人", en="Decided by user"), number(approval, "reviewed_by_user_id")),
                    (self.choose(zh="未生效的申请", en="Requests that failed"), _failed(approval)),
                ),
                *buttons(Link(self.choose(zh="查看待审批", en="Open requests"), page)),
            ),
            level=LEVELS.get(what, Level.INFO),
            facts=facts_of(action=what, role=role_of(approval, "object_attributes.new_access_level")),
            story=story_of("role_promotion", user),
            occurrence=_occurrence(approval),
        )

    def _roles(self, approval: Reader) -> str:
        levels = (role_of(approval, f"object_attributes.{age}_access_level") for age in ("old", "new"))
        return " → ".join(self.choose(**role_words(role)) for role in levels if role)


def _happening(approval: Reader) -> str:
    """Return the action, or that GitLab could not apply it to everything that it was about."""
    action, status = word(approval, "action"), word(approval, "object_attributes.status")
    return "failed" if status not in {"", "success"} or _failed(approval) else action


def _failed(approval: Reader) -> str:
    """Return the numbers of the requests that an approval could not be applied to, ten at most."""
    values = approval.at("object_attributes.promotion_request_ids_that_failed_to_apply").value
    ids = [
        found
        for value in (values if isinstance(values, list) else [])
        if (found := number(Reader({"id": value}), "id"))
    ]
    return plain(listed(ids, ", "))


def _occurrence(approval: Reader) -> str | None:
    action, user, when = word(approval, "action"), number(approval, "user_id"), name(approval, "updated_at")
    asked_for = (number(approval, "promotion_namespace_id"),) if action == "enqueue" else ()
    return occurrence("role_promotion", action, user, *asked_for, when)
