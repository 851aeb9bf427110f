"""Groups and subgroups: created, renamed, deleted. Told of by system hooks, subgroups by the hooks of their groups."""

from typing import ClassVar

from posthouse import Event, Level, Link, Message, No, Reader, Yes, buttons, fields
from posthouse.webhooks.gitlab.deletion import meaning, unmarked
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler, event_name, facts_of, story_of
from posthouse.webhooks.gitlab.payload import name, number, occurrence

#: What happened, as (Chinese, English).
WORDS = {
    "create": ("{kind} {group} 已创建", "{kind} {group} was created"),
    "rename": ("{kind} {old} 已更名为 {group}", "{kind} {old} was renamed to {group}"),
    "schedule_deletion": ("{kind} {group} 已被标记为待删除", "{kind} {group} was marked for deletion"),
    "restore": ("{kind} {group} 已恢复，不会被删除", "{kind} {group} was restored and will not be deleted"),
    "destroy": ("{kind} {group} 已删除", "{kind} {group} was deleted"),
    "update": ("{kind} {group} 有变更", "{kind} {group} was changed"),
}
LEVELS = {"schedule_deletion": Level.WARNING, "destroy": Level.WARNING}


class GroupHookNotifyEventHandler(InstanceNotifyEventHandler):
    """Tells of groups that are created, renamed, deleted or restored."""

    events: ClassVar[tuple[str, ...]] = ("Group Create Hook", "Group Rename Hook", "Group Destroy Hook")
    happenings: ClassVar = dict.fromkeys(("create", "rename", "schedule_deletion", "restore", "destroy"), True)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about what the configuration leaves out."""
        what = _happening(event.reader)
        return Yes() if self.tells(event, what) else No(f"the group's action is {what or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show the group's name; what is gone is not linked to."""
        group = event.reader
        what, path, old = _happening(group), _path(group), unmarked(name(group, "old_full_path", "old_path"))
        zh, en = WORDS.get(what, WORDS["update"])
        return Message(
            title=self.title(zh=zh, en=en, kind=self._kind(group), group=self.unnamed(path), old=self.unnamed(old)),
            blocks=(
                *fields((self.choose(zh="名称", en="Name"), _other_name(group))),
                *buttons(self._link(group, what)),
            ),
            level=LEVELS.get(what, Level.INFO),
            facts=facts_of(group=path, old="" if old == path else old, action=what),
            story=story_of("group", number(group, "group_id")),
            occurrence=_occurrence(group),
        )

    def _kind(self, group: Reader) -> str:
        if event_name(group).startswith("sub"):
            return self.choose(zh="子群组", en="Subgroup")
        return self.choose(zh="群组", en="Group")

    def _link(self, group: Reader, what: str) -> Link:
        """Link by the full path only: the last part of it may be the path of quite another group."""
        url = "" if what == "destroy" else self.page(name(group, "full_path"), "groups/{path}")
        return Link(self.choose(zh="查看群组", en="Open group"), url)


class SubgroupHookNotifyEventHandler(GroupHookNotifyEventHandler):
    """Tells of subgroups that are created or deleted."""

    events: ClassVar[tuple[str, ...]] = ("Subgroup Hook", "Subgroup Create Hook", "Subgroup Destroy Hook")
    happenings: ClassVar = dict.fromkeys(("create", "destroy"), True)


def _happening(group: Reader) -> str:
    return meaning(_verb(group), old=name(group, "old_path"), new=name(group, "path"))


def _verb(group: Reader) -> str:
    return event_name(group).removeprefix("sub").removeprefix("group_")


def _path(group: Reader) -> str:
    """Return the group's full path; what is created or deleted at the instance has only its last part."""
    return unmarked(name(group, "full_path", "path", "name"))


def _other_name(group: Reader) -> str:
    """Return the group's name where it says more than its path does."""
    own, path = unmarked(name(group, "name")), _path(group)
    return "" if own.casefold() == path.rpartition("/")[2].casefold() else own


def _occurrence(group: Reader) -> str | None:
    """Name the event without saying "sub", as a system hook calls every subgroup a group."""
    return occurrence("group", _verb(group), number(group, "group_id"), name(group, "updated_at"))
