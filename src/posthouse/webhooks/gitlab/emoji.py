"""Emoji reactions: who likes what. Never what was written: GitLab does not say whether a comment is internal."""

from typing import ClassVar

from posthouse import Event, Line, Link, Message, No, Reader, Yes, buttons
from posthouse.webhooks.gitlab.payload import GitlabNotifyEventHandler, number, occurrence, word
from posthouse.webhooks.gitlab.target import target_of, thing_story, thing_title, thing_words

#: The emoji that people react with most, by GitLab's names; all others are shown as ``:name:``.
EMOJI = {
    "100": "💯",
    "bulb": "💡",
    "clap": "👏",
    "confused": "😕",
    "cry": "😢",
    "eyes": "👀",
    "fire": "🔥",
    "heart": "❤️",
    "joy": "😂",
    "laughing": "😆",
    "muscle": "💪",
    "ok_hand": "👌",
    "pray": "🙏",
    "raised_hands": "🙌",
    "rocket": "🚀",
    "smile": "😄",
    "star": "⭐",
    "tada": "🎉",
    "thinking": "🤔",
    "thumbsdown": "👎",
    "thumbsup": "👍",
    "warning": "⚠️",
    "wave": "👋",
    "white_check_mark": "✅",
    "x": "❌",
}
#: What happened, as (Chinese, English).
WORDS = {
    "award": ("{who} 用 {emoji} 回应了{thing}", "{who} reacted with {emoji} to {thing}"),
    "revoke": ("{who} 不再用 {emoji} 回应{thing}", "{who} took back {emoji} from {thing}"),
}


class EmojiHookNotifyEventHandler(GitlabNotifyEventHandler):
    """Tells of emoji that people react with.

    To be chosen are `award`, and `revoke` (taken back), which is off by default.
    """

    events = ("Emoji Hook",)
    # People react so that nobody has to read a message about it.
    on_by_default = False
    happenings: ClassVar = {"award": True, "revoke": False}

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about reactions that are taken back, and about confidential ones with `confidential: hide`."""
        if event.confidential and self.settings.confidential == "hide":
            return No("the configuration says confidential: hide")
        action = _action(event.reader)
        return self.told(event, action, silence=f"the reaction's action is {action or 'missing'}")

    def message(self, event: Event) -> Message:
        """Show the emoji and what it is for. What is confidential has no title, unless the settings allow it."""
        reaction = event.reader
        action, (kind, thing) = _action(reaction), target_of(reaction)
        is_known = not event.confidential or self.settings.confidential in {"title", "full"}
        return Message(
            title=self.titled(self._headline(reaction, kind, thing), thing_title(thing) if is_known else ""),
            blocks=(*self.about(reaction), *buttons(self._link(reaction, thing))),
            facts=self.facts(reaction, action=action, target=kind, emoji=word(reaction, "object_attributes.name")),
            story=thing_story(reaction, kind, thing),
            occurrence=occurrence("emoji", number(reaction, "object_attributes.id"), action),
        )

    def _headline(self, reaction: Reader, kind: str, thing: Reader) -> Line:
        zh, en = WORDS.get(_action(reaction), WORDS["award"])
        return self.say(
            zh=zh,
            en=en,
            who=self.actor(reaction),
            emoji=_emoji(reaction) or self.choose(zh="表情", en="an emoji"),
            thing=self._thing(reaction, kind, thing),
        )

    def _thing(self, reaction: Reader, kind: str, thing: Reader) -> str:
        words = self.choose(**thing_words(kind, thing, confidential=thing.flag("confidential"))) if kind else ""
        if not _is_on_comment(reaction):
            return words or self.choose(zh="一项内容", en="something")
        if not words:
            return self.choose(zh="一条评论", en="a comment")
        return self.choose(zh=f"{words} 的一条评论", en=f"a comment on {words}")

    def _link(self, reaction: Reader, thing: Reader) -> Link:
        text = self.choose(zh="查看详情", en="Open in GitLab")
        if _is_on_comment(reaction):
            text = self.choose(zh="查看评论", en="Open comment")
        return Link(text, reaction.link("object_attributes.awarded_on_url") or thing.link("url"))


def _action(reaction: Reader) -> str:
    return word(reaction, "object_attributes.action") or word(reaction, "event_type")


def _emoji(reaction: Reader) -> str:
    """Return the emoji itself, or the name that GitLab and many others write for it."""
    called = word(reaction, "object_attributes.name")
    return EMOJI.get(called, f":{called}:" if called else "")


def _is_on_comment(reaction: Reader) -> bool:
    return reaction.has("note") or reaction.text("object_attributes.awardable_type") == "Note"
