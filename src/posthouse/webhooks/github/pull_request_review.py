"""Reviews of pull requests: approved, changes requested, or only remarks."""

from posthouse import Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, quote_markdown
from posthouse.webhooks.github.payload import (
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    is_bot,
    labels,
    name,
    number,
    occurrence,
    word,
)
from posthouse.webhooks.github.people import review_mentions
from posthouse.webhooks.github.pull_request import branches, request_number, request_story, state

#: What a review may come to, by the state of a submitted one; a dismissed one counts no more.
HAPPENINGS = {
    "approved": Happening("{who} 批准了{pr}", "{who} approved {pr}", level=Level.SUCCESS),
    "changes_requested": Happening("{who} 要求修改{pr}", "{who} requested changes to {pr}", level=Level.WARNING),
    "commented": Happening("{who} 审核了{pr}", "{who} reviewed {pr}"),
    "dismissed": Happening(
        "{who} 驳回了 {reviewer} 对{pr} 的审核", "{who} dismissed the review of {pr} by {reviewer}", level=Level.WARNING
    ),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{who} 修改了对{pr} 的审核", "{who} edited a review of {pr}")


class GitHubPullRequestReviewNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of reviews, and of those that were dismissed.

    Mentioned are the author of a pull request when changes are requested, and who is called by `@login` in a review.
    """

    events = ("pull_request_review",)
    happenings = defaults(HAPPENINGS)

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about edits, about remarks of bots, and about reviews without a verdict or a text."""
        change, what = event.reader, _happening(event.reader)
        answer = self.told(event, "review", what)
        if what != "commented" or isinstance(answer, No):
            return answer
        if is_bot(change.at("review.user")):
            return No("the review was written by a bot")
        # Comments on lines are events of their own, and GitHub makes a review around every one of them.
        return answer if change.text("review.body") else No("the review has no text of its own")

    def message(self, event: Event) -> Message:
        """Quote what the reviewer wrote."""
        change = event.reader
        what, request, review = _happening(change), change.at("pull_request"), change.at("review")
        return Message(
            title=self.titled(self._headline(change, what), name(request, "title")),
            blocks=(
                *self.about(change),
                *fields((self.choose(zh="分支", en="Branches"), branches(request))),
                *quote_markdown(review.text("body")),
                *buttons(self._link(change)),
            ),
            level=HAPPENINGS.get(what, OTHER).level,
            facts=self.facts(
                change,
                ref=name(request, "base.ref"),
                source=name(request, "head.ref"),
                action=what,
                status=state(request),
                labels=labels(request),
            ),
            story=request_story(change, request),
            occurrence=occurrence("review", number(review, "id"), what),
            mentions=review_mentions(change, what),
        )

    def _headline(self, change: Reader, what: str) -> Line:
        happening = HAPPENINGS.get(what, OTHER)
        return self.say(
            zh=happening.zh,
            en=happening.en,
            who=self.actor(change),
            pr=self.pull_request(request_number(change, change.at("pull_request"))),
            reviewer=name(change, "review.user.login") or self.choose(zh="他人", en="somebody"),
        )

    def _link(self, change: Reader) -> Link:
        url = change.link("review.html_url") or change.link("pull_request.html_url")
        return Link(self.choose(zh="查看审核", en="Open review"), url)


def _happening(change: Reader) -> str:
    """Return the verdict of a submitted review, else the action; GitHub's interface writes states in capitals."""
    action = word(change, "action")
    return word(change, "review.state").lower() if action == "submitted" else action
