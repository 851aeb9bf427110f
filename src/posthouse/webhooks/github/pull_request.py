"""Pull requests: opened, given to somebody, changed, merged or closed."""

from posthouse import Code, Event, Level, Line, Link, Message, No, Reader, Yes, buttons, fields, quote_markdown
from posthouse.webhooks.github.payload import (
    ONE_BY_ONE,
    GitHubNotifyEventHandler,
    Happening,
    defaults,
    hold,
    labels,
    logins,
    name,
    number,
    occurrence,
    story,
    when,
    word,
)
from posthouse.webhooks.github.people import choice, pull_request_mentions

#: What may happen, by GitHub's actions; a closed one may be merged, and an edited one has a new title or target.
#: New commits are a push already, and labels or milestones are set by the dozen.
HAPPENINGS = {
    "opened": Happening("{who} 创建了{pr}", "{who} opened {pr}"),
    "closed": Happening("{who} 关闭了{pr}（未合并）", "{who} closed {pr} without merging it"),
    "merged": Happening("{who} 合并了{pr}", "{who} merged {pr}", level=Level.SUCCESS),
    "reopened": Happening("{who} 重新打开了{pr}", "{who} reopened {pr}"),
    "ready_for_review": Happening("{who} 将{pr} 标记为就绪", "{who} marked {pr} as ready for review"),
    "converted_to_draft": Happening("{who} 将{pr} 转为草稿", "{who} made {pr} a draft again"),
    "review_requested": Happening("{who} 请 {thing} 审核{pr}", "{who} asked {thing} to review {pr}"),
    "review_request_removed": Happening(
        "{who} 不再请 {thing} 审核{pr}", "{who} no longer asks {thing} to review {pr}", told=False
    ),
    "assigned": Happening("{who} 将{pr} 指派给 {thing}", "{who} assigned {pr} to {thing}"),
    "unassigned": Happening("{who} 取消了 {thing} 在{pr} 上的指派", "{who} unassigned {thing} from {pr}", told=False),
    "title_changed": Happening("{who} 更改了{pr} 的标题", "{who} changed the title of {pr}"),
    "target_changed": Happening("{who} 更改了{pr} 的目标分支", "{who} changed the target branch of {pr}"),
    "description_changed": Happening("{who} 修改了{pr} 的描述", "{who} edited the description of {pr}", told=False),
    "synchronize": Happening("{who} 向{pr} 推送了新提交", "{who} pushed new commits to {pr}", told=False),
    "labeled": Happening("{who} 给{pr} 加了标记「{thing}」", "{who} labeled {pr} as {thing}", told=False),
    "unlabeled": Happening("{who} 去掉了{pr} 的标记「{thing}」", "{who} took the label {thing} off {pr}", told=False),
    "milestoned": Happening("{who} 将{pr} 加入里程碑「{thing}」", "{who} added {pr} to milestone {thing}", told=False),
    "demilestoned": Happening(
        "{who} 将{pr} 移出里程碑「{thing}」", "{who} took {pr} off milestone {thing}", told=False
    ),
    "auto_merge_enabled": Happening("{who} 为{pr} 启用了自动合并", "{who} turned on auto-merge for {pr}", told=False),
    "auto_merge_disabled": Happening("{who} 为{pr} 关闭了自动合并", "{who} turned off auto-merge for {pr}", told=False),
}
#: How anything else is told, should a subclass want to.
OTHER = Happening("{who} 更新了{pr}", "{who} updated {pr}")
#: When people look at a pull request for the first time, or again, and want to know more of it.
INTRODUCTIONS = frozenset({"opened", "reopened", "ready_for_review"})


