"""Members of projects and groups: who came, went, got another role, or asks to be let in.

System hooks send an event of its own name for each; a group hook sends the same payload as a "Member Hook".
"""

import re
from typing import ClassVar

from posthouse import Event, Line, Link, Message, No, Reader, Yes, buttons, fields
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler, event_name, facts_of
from posthouse.webhooks.gitlab.payload import name, number, occurrence
from posthouse.webhooks.gitlab.role import role_of, role_words

#: GitLab's names of what happens to members, in the words of the configuration.
HAPPENINGS = {
    "user_add_to_team": "add",
    "user_add_to_group": "add",
    "user_update_for_team": "update",
    "user_update_for_group": "update",
    "user_remove_from_team": "remove",
    "user_remove_from_group": "remove",
    "user_access_request_to_project": "request",
    "user_access_request_to_group": "request",
    "user_access_request_revoked_for_project": "revoke",
    "user_access_request_revoked_for_group": "revoke",
    "user_access_request_denied_for_group": "deny",
}
#: What happened, as (Chinese, English).
WORDS = {
    "add": ("{user} 已加入{place}", "{user} was added to {place}"),
    "update": ("{user} 在{place} 的成员权限已变更", "The membership of {user} in {place} was changed"),
    "remove": ("{user} 不再是{place} 的成员", "{user} is no longer a member of {place}"),
    "request": ("{user} 申请访问{place}", "{user} asks for access to {place}"),
    "revoke": ("{user} 对{place} 的访问申请已撤销", "The access request of {user} to {place} was withdrawn"),
    "deny": ("{user} 对{place} 的访问申请已被拒绝", "The access request of {user} to {place} was denied"),
}
#: When the role is news.
NEW_ROLE = frozenset({"add", "update"})
#: The last day of a membership, which is written as its midnight in UTC: it is no time to be converted.
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MemberHookNotifyEventHandler(InstanceNotifyEventHandler):
    """Tells of requests for access to a group and, if the configuration says so, of members who come and go."""

    events: ClassVar[tuple[str, ...]] = ("Member Hook",)
    #: A request waits for somebody; everything else has been done by somebody who knows, or in masses by a script.
    happenings: ClassVar = {
        "request": True,
        "add": False,
        "update": False,
        "remove": False,
        "revoke": False,
        "deny": False,
    }

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about what the configuration, or the default, leaves out."""
        what = _happening(event.reader)
        return Yes() if self.tells(event, what) else No(f"the member's action is {what or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show who it is, and the role and its end where they are news."""
        member = event.reader
        what, role = _happening(member), role_of(member, "group_access", "access_level", "project_access")
        role_name = self.choose(**role_words(role))
        return Message(
            title=self.titled(self._headline(member, what), role_name if what in NEW_ROLE else ""),
            blocks=(
                *fields(
                    (self.choose(zh="用户名", en="Username"), name(member, "user_username")),
                    (self.choose(zh="申请角色", en="Role"), role_name if what == "request" else ""),
                    (self.choose(zh="有效期至", en="Until"), _end(member) if what in NEW_ROLE else ""),
                ),
                *buttons(self._link(member, what)),
            ),
            facts=facts_of(
                project=_project(member),
                group=name(member, "group_path", "group_name"),
                user=name(member, "user_username", "user_name"),
                action=what,
                role=role,
            ),
            occurrence=_occurrence(member),
        )

    def _headline(self, member: Reader, what: str) -> Line:
        zh, en = WORDS.get(what, WORDS["update"])
        user = self.unnamed(name(member, "user_name", "user_username"))
        return self.say(zh=zh, en=en, user=user, place=self._place(member))

    def _place(self, member: Reader) -> str:
        project, group = _project(member), name(member, "group_name", "group_path")
        if project:
            return self.choose(zh=f"项目 {project}", en=f"project {project}")
        if group:
            return self.choose(zh=f"群组 {group}", en=f"group {group}")
        return self.choose(zh="一个项目或群组", en="a project or group")

    def _link(self, member: Reader, what: str) -> Link:
        """Link to the project; of a group, GitLab sends only the last part of the path, which is no address."""
        path = name(member, "project_path_with_namespace")
        if what == "request":
            form = "{path}/-/project_members?tab=access_requests"
            return Link(self.choose(zh="处理申请", en="Decide"), self.page(path, form))
        return Link(self.choose(zh="查看成员", en="Open members"), self.page(path, "{path}/-/project_members"))


class MembershipHookNotifyEventHandler(MemberHookNotifyEventHandler):
    """Tells of members of projects and groups who come, go or get another role."""

    events: ClassVar[tuple[str, ...]] = (
        "User Add To Team Hook",
        "User Update For Team Hook",
        "User Remove From Team Hook",
        "User Add To Group Hook",
        "User Update For Group Hook",
        "User Remove From Group Hook",
    )
    #: They come in masses when a directory is synchronized, a group is shared or a project is imported.
    on_by_default = False
    happenings: ClassVar = dict.fromkeys(("add", "update", "remove"), True)


class AccessRequestHookNotifyEventHandler(MemberHookNotifyEventHandler):
    """Tells of users who ask for access to a project or a group."""

    events: ClassVar[tuple[str, ...]] = ("User Access Request To Project Hook", "User Access Request To Group Hook")
    happenings: ClassVar = {"request": True}


class AccessRequestEndHookNotifyEventHandler(MemberHookNotifyEventHandler):
    """Tells of requests for access that came to nothing."""

    events: ClassVar[tuple[str, ...]] = (
        "User Access Request Revoked For Project Hook",
        "User Access Request Revoked For Group Hook",
        "User Access Request Denied For Group Hook",
    )
    #: Nobody has to do anything about them any more.
    on_by_default = False
    happenings: ClassVar = {"revoke": True, "deny": True}


def _happening(member: Reader) -> str:
    found = event_name(member)
    return HAPPENINGS.get(found, found)


def _project(member: Reader) -> str:
    return name(member, "project_path_with_namespace", "project_name", "project_path")


def _end(member: Reader) -> str:
    found = DAY.match(member.text("expires_at"))
    return found.group() if found else ""


def _occurrence(member: Reader) -> str | None:
    place = number(member, "project_id") or number(member, "group_id")
    return occurrence("member", event_name(member), place, number(member, "user_id"), name(member, "updated_at"))
