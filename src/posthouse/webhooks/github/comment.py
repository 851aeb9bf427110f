"""Comments on issues, pull requests, lines of code and commits."""

from dataclasses import dataclass

from posthouse import Code, Event, Line, Link, Message, No, Reader, Yes, buttons, fields, first_line, quote_markdown
from posthouse.webhooks.github.issues import issue_story
from posthouse.webhooks.github.payload import (
    NAME,
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    is_bot,
    labels,
    name,
    number,
    occurrence,
    short_sha,
    story,
    word,
)
from posthouse.webhooks.github.people import comment_mentions
from posthouse.webhooks.github.pull_request import request_story

#: What may happen to a comment. "{thing}" is what it is about.
HAPPENINGS = {
    "created": Happening("{who} 评论了{thing}", "{who} commented on {thing}"),
    "edited": Happening("{who} 修改了对{thing} 的评论", "{who} edited a comment on {thing}", told=False),
    "deleted": Happening("{who} 删除了对{thing} 的评论", "{who} deleted a comment on {thing}", told=False),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{who} 更新了对{thing} 的评论", "{who} updated a comment on {thing}")


@dataclass(frozen=True, slots=True)
class Target:
    """What a comment is about: its kind as rules know it, what there is of it in the payload, and its story."""

    kind: str
    value: Reader
    story: str | None


class GitHubCommentNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of new comments that people wrote.

    Mentioned is who is called by `@login` in them.
    """

    events = ("issue_comment", "pull_request_review_comment", "commit_comment")
    happenings = defaults(HAPPENINGS)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about bots, and about comments that are edited or deleted."""
        comment = event.reader
        if is_bot(comment.at("comment.user")) or is_bot(comment.at("sender")):
            return No("the comment was written by a bot")
        return self.told(event, "comment", word(comment, "action"))

    def message(self, event: Event) -> Message:
        """Quote the comment, unless somebody took it back, and say where in the code it stands."""
        comment = event.reader
        what, target = word(comment, "action"), _target(comment)
        own = (number(comment, "comment.id"), what, name(comment, "comment.updated_at"))
        return Message(
            title=self.titled(self._headline(comment, what, target), name(target.value, "title")),
            blocks=(
                *self.about(comment),
                *fields((self.choose(zh="文件", en="File"), _place(comment))),
                *(() if what == "deleted" else quote_markdown(comment.text("comment.body"))),
                *buttons(self._link(comment, what, target)),
            ),
            level=HAPPENINGS.get(what, OTHER).level,
            facts=self.facts(
                comment,
                target=target.kind,
                action=what,
                ref=name(target.value, "base.ref"),
                labels=labels(target.value),
            ),
            story=target.story,
            occurrence=occurrence(event.name, *own),
            mentions=comment_mentions(comment, what),
        )

    def _headline(self, comment: Reader, what: str, target: Target) -> Line:
        happening = HAPPENINGS.get(what, OTHER)
        return self.say(zh=happening.zh, en=happening.en, who=self.actor(comment), thing=self._thing(comment, target))

    def _thing(self, comment: Reader, target: Target) -> str:
        """Return the thing with its reference, or as one of its kind."""
        match target.kind:
            case "pull_request":
                return self.pull_request(number(target.value, "number"))
            case "issue":
                return self.issue(number(target.value, "number"))
            case _:
                sha = short_sha(comment.text("comment.commit_id"))
                return self.choose(zh=f"提交 {sha}" if sha else "一个提交", en=f"commit {sha}" if sha else "a commit")

    def _link(self, comment: Reader, what: str, target: Target) -> Link:
        """Link to the comment, or what it was about when it is gone."""
        thing = target.value.link("html_url")
        url = thing if what == "deleted" else comment.link("comment.html_url") or thing
        return Link(self.choose(zh="查看评论", en="Open comment"), url)


def _target(comment: Reader) -> Target:
    """Return what is commented on. A pull request is an issue with a mark, where nobody comments on its lines."""
    if comment.has("pull_request"):
        request = comment.at("pull_request")
        return Target("pull_request", request, request_story(comment, request))
    issue = comment.at("issue")
    if issue.has("pull_request"):
        return Target("pull_request", issue, request_story(comment, issue))
    if comment.has("issue"):
        return Target("issue", issue, issue_story(comment))
    sha = first_line(comment.text("comment.commit_id"), NAME)
    return Target("commit", Reader(None), story(comment, "commit", sha))


def _place(comment: Reader) -> Line:
    """Return the file and line that a comment stands at; one on an outdated line has only the line it had."""
    path = name(comment, "comment.path")
    line = comment.count("comment.line") or comment.count("comment.original_line")
    return (Code(f"{path}:{line}" if line else path),) if path else ()
