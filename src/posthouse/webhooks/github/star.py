"""Stars: who likes the repository."""

from posthouse import Event, Line, Link, Message, No, Reader, Yes, buttons
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

#: What may happen, by GitHub's actions.
HAPPENINGS = {
    "created": Happening("{who} 给 {repository} 加了星标", "{who} starred {repository}"),
    "deleted": Happening("{who} 取消了 {repository} 的星标", "{who} took back the star of {repository}", told=False),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{who} 更改了 {repository} 的星标", "{who} changed the star of {repository}")


class GitHubStarNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of stars."""

    events = ("star",)
    on_by_default = False
    happenings = defaults(HAPPENINGS)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about stars that are taken back."""
        return self.told(event, "star", word(event.reader, "action"))

    def message(self, event: Event) -> Message:
        """Say how many stars there are now."""
        star = event.reader
        what, count = word(star, "action"), number(star, "repository.stargazers_count")
        headline = self._headline(star, what)
        total = self.say(
            zh="{headline}（共 {count} 颗）", en="{headline} ({count} in all)", headline=headline, count=count
        )
        return Message(
            title=self.titled(total if count else headline, ""),
            blocks=buttons(
                Link(self.choose(zh="查看仓库", en="Open repository"), star.link("repository.html_url")),
            ),
            facts=self.facts(star, action=what),
            story=story(star, "stars", "all"),
            occurrence=occurrence("star", number(star, "repository.id"), number(star, "sender.id"), what),
        )

    def _headline(self, star: Reader, what: str) -> Line:
        happening = HAPPENINGS.get(what, OTHER)
        repository = name(star, "repository.full_name") or self.choose(zh="仓库", en="the repository")
        return self.say(zh=happening.zh, en=happening.en, who=self.actor(star), repository=repository)
