"""The words that all of Confluence's handlers share: who, where, what it is called, where it is read."""

from urllib.parse import quote as quoted

from posthouse import Block, Bold, Event, Inline, Line, NotifyEventHandler, Text
from posthouse.webhooks.confluence.handler import ConfluenceWebhookHandler, ConfluenceWebhookSettings
from posthouse.webhooks.confluence.payload import (
    author_of,
    base_of,
    content_id,
    kind_of,
    moment_of,
    sent_link,
    space_key_of,
    space_of,
    thing_of,
    title,
    username_of,
)

#: What things are called, as (Chinese, English, English with its article).
NOUNS = {
    "page": ("页面", "page", "a page"),
    "blog": ("博文", "blog post", "a blog post"),
    "comment": ("评论", "comment", "a comment"),
    "attachment": ("附件", "attachment", "an attachment"),
    "space": ("空间", "space", "a space"),
    "content": ("内容", "content", "some content"),
}


class ConfluenceNotifyEventHandler(NotifyEventHandler):
    """A handler of Confluence's events, with the words that stand in for what neither payload nor look-up says."""

    webhook_type = ConfluenceWebhookHandler
    settings: ConfluenceWebhookSettings

    def topic(self, event: Event) -> str | None:
        """Remember what content is called, for the day when it is gone and cannot be looked up any more."""
        found = content_id(event)
        return f"confluence:content:{found}" if found else None

    def remember(self, event: Event) -> str | None:
        """Return the title; an empty one takes a title away that not everybody may see any more."""
        return "" if event.findings.flag("hidden") else title(event) or None

    def tell(self, words: tuple[str, str], event: Event, **parts: Inline | Line) -> Line:
        """Fill a sentence (Chinese, English) about who did it: a name, or somebody; never a key or an account id."""
        zh, en = words
        who = author_of(event)
        if not who:
            zh = zh.replace("{who} ", "{who}")  # only a name is set apart from the words that follow
        return self.say(zh=zh, en=en, who=Bold(who or self.choose(zh="有人", en="Somebody")), **parts)

    def called(self, kind: str, reference: str = "") -> dict[str, str]:
        """Return the ``thing`` that it happened to in words: "page 123", or "a page" where its title follows.

        The ``gap`` comes between the number and the Chinese words that follow.
        """
        zh, en, one = NOUNS.get(kind, NOUNS["content"])
        if not reference:
            return {"thing": self.choose(zh=zh, en=one), "gap": ""}
        return {"thing": self.choose(zh=f"{zh} {reference}", en=f"{en} {reference}"), "gap": " "}

    def where(self, event: Event) -> tuple[Block, ...]:
        """Return the line that names the space; none where it is not known."""
        space = space_of(event)
        if not space.text and space_key_of(event):
            return (Text((self.choose(zh="个人空间", en="A personal space"),)),)
        return (Text(self.say(zh="空间 {space}", en="Space {space}", space=space)),) if space.text else ()

    def page_link(self, event: Event) -> str:
        """Return where a page or a blog post is read: as looked up, as sent, or made from the address and the id."""
        known = event.findings.link("link") or sent_link(thing_of(event))
        return known or self.built("viewpage.action?pageId={id}", event)

    def built(self, path: str, event: Event, **more: str) -> str:
        """Return an address in Confluence; empty where Confluence's own or the content's id is missing."""
        base, found = self.base(event), content_id(event)
        return f"{base}/pages/{path.format(id=quoted(found, safe=''), **more)}" if base and found else ""

    def base(self, event: Event) -> str:
        """Return the address of Confluence, as configured or as found in the payload; empty if neither has it."""
        return self.settings.conf.confluence.host or base_of(event)

    def facts(self, event: Event, **more: str | tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
        """Return what rules may match on; empty values are left out."""
        key = space_key_of(event)
        facts = {
            "space": space_of(event).text if key.startswith("~") else key,
            "author": username_of(event) or author_of(event),
            "type": kind_of(event),
            "action": event.name.partition("_")[2],
            **more,
        }
        return {fact: value for fact, value in facts.items() if value}

    def story(self, content: str) -> str | None:
        """Return what joins the messages about one page and its comments."""
        return f"confluence:{self.settings.webhook_id}:{content}" if content else None

    def occurrence(self, event: Event, *, again: bool = True) -> str | None:
        """Name what happened; by its moment too where it can happen ``again`` to the same thing."""
        # A page that is made from a blueprint is reported twice.
        name, found = event.name.removeprefix("blueprint_"), content_id(event)
        parts = (self.site_of(event), name, found, *((moment_of(event),) if again else ()))
        return ":".join(("confluence", *parts)) if all(parts) else None

    def site_of(self, event: Event) -> str:
        """Return which Confluence it is: by its address, so that two webhooks of one agree, else by the webhook."""
        return self.base(event).partition("://")[2] or self.settings.webhook_id
