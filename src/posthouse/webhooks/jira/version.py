"""Versions of projects: released, taken back, planned, merged into others.

Jira sends the number of the project alone, and not who did it.
"""

from typing import ClassVar
from urllib.parse import quote as quoted

from posthouse import Event, Level, Line, Link, No, Reader, Yes
from posthouse.webhooks.jira.dates import day
from posthouse.webhooks.jira.payload import name, number, project_key
from posthouse.webhooks.jira.thing import ThingNotifyEventHandler


class VersionReleaseNotifyEventHandler(ThingNotifyEventHandler):
    """Tells of versions that are released, and of those that turn out not to be."""

    events: ClassVar[tuple[str, ...]] = ("jira:version_released", "jira:version_unreleased")
    kind: ClassVar = "version"
    words: ClassVar = {
        "jira:version_released": ("版本已发布", "Version released"),
        "jira:version_unreleased": ("版本的发布被撤回", "Version is unreleased again"),
        "jira:version_created": ("新建了版本", "Version created"),
        "jira:version_updated": ("版本信息有更新", "Version updated"),
        "jira:version_moved": ("版本的顺序有调整", "Version moved in the list"),
        "jira:version_deleted": ("版本被删除", "Version deleted"),
    }

    def level(self, action: str) -> Level:
        """Return that a release is a success, and one that is taken back a warning."""
        return {"released": Level.SUCCESS, "unreleased": Level.WARNING}.get(action, Level.INFO)

    def details(self, reader: Reader) -> tuple[tuple[str, Line | str], ...]:
        """Return the days from when to when the version is worked on."""
        zone = self.site.time_zone
        start = day(reader, "version.startDate", zone) or name(reader, "version.userStartDate")
        end = day(reader, "version.releaseDate", zone) or name(reader, "version.userReleaseDate")
        return (
            (self.choose(zh="开始日期", en="Start date"), start),
            (self.choose(zh="发布日期", en="Release date"), end),
        )

    def link(self, reader: Reader) -> Link:
        """Return the version's page where the project is known, else the search for its issues by its number."""
        base, project, own = self.base(reader), project_key(reader), number(reader, "version.id")
        search = f"{base}/issues/?jql={quoted(f'fixVersion = {own}', safe='')}"
        page = f"{base}/projects/{quoted(project, safe='')}/versions/{own}" if project else search
        return Link(self.choose(zh="查看版本", en="Open version"), page if base and own else "")


class VersionPlanNotifyEventHandler(VersionReleaseNotifyEventHandler):
    """Tells of versions that are planned: made, changed and put in order."""

    events: ClassVar[tuple[str, ...]] = ("jira:version_created", "jira:version_updated", "jira:version_moved")
    on_by_default: ClassVar = False


class VersionDeletedNotifyEventHandler(VersionReleaseNotifyEventHandler):
    """Tells of versions that are deleted, or merged into others."""

    # Jira deletes what it merges: ``jira:version_deleted`` with ``mergedTo``. Some of its pages have a name for that.
    events: ClassVar[tuple[str, ...]] = ("jira:version_deleted", "jira:version_merged")
    on_by_default: ClassVar = False
    happenings: ClassVar = {"deleted": True, "merged": True}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about what was not chosen, and about versions without a name."""
        action = self.action(event)
        return super().should_notify(event) if self.tells(event, action) else No(f"the version was {action}")

    def action(self, event: Event) -> str:
        """Return whether the version was merged or only deleted."""
        merged = event.name == "jira:version_merged" or event.reader.has("mergedTo")
        return "merged" if merged else "deleted"

    def headline(self, event: Event) -> str:
        """Return what became of which version."""
        reader = event.reader
        if self.action(event) == "deleted" or not self.called(reader):
            return super().headline(event)
        target = name(reader, "mergedTo.name") or self.choose(zh="其他版本", en="another version")
        line = {"source": self.called(reader), "target": target}
        return self.title(zh="版本 {source} 被合并到 {target}", en="Version {source} was merged into {target}", **line)