class GitHubPullRequestNotifyEventHandler(GitHubNotifyEventHandler):
    """Tells of each step of a pull request, of whose turn it is, and of new titles and targets.

    Mentioned are assignees and reviewers when they are asked, reviewers also when a draft is ready, and who is called
    by `@login` in a new one.
    """

    events = ("pull_request",)
    happenings = defaults(HAPPENINGS)

    def topic(self, event: Event) -> str | None:
        """Remember those who are chosen at once; one message tells of them all."""
        held = hold(request_story(event.reader, event.reader.at("pull_request")), self._happening(event))
        return held.burst if held else None

    def remember(self, event: Event) -> str | None:
        """Remember who was chosen, and since when."""
        chosen = choice(event, self._happening(event))
        return str(chosen) if chosen else None

    def should_notify(self, event: Event) -> Yes | No:
        """Keep silent about labels, milestones, descriptions and new commits, which are a push already."""
        return self.told(event, "pull request", self._happening(event))

    def message(self, event: Event) -> Message:
        """Show the branches and the people; more when the pull request is introduced."""
        change = event.reader
        what, request = self._happening(event), change.at("pull_request")
        return Message(
            title=self.titled(self._headline(change, what), name(request, "title")),
            blocks=(
                *self.about(change),
                *fields(*self._pairs(change, what)),
                *(quote_markdown(request.text("body")) if what in INTRODUCTIONS else ()),
                *buttons(self._link(change), self._files(change, what), self._compare(change, what)),
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
            occurrence=occurrence("pull_request", number(request, "id"), what, *when(change, request, what)),
            hold=hold(request_story(change, request), what),
            mentions=pull_request_mentions(event, what, told=self.told_of(event)),
        )

    def _happening(self, event: Event) -> str:
        """Return what happened; that a closed one was merged stands beside the action."""
        what = self.action(event)
        return "merged" if what == "closed" and event.reader.flag("pull_request.merged") else what

    def _headline(self, change: Reader, what: str) -> Line:
        happening = HAPPENINGS.get(what, OTHER)
        return self.say(
            zh=happening.zh,
            en=happening.en,
            who=self.actor(change),
            pr=self._item(change, what),
            thing=self.concerned(change, what),
        )

    def _item(self, change: Reader, what: str) -> str:
        own = request_number(change, change.at("pull_request"))
        if what == "opened" and own and change.flag("pull_request.draft"):
            return self.choose(zh=f"草稿 PR #{own}", en=f"draft pull request #{own}")
        return self.pull_request(own)

    def _pairs(self, change: Reader, what: str) -> list[tuple[str, Line | str]]:
        request = change.at("pull_request")
        pairs: list[tuple[str, Line | str]] = [
            (self.choose(zh="分支", en="Branches"), branches(request)),
            (self.choose(zh="指派给", en="Assignees"), self.listed(logins(request.each("assignees")))),
            (self.choose(zh="原标题", en="Title before"), name(change, "changes.title.from")),
            (self.choose(zh="原目标分支", en="Target before"), name(change, "changes.base.ref.from")),
        ]
        if what in INTRODUCTIONS or what in ONE_BY_ONE:
            pairs += [
                (self.choose(zh="审核者", en="Reviewers"), self.listed(_reviewers(request))),
                (self.choose(zh="标记", en="Labels"), self.listed(map(Code, labels(request)))),
                (self.choose(zh="改动", en="Changes"), self._size(request)),
            ]
        return pairs

    def _size(self, request: Reader) -> str:
        """Return how much there is to review."""
        added, deleted, files = (request.count(key) for key in ("additions", "deletions", "changed_files"))
        if added is None or deleted is None or not files:
            return ""
        size, s = f"+{added} −{deleted}", "" if files == 1 else "s"
        return self.choose(zh=f"{files} 个文件，{size}", en=f"{files} file{s}, {size}")

    def _link(self, change: Reader) -> Link:
        return Link(self.choose(zh="查看 PR", en="Open pull request"), change.link("pull_request.html_url"))

    def _files(self, change: Reader, what: str) -> Link:
        url = change.link("pull_request.html_url") if what in INTRODUCTIONS else ""
        return Link(self.choose(zh="查看改动", en="View changes"), f"{url}/files" if url else "")

    def _compare(self, change: Reader, what: str) -> Link:
        """Link to what a push changed; the commits are in the repository that the branch comes from."""
        repository = change.link("pull_request.head.repo.html_url")
        before, after = change.text("before"), change.text("after")
        known = what == "synchronize" and repository and before.isalnum() and after.isalnum()
        return Link(
            self.choose(zh="查看变更", en="Compare"), f"{repository}/compare/{before}...{after}" if known else ""
        )


def request_number(change: Reader, request: Reader) -> str:
    """Return the number that people call a pull request by."""
    return number(request, "number") or number(change, "number")


def request_story(change: Reader, request: Reader) -> str | None:
    """Return what joins a pull request's messages with those of its reviews and comments."""
    return story(change, "pull_request", request_number(change, request))


def branches(request: Reader) -> Line:
    """Return where a pull request comes from and goes to; of another's repository it says whose."""
    source, target = name(request, "head.ref"), name(request, "base.ref")
    home, origin = name(request, "base.repo.full_name"), name(request, "head.repo.full_name")
    if source and home and origin and home != origin:
        source = name(request, "head.label") or f"{origin}:{source}"
    if source and target:
        return (Code(source), " → ", Code(target))
    return (Code(source or target),) if source or target else ()


def state(request: Reader) -> str:
    """Return the state; GitHub calls merged ones closed, and leaves ``merged`` out where reviews are told."""
    is_merged = request.flag("merged") or request.text("merged_at")
    return "merged" if is_merged else word(request, "state")


def _reviewers(request: Reader) -> list[str]:
    teams = [name(team, "name", "slug") for team in request.each("requested_teams")]
    return logins(request.each("requested_reviewers")) + teams
