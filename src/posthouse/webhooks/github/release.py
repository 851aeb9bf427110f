"""Releases: which version, what it says, what can be downloaded."""

from posthouse import (
    Block,
    Code,
    Event,
    Level,
    Line,
    Link,
    Message,
    No,
    Reader,
    Yes,
    buttons,
    fields,
    items,
    quote_markdown,
)
from posthouse.webhooks.github.payload import (
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    name,
    number,
    occurrence,
    story,
    word,
)

#: What may happen, by GitHub's actions. For one new release GitHub reports that it was created, published and released.
HAPPENINGS = {
    "published": Happening("{who} 发布了新版本 {tag}{kind}", "{who} published release {tag}{kind}"),
    "unpublished": Happening("{who} 撤回了版本 {tag}", "{who} withdrew release {tag}", told=False, level=Level.WARNING),
    "created": Happening("{who} 新建了版本 {tag}{kind}", "{who} created release {tag}{kind}", told=False),
    "edited": Happening("{who} 更新了版本 {tag}", "{who} edited release {tag}", told=False),
    "deleted": Happening("{who} 删除了版本 {tag}", "{who} deleted release {tag}", told=False, level=Level.WARNING),
    "prereleased": Happening("{who} 发布了预览版 {tag}", "{who} published pre-release {tag}", told=False),
    "released": Happening("{who} 发布了正式版 {tag}", "{who} published final release {tag}", told=False),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{who} 更新了版本 {tag}", "{who} updated release {tag}")


class GitHubReleaseNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of new releases."""

    events = ("release",)
    happenings = defaults(HAPPENINGS)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about drafts, edits and the end of releases."""
        return self.told(event, "release", word(event.reader, "action"))

    def message(self, event: Event) -> Message:
        """Show the notes and the assets; what is gone is not linked to."""
        change = event.reader
        what, release, tag = word(change, "action"), change.at("release"), name(change, "release.tag_name")
        title, deleted = name(release, "name"), what == "deleted"
        # A release may be edited again and again, and nothing but the time tells one edit from another.
        when = name(release, "updated_at") or name(release, "published_at") or name(release, "created_at")
        return Message(
            title=self.titled(self._headline(change, what, tag), "" if title == tag else title),
            blocks=(
                *self.about(change),
                *fields((self.choose(zh="目标", en="Target"), _target(release))),
                *quote_markdown(release.text("body")),
                *(() if deleted else _assets(release)),
                *buttons(self._link(change, deleted=deleted)),
            ),
            level=HAPPENINGS.get(what, OTHER).level,
            facts=self.facts(change, ref=tag, action=what, type=_type(release)),
            story=story(change, "release", tag),
            occurrence=occurrence("release", number(release, "id"), what, when),
        )

    def _headline(self, change: Reader, what: str, tag: str) -> Line:
        happening = HAPPENINGS.get(what, OTHER)
        version = Code(tag) if tag else self.choose(zh="（未知版本）", en="(unknown version)")
        kind = self.choose(zh="（预览版）", en=" (pre-release)") if change.flag("release.prerelease") else ""
        return self.say(zh=happening.zh, en=happening.en, who=self.actor(change), tag=version, kind=kind)

    def _link(self, change: Reader, *, deleted: bool) -> Link:
        repository = change.link("repository.html_url")
        if deleted:
            return Link(
                self.choose(zh="查看所有发布", en="All releases"), f"{repository}/releases" if repository else ""
            )
        return Link(self.choose(zh="查看发布", en="Open release"), change.link("release.html_url"))


def _type(release: Reader) -> str:
    return "draft" if release.flag("draft") else "prerelease" if release.flag("prerelease") else "release"


def _target(release: Reader) -> Line:
    """Return the branch or the commit that the tag was made at."""
    target = name(release, "target_commitish")
    return (Code(target),) if target else ()


def _assets(release: Reader) -> tuple[Block, ...]:
    links = [Link(name(asset, "label", "name"), asset.link("browser_download_url")) for asset in release.each("assets")]
    lines = tuple((link,) for link in links if link.text)
    return items(lines)
