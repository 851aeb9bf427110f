"""Projects: new ones, and those that are archived, thrown away or brought back."""

from typing import ClassVar

from posthouse import Level, Line, Link, Reader
from posthouse.webhooks.jira.payload import name, project_key
from posthouse.webhooks.jira.people import first_person
from posthouse.webhooks.jira.thing import ThingNotifyEventHandler


class ProjectNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of projects that are made, changed, archived, deleted or restored."""

    kind: ClassVar = "project"
    words: ClassVar = {
        "project_created": ("新建了项目", "Project created"),
        "project_updated": ("项目信息有更新", "Project updated"),
        "project_deleted": ("项目被删除", "Project deleted"),
        "project_soft_deleted": ("项目被移到回收站", "Project moved to the trash"),
        "project_restored_deleted": ("项目从回收站恢复", "Project restored from the trash"),
        "project_archived": ("项目已归档", "Project archived"),
        "project_restored_archived": ("项目已取消归档", "Project brought back from the archive"),
    }
    events = tuple(words)
    on_by_default: ClassVar = False

    def level(self, action: str) -> Level:
        """Return that an archived project is a warning: nobody can change its issues any more."""
        return Level.WARNING if action == "archived" else Level.INFO

    def own_facts(self, reader: Reader) -> dict[str, str]:
        """Return the key, as for an issue."""
        return {"project": project_key(reader)}

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return the key, the category and who leads it."""
        return (
            (self.choose(zh="项目键", en="Key"), project_key(reader)),
            (self.choose(zh="类别", en="Category"), name(reader, "project.projectCategory.name")),
            (self.choose(zh="负责人", en="Lead"), first_person(reader, "project.projectLead", "project.lead")),
        )

    def link(self, reader: Reader) -> Link:
        """Return the project's page."""
        return Link(self.choose(zh="查看项目", en="Open project"), self.project(reader).url)
