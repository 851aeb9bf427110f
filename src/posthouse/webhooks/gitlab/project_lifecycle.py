"""Projects as such: created, renamed, moved, deleted. Told of by system hooks, and in part by group hooks."""

from typing import ClassVar

from posthouse import Event, Level, Link, Message, No, Reader, Yes, buttons, fields
from posthouse.webhooks.gitlab.deletion import meaning, unmarked
from posthouse.webhooks.gitlab.instance import InstanceNotifyEventHandler, event_name, facts_of, story_of
from posthouse.webhooks.gitlab.payload import name, number, occurrence, word

#: What happened, as (Chinese, English).
WORDS = {
    "create": ("项目 {project} 已创建", "Project {project} was created"),
    "rename": ("项目 {old} 已更名为 {project}", "Project {old} was renamed to {project}"),
    "transfer": ("项目 {old} 已转移到 {project}", "Project {old} was moved to {project}"),
    "schedule_deletion": ("项目 {project} 已被标记为待删除", "Project {project} was marked for deletion"),
    "restore": ("项目 {project} 已恢复，不会被删除", "Project {project} was restored and will not be deleted"),
    "destroy": ("项目 {project} 已删除", "Project {project} was deleted"),
    "update": ("项目 {project} 的设置已变更", "The settings of project {project} were changed"),
}
LEVELS = {"schedule_deletion": Level.WARNING, "destroy": Level.WARNING}
VISIBILITIES = {"private": "私有", "internal": "内部", "public": "公开"}


class ProjectHookNotifyEventHandler(InstanceNotifyEventHandler):
    """Tells of projects that are created, renamed, moved, deleted or restored."""

    # Told by default: these are rare, and whoever works with a project has to know. And GitLab's test of a system hook
    # is one of them.
    events: ClassVar[tuple[str, ...]] = (
        "Project Hook",
        "Project Create Hook",
        "Project Rename Hook",
        "Project Transfer Hook",
        "Project Destroy Hook",
    )
    happenings: ClassVar = dict.fromkeys(
        ("create", "rename", "transfer", "schedule_deletion", "restore", "destroy"), True
    )

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about what the configuration leaves out."""
        what = _happening(event.reader)
        return Yes() if self.tells(event, what) else No(f"the project's action is {what or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show who owns the project and who may see it; what is gone is not linked to."""
        project = event.reader
        what, path, old = _happening(project), _path(project), unmarked(_old_path(project))
        zh, en = WORDS.get(what, WORDS["update"])
        return Message(
            title=self.title(zh=zh, en=en, project=self.unnamed(path), old=self.unnamed(old)),
            blocks=(
                *fields(
                    (self.choose(zh="名称", en="Name"), _other_name(project)),
                    (self.choose(zh="可见性", en="Visibility"), self._visibility(project)),
                    (self.choose(zh="所有者", en="Owners"), self._owners(project)),
                ),
                *buttons(self._link(project, what)),
            ),
            level=LEVELS.get(what, Level.INFO),
            facts=facts_of(project=path, old="" if old == path else old, action=what, visibility=_visibility(project)),
            story=story_of("project", number(project, "project_id")),
            occurrence=_occurrence(project),
        )

    def _visibility(self, project: Reader) -> str:
        visibility = _visibility(project)
        return self.choose(zh=VISIBILITIES.get(visibility, visibility), en=visibility)

    def _owners(self, project: Reader) -> str:
        """Return the owners' names; the e-mail addresses that GitLab puts beside them are not told."""
        return self.names(project.each("owners")) or name(project, "owner_name")

    def _link(self, project: Reader, what: str) -> Link:
        url = "" if what == "destroy" else self.page(name(project, "path_with_namespace"))
        return Link(self.choose(zh="查看项目", en="Open project"), url)


class ProjectUpdateHookNotifyEventHandler(ProjectHookNotifyEventHandler):
    """Tells that the settings of a project changed; GitLab does not say which."""

    events: ClassVar[tuple[str, ...]] = ("Project Update Hook",)
    #: One comes for every description, topic and switch that anybody changes.
    on_by_default = False
    happenings: ClassVar = {"update": True}


def _happening(project: Reader) -> str:
    verb = event_name(project).removeprefix("project_")
    return meaning(verb, old=_old_path(project), new=name(project, "path_with_namespace"))


def _path(project: Reader) -> str:
    """Return the project's path; GitLab's test of a system hook has no more than a name."""
    return unmarked(name(project, "path_with_namespace", "name", "path"))


def _old_path(project: Reader) -> str:
    return name(project, "old_path_with_namespace")


def _other_name(project: Reader) -> str:
    """Return the project's name where it says more than its path does."""
    own, path = unmarked(name(project, "name")), _path(project)
    return "" if own.casefold() == path.rpartition("/")[2].casefold() else own


def _visibility(project: Reader) -> str:
    """Return who may see the project; some GitLabs write "visibilitylevel|private"."""
    return word(project, "project_visibility").rpartition("|")[2]


def _occurrence(project: Reader) -> str | None:
    ids = number(project, "project_id"), name(project, "updated_at")
    return occurrence("project", event_name(project), *ids)
