"""How a change is put into words: the names of fields, and the sentence that a title begins with."""

from collections.abc import Mapping

from posthouse.webhooks.jira.changelog import LISTS, LONG, Change

#: A sentence, as (Chinese, English).
Sentence = tuple[str, str]

#: What Jira's own fields are called, as (Chinese, English), by what happened to them. Others have names of their own.
NAMES: Mapping[str, Sentence] = {
    "assigned": ("经办人", "Assignee"),
    "attachment": ("附件", "Attachments"),
    "component": ("模块", "Components"),
    "description": ("描述", "Description"),
    "due_date": ("到期日", "Due date"),
    "environment": ("环境", "Environment"),
    "fix_version": ("修复版本", "Fix versions"),
    "flagged": ("标记", "Flag"),
    "key": ("编号", "Key"),
    "labels": ("标签", "Labels"),
    "link": ("关联", "Links"),
    "moved": ("项目", "Project"),
    "parent": ("上级", "Parent"),
    "priority": ("优先级", "Priority"),
    "reopened": ("解决结果", "Resolution"),
    "reporter": ("报告人", "Reporter"),
    "resolved": ("解决结果", "Resolution"),
    "security": ("安全级别", "Security level"),
    "sprint": ("冲刺", "Sprint"),
    "status": ("状态", "Status"),
    "summary": ("标题", "Summary"),
    "type": ("类型", "Type"),
    "version": ("影响版本", "Affected versions"),
}
#: What the title says of several changes at once: the first of these. The others stand below it.
IMPORTANCE = (
    "resolved",
    "reopened",
    "status",
    "assigned",
    "flagged",
    "priority",
    "moved",
    "due_date",
    "sprint",
    "fix_version",
    "parent",
    "type",
    "summary",
)
#: A field that had a value and has another, one that got a value, and one that lost it.
SENTENCES: tuple[Sentence, Sentence, Sentence] = (
    (
        "{who} 将{thing}的{name}从 {before} 改为 {after}",
        "{who} changed the {name} of {thing} from {before} to {after}",
    ),
    ("{who} 将{thing}的{name}设为 {after}", "{who} set the {name} of {thing} to {after}"),
    ("{who} 清除了{thing}的{name}", "{who} cleared the {name} of {thing}"),
)
#: The same for what people call by verbs of its own.
OWN: Mapping[str, tuple[Sentence, Sentence, Sentence]] = {
    "assigned": (
        ("{who} 将{thing}指派给 {after}", "{who} assigned {thing} to {after}"),
        ("{who} 将{thing}指派给 {after}", "{who} assigned {thing} to {after}"),
        ("{who} 取消了 {before} 在{thing}上的指派", "{who} unassigned {before} from {thing}"),
    ),
    "flagged": (
        ("{who} 为{thing}加上了标记", "{who} flagged {thing}"),
        ("{who} 为{thing}加上了标记", "{who} flagged {thing}"),
        ("{who} 去掉了{thing}的标记", "{who} removed the flag from {thing}"),
    ),
    "resolved": (
        ("{who} 将{thing}的解决结果改为 {after}", "{who} changed the resolution of {thing} to {after}"),
        ("{who} 将{thing}标为已解决（{after}）", "{who} resolved {thing} as {after}"),
        ("{who} 解决了{thing}", "{who} resolved {thing}"),
    ),
    "status": (
        ("{who} 将{thing}从 {before} 改为 {after}", "{who} moved {thing} from {before} to {after}"),
        ("{who} 将{thing}改为 {after}", "{who} moved {thing} to {after}"),
        SENTENCES[2],
    ),
}
#: What happened whatever the values were.
WHATEVER: Mapping[str, Sentence] = {
    "reopened": ("{who} 重新打开了{thing}", "{who} reopened {thing}"),
    "summary": ("{who} 修改了{thing}的标题", "{who} renamed {thing}"),
}
#: Values that came in, that went out, or both.
SPRINTS: tuple[Sentence, Sentence, Sentence] = (
    ("{who} 将{thing}加入 {added}", "{who} added {thing} to {added}"),
    ("{who} 将{thing}移出 {removed}", "{who} removed {thing} from {removed}"),
    ("{who} 将{thing}从 {removed} 移到 {added}", "{who} moved {thing} from {removed} to {added}"),
)
TAKEN: Sentence = ("{who} 认领了{thing}", "{who} assigned {thing} to themselves")
GIVEN_BACK: Sentence = ("{who} 不再负责{thing}", "{who} unassigned themselves from {thing}")
UNASSIGNED: Sentence = ("{who} 取消了{thing}的指派", "{who} unassigned {thing}")
EDITED: Sentence = ("{who} 修改了{thing}的{name}", "{who} changed the {name} of {thing}")
UPDATED: Sentence = ("{who} 更新了{thing}", "{who} updated {thing}")
#: Where nobody is known to have done it.
NEWS: Sentence = ("{thing}有更新", "{thing} was updated")


def foremost(changes: tuple[Change, ...]) -> Change | None:
    """Return the change that the title is about; none where there is none."""
    return min(changes, key=lambda change: rank(change.kind), default=None)


def rank(kind: str) -> int:
    """Return how far down the list of what is important something stands."""
    return IMPORTANCE.index(kind) if kind in IMPORTANCE else len(IMPORTANCE)


def sentence(change: Change, *, own: bool) -> Sentence:
    """Return what happened, to be filled with the values; ``own`` says that they assigned themselves."""
    if change.kind in WHATEVER:
        return WHATEVER[change.kind]
    if change.kind in LISTS:
        return _list_sentence(change)
    before, after = change.shown
    if change.kind == "assigned" and not before and not after:
        return UNASSIGNED
    if change.kind == "assigned" and own:
        return TAKEN if after else GIVEN_BACK
    if change.kind in LONG or not (before or after):
        return EDITED
    changed, given, cleared = OWN.get(change.kind, SENTENCES)
    return (changed if before else given) if after else cleared


def _list_sentence(change: Change) -> Sentence:
    if change.kind != "sprint":
        return EDITED
    added, removed, moved = SPRINTS
    return (moved if change.removed else added) if change.added else removed
