"""Pages and blog posts: what happens to both is told in the same words."""

from posthouse import Block, Event, Hold, Level, Line, Link, Message, No, Text, Yes, buttons, fields, quote
from posthouse.webhooks.confluence.notify import ConfluenceNotifyEventHandler
from posthouse.webhooks.confluence.payload import actor_ids, content_id, kind_of, name, title, username_of, version_of

#: What happened, as (Chinese, English), by the rest of the event's name.
WORDS = {
    "created": ("{who} 新建了{thing}", "{who} created {thing}"),
    "updated": ("{who} 更新了{thing}", "{who} updated {thing}"),
    "changed": ("{who} 改动了{thing}", "{who} changed {thing}"),
    "moved": ("{who} 移动了{thing}", "{who} moved {thing}"),
    "copied": ("{who} 复制了{thing}", "{who} copied {thing}"),
    "trashed": ("{who} 删除了{thing}", "{who} deleted {thing}"),
    "restored": ("{who} 恢复了{thing}", "{who} restored {thing}"),
    "removed": ("{who} 彻底删除了{thing}", "{who} deleted {thing} for good"),
    "archived": ("{who} 归档了{thing}", "{who} archived {thing}"),
    "unarchived": ("{who} 取消了{thing}{gap}的归档", "{who} unarchived {thing}"),
    "children_reordered": ("{who} 调整了{thing}{gap}的子页面顺序", "{who} reordered the child pages of {thing}"),
    "permissions_updated": ("{who} 修改了{thing}{gap}的访问权限", "{who} changed who may see or edit {thing}"),
}
#: What can happen only once to one thing.
ONCE = frozenset({"created", "removed"})
#: After these nobody can open it any more.
GONE = frozenset({"trashed", "removed"})
#: After these it has another text.
EDITED = frozenset({"updated", "changed"})


class ContentNotifyEventHandler(ConfluenceNotifyEventHandler):
    """A handler of what happens to pages and blog posts."""

    def told_as_edit(self, event: Event) -> Yes | No:
        """Decide about an edit by what its author calls it: a minor one, if that was looked up or sent, or not."""
        minor = event.findings.flag("minor_edit") or event.reader.flag("is_minor_edit")
        if self.tells(event, "minor_edit" if minor else "edit"):
            return Yes()
        return No("the edit is marked as minor" if minor else "the edit is not marked as minor")

    def told(self, event: Event) -> Message:
        """Return the message: what happened to what, in which space, what its author says of it, where it is read."""
        happening = happening_of(event)
        return Message(
            title=self.titled(self._headline(event, happening), title(event)),
            blocks=(
                *self.where(event),
                *self._above(event),
                *(self._way_back() if happening == "trashed" else ()),
                *(quote(_version_comment(event)) if happening in EDITED else ()),
                *(() if happening in GONE else buttons(*self._links(event, happening))),
            ),
            level=Level.WARNING if happening in GONE else Level.INFO,
            facts=self.facts(event, action=happening),
            story=self.story(content_id(event)),
            occurrence=self.occurrence(event, again=happening not in ONCE),
            hold=self._hold(event, happening),
        )

    def _headline(self, event: Event, happening: str) -> Line:
        reference = "" if title(event) else content_id(event)
        return self.tell(WORDS.get(happening, WORDS["changed"]), event, **self.called(kind_of(event), reference))

    def _above(self, event: Event) -> tuple[Block, ...]:
        """Name the page above, where it was looked up: that is asked for when a page is moved."""
        parent = Link(name(event.findings, "parent_title"), event.findings.link("parent_link"))
        return fields((self.choose(zh="上级页面", en="Now below"), (parent,)))

    def _way_back(self) -> tuple[Text, ...]:
        return (Text((self.choose(zh="在空间的回收站里还能恢复。", en="It can be restored from the space's trash."),)),)

    def _links(self, event: Event, happening: str) -> tuple[Link, ...]:
        version = version_of(event) or 0
        changes = "diffpagesbyversion.action?pageId={id}&selectedPageVersions={old}&selectedPageVersions={new}"
        compared = happening in EDITED and version > 1
        return (
            Link(self.choose(zh="打开", en="Open"), self.page_link(event)),
            Link(
                self.choose(zh="查看变更", en="View changes"),
                self.built(changes, event, old=str(version - 1), new=str(version)) if compared else "",
            ),
        )

    def _hold(self, event: Event, happening: str) -> Hold | None:
        """Fold a person's further edits into one message; of what they then delete nobody hears an edit any more."""
        window, found = self.settings.burst_window, content_id(event)
        who = "".join(actor_ids(event)) or username_of(event)
        if not (window and found and who) or happening not in EDITED | GONE:
            return None
        burst = f"confluence:{kind_of(event)}_updated:{self.site_of(event)}:{found}:{who}"
        return Hold(burst, window if happening in EDITED else 0.0)


def happening_of(event: Event) -> str:
    """Return what happened: the rest of the event's name, behind what it happened to."""
    return event.name.removeprefix("blueprint_").partition("_")[2]


def _version_comment(event: Event) -> str:
    return event.findings.text("version_comment") or event.reader.text("version_comment")
