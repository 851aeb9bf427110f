"""Wiki pages: who wrote, changed or removed which page, and why."""

from typing import ClassVar

from posthouse import Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, first_line, quote_markdown
from posthouse.webhooks.gitlab.payload import (
    GitlabNotifyEventHandler,
    name,
    number,
    occurrence,
    project_id,
    story,
    word,
)

#: What happened, as (Chinese, English).
WORDS = {
    "create": ("{who} 新建了维基页面", "{who} created a wiki page"),
    "update": ("{who} 修改了维基页面", "{who} edited a wiki page"),
    "delete": ("{who} 删除了维基页面", "{who} deleted a wiki page"),
}


class WikiPageHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of new, edited and deleted wiki pages.

    To be chosen are `create`, `update` and `delete`.
    """

    events = ("Wiki Page Hook",)
    # Whoever writes a page saves it many times.
    on_by_default = False
    happenings: ClassVar = dict.fromkeys(WORDS, True)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about unknown actions."""
        action = _action(event.reader)
        return self.told(event, action, silence=f"the page's action is {action or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show the author's own words on the change, and how a new page begins."""
        wiki, page = event.reader, event.reader.at("object_attributes")
        action, project, slug = _action(wiki), project_id(wiki), name(page, "slug")
        return Message(
            title=self.titled(self._headline(wiki, action), name(page, "title", "slug")),
            blocks=(
                *self.about(wiki),
                *fields((self.choose(zh="提交说明", en="Commit message"), first_line(page.text("message")))),
                *(quote_markdown(page.text("content")) if action == "create" else ()),
                *buttons(*self._links(wiki, page, action)),
            ),
            level=Level.WARNING if action == "delete" else Level.INFO,
            facts=self.facts(wiki, action=action, page=slug),
            story=story("wiki_page", project, f":{slug}" if slug else ""),
            occurrence=occurrence("wiki_page", project, slug, action, number(page, "version_id")),
        )

    def _headline(self, wiki: Reader, action: str) -> Line:
        zh, en = WORDS.get(action, ("{who} 更新了维基页面", "{who} updated a wiki page"))
        return self.say(zh=zh, en=en, who=self.actor(wiki))

    def _links(self, wiki: Reader, page: Reader, action: str) -> tuple[Link, ...]:
        """Return where the page is, and what an edit changed; only the wiki's own page once the page is gone."""
        if action == "delete":
            return (Link(self.choose(zh="查看维基", en="Open wiki"), wiki.link("wiki.web_url")),)
        shown = Link(self.choose(zh="查看页面", en="Open page"), page.link("url"))
        changed = Link(self.choose(zh="查看变更", en="Compare"), page.link("diff_url"))
        return (shown, changed) if action == "update" else (shown,)


def _action(wiki: Reader) -> str:
    return word(wiki, "object_attributes.action")
