"""Forks: who made a copy of the repository, and where."""

from posthouse import Event, Link, Message, buttons, fields, plain
from posthouse.webhooks.github.payload import GitHubNotifyEventHandler, name, number, occurrence, story


class GitHubForkNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of forks."""

    events = ("fork",)
    on_by_default = False

    def message(self, event: Event) -> Message:
        """Link to the fork."""
        fork = event.reader
        forkee = Link(name(fork, "forkee.full_name"), fork.link("forkee.html_url"))
        repository = name(fork, "repository.full_name") or self.choose(zh="仓库", en="the repository")
        headline = self.say(
            zh="{who} 复刻了 {repository}", en="{who} forked {repository}", who=self.actor(fork), repository=repository
        )
        return Message(
            title=plain(headline),
            blocks=(
                *fields((self.choose(zh="复刻", en="Fork"), (forkee,) if forkee.text else ())),
                *buttons(Link(self.choose(zh="查看复刻", en="Open fork"), forkee.url)),
            ),
            facts=self.facts(fork, action="forked"),
            story=story(fork, "forks", "all"),
            occurrence=occurrence("fork", number(fork, "forkee.id")),
        )
