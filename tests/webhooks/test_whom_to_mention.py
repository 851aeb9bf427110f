"""Whom messages mention, where the configuration decides about it, or a payload says little of people.

What a payload file shows by itself is to be seen in the last line of its golden file.
"""

import copy
from dataclasses import replace
from typing import Any

import pytest

from making import REGISTRY, event_of, made_handler, payload_files
from posthouse import Mention, No, Reader, Site
from posthouse.webhooks.github import people as github
from posthouse.webhooks.gitlab import people as gitlab
from posthouse.webhooks.jira import adf, people, wiki

BOT = {"login": "renovate[bot]", "type": "Bot"}


def mentioned(
    kind: str, name: str, case: str, change: dict[str, Any] | None = None, *, last: str | None = None, **settings: Any
) -> list[str]:
    """Return the names of who is mentioned about a payload file, after a ``change`` of values at paths in it."""
    (path,) = [path for path in payload_files(kind, name) if path.stem.endswith(f"__{case}")]
    event = event_of(path, Site())
    event = replace(event, last=last or event.last)
    payload = copy.deepcopy(dict(event.payload))
    for place, value in (change or {}).items():
        parent, _, key = place.rpartition(".")
        (Reader(payload).at(parent).value if parent else payload)[key] = value
    told = made_handler(REGISTRY.events[kind, name], Site(), **settings).handle(replace(event, payload=payload))
    assert not isinstance(told, No), told
    return [mention.names[0] for message in told for mention in message.mentions]


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (True, ["gitlab:oncall", "gitlab:hanmeimei"]),
        (["reviewers_added"], ["gitlab:oncall"]),
        (["assignees_added"], ["gitlab:hanmeimei"]),
    ],
)
def test_gitlab_mentions_who_is_asked_as_far_as_the_configuration_tells_of_it(told: Any, names: list[str]) -> None:
    case = ("GITLAB", "Merge Request Hook", "reviewers_and_assignees_added")
    assert mentioned(*case, events={"merge_request_hook": told}) == names


def test_gitlab_leaves_reviewers_of_a_draft_alone_until_it_is_ready() -> None:
    kind = ("GITLAB", "Merge Request Hook")
    assert mentioned(*kind, "open") == ["gitlab:hanmeimei"]
    assert mentioned(*kind, "open", {"object_attributes.draft": True}) == []
    assert mentioned(*kind, "open", {"object_attributes.work_in_progress": True}) == []
    assert mentioned(*kind, "ready") == ["gitlab:hanmeimei"]


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("push", ["email:dev@example.com"]),
        ("merge_request_event", ["email:dev@example.com"]),
        ("schedule", []),
        ("pipeline", []),
        ("web", []),
    ],
)
def test_gitlab_mentions_the_author_of_a_commit_if_it_made_the_pipeline_start(source: str, more: list[str]) -> None:
    names = mentioned("GITLAB", "Pipeline Hook", "failed", {"object_attributes.source": source})
    assert names == ["gitlab:lilei", *more]


@pytest.mark.parametrize("case", ["fixed", "still_failing", "canceled"])
def test_gitlab_mentions_somebody_at_the_first_failure_of_a_branch_only(case: str) -> None:
    assert mentioned("GITLAB", "Pipeline Hook", case) == []


def test_gitlab_mentions_no_user_of_an_access_token() -> None:
    assert gitlab.mention_of(Reader({"username": "project_15_bot_5f2c9d41", "name": "review"})) is None


def test_gitlab_reads_the_user_from_a_private_address_that_reaches_nobody() -> None:
    commit = Reader({"author": {"name": "Li Lei", "email": "41-li.lei@users.noreply.gitlab.example.com"}})
    assert gitlab.mention_of_author(commit) == Mention("Li Lei", ("gitlab:li.lei",), guess=True)


def test_gitlab_mentions_nobody_of_whom_nothing_is_known() -> None:
    assert gitlab.mention_of(Reader(None)) is None
    assert gitlab.mention_of_author(Reader({"author": {"name": "Li Lei", "email": "[REDACTED]"}})) is None


def test_github_mentions_once_who_is_chosen_while_a_pull_request_is_opened() -> None:
    kind = ("GITHUB", "pull_request")
    han = {"login": "hanmeimei"}
    change = {"pull_request.requested_reviewers": [han], "pull_request.assignees": [{"login": "lilei"}, han]}
    # GitHub sends events of their own for both of them, unless nobody hears of those.
    assert mentioned(*kind, "opened", change) == []
    assert mentioned(*kind, "opened", change, events={"pull_request": ["opened"]}) == ["github:hanmeimei"]


@pytest.mark.parametrize(
    ("last", "names"),
    [
        (None, ["github:hanmeimei"]),
        # The first of them was chosen 9 and 11 seconds before.
        ("1795492791 oncall li-lei", ["github:oncall", "github:li-lei", "github:hanmeimei"]),
        ("1795492789 oncall", ["github:hanmeimei"]),
        ("1795492999 oncall", ["github:hanmeimei"]),
        ("1795492791 hanmeimei", ["github:hanmeimei"]),
        ("nonsense", ["github:hanmeimei"]),
    ],
)
def test_github_mentions_those_who_are_chosen_at_once_and_nobody_from_before(
    last: str | None, names: list[str]
) -> None:
    before = [{"login": "oncall"}, {"login": "hanmeimei"}]
    change = {"pull_request.requested_reviewers": before}
    assert mentioned("GITHUB", "pull_request", "review_requested", change, last=last) == names


def test_github_remembers_since_when_people_are_chosen() -> None:
    (path,) = [path for path in payload_files("GITHUB", "issues") if path.stem == "issues__assigned"]
    event, handler = event_of(path, Site()), made_handler(REGISTRY.events["GITHUB", "issues"], Site())
    assert handler.topic(event) == "github:issue:15:12:assigned"
    assert handler.remember(event) == "1795492800 lilei"
    assert handler.remember(replace(event, last="1795492791 oncall")) == "1795492791 oncall lilei"
    assert handler.remember(replace(event, last="1795492700 oncall")) == "1795492800 lilei"


def test_github_mentions_who_has_an_issue_that_is_opened_again() -> None:
    change = {"issue.assignees": [{"login": "hanmeimei"}, {"login": "lilei"}], "sender": {"login": "lilei"}}
    assert mentioned("GITHUB", "issues", "reopened", change) == ["github:hanmeimei"]


def test_github_mentions_the_author_of_changes_and_who_is_called_in_a_review() -> None:
    change = {"review.body": "@hanmeimei @oncall `@Override`"}
    names = mentioned("GITHUB", "pull_request_review", "changes_requested", change)
    assert names == ["github:lilei", "github:oncall"]
    assert mentioned("GITHUB", "pull_request_review", "approved", {"review.body": "@oncall"}) == ["github:oncall"]


@pytest.mark.parametrize(
    ("event", "names"),
    [("push", ["github:lilei", "email:lilei@example.com"]), ("schedule", ["github:lilei"])],
)
def test_github_mentions_the_author_of_a_commit_if_it_made_the_workflow_start(event: str, names: list[str]) -> None:
    assert mentioned("GITHUB", "workflow_run", "failed", {"workflow_run.event": event}) == names


@pytest.mark.parametrize("case", ["fixed", "failed_again", "cancelled_chosen"])
def test_github_mentions_somebody_at_the_first_failure_of_a_branch_only(case: str) -> None:
    settings = {"events": {"workflow_run": ["fixed", "still_failing", "cancelled"]}}
    assert mentioned("GITHUB", "workflow_run", case, **settings) == []


def test_github_mentions_no_app_but_who_wrote_the_commit() -> None:
    change = {
        "workflow_run.triggering_actor": BOT,
        "workflow_run.head_commit": {"author": {"name": "Li Lei", "email": "7+lilei@users.noreply.github.com"}},
    }
    assert mentioned("GITHUB", "workflow_run", "failed", change) == ["github:lilei"]
    bots = Reader({"author": {"name": "renovate[bot]", "email": "9+renovate[bot]@users.noreply.github.com"}})
    assert github.mention_of_author(bots) is None


def test_jira_mentions_whom_an_issue_was_given_to_not_whom_it_was_taken_from() -> None:
    assert mentioned("JIRA", "jira:issue_updated", "assigned") == ["jira:5f0c1d2e3b4a5968778695b2"]
    assert mentioned("JIRA", "jira:issue_updated", "unassigned") == []
    assert mentioned("JIRA", "jira:issue_updated", "assigned_to_oneself") == []


def test_jira_mentions_an_assignee_whom_only_the_changelog_names() -> None:
    names = mentioned("JIRA", "jira:issue_updated", "assigned", {"issue.fields.assignee": None})
    assert names == ["jira:5f0c1d2e3b4a5968778695b2"]


@pytest.mark.parametrize(("setting", "names"), [("redact", []), ("full", ["jira:5f0c1d2e3b4a5968778695b2"])])
def test_jira_mentions_nobody_for_a_comment_that_is_not_shown(setting: str, names: list[str]) -> None:
    change = {"comment.body": "[~accountid:5f0c1d2e3b4a5968778695b2]", "comment.visibility": {"value": "Staff"}}
    change["comment.author"] = change["comment.updateAuthor"] = {"accountId": "5f0c1d2e"}
    case = ("JIRA", "comment_created", "cloud", change)
    assert mentioned(*case, restricted_comments=setting) == names


@pytest.mark.parametrize("setting", ["notice", "title"])
def test_jira_mentions_nobody_where_a_confidential_issue_is_only_named(setting: str) -> None:
    assert mentioned("JIRA", "jira:issue_created", "security_level_full", confidential="full") != []
    assert mentioned("JIRA", "jira:issue_created", "security_level_full", confidential=setting) == []


def test_jira_knows_who_is_mentioned_by_all_the_names_in_the_payload() -> None:
    han = {"name": "hanmeimei", "key": "JIRAUSER10101", "displayName": "韩梅梅", "emailAddress": "han@example.com"}
    payload = Reader({"user": han, "comment": {"body": "[~JIRAUSER10101] [~lilei]"}})
    assert [*people.mentions_in(payload, "comment.body")] == [
        Mention("韩梅梅", ("jira:hanmeimei", "jira:JIRAUSER10101", "email:han@example.com")),
        Mention("lilei", ("jira:lilei",)),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[~lilei] 看看", [("lilei", "lilei")]),
        ("[~accountid:5f0c:1d-2e]", [("5f0c:1d-2e", "")]),
        ("[韩梅梅|~accountid:5f0c]", [("5f0c", "韩梅梅")]),
        (r"\[~lilei]", []),
        ("{code}[~lilei]{code} [~hanmeimei]", [("hanmeimei", "hanmeimei")]),
        ("{noformat}[~lilei]", []),
        ("cut off ~accountid:5f0c", []),
        ("lilei@example.com @lilei", []),
    ],
)
def test_jira_finds_people_in_wiki_markup_outside_of_code(text: str, found: list[tuple[str, str]]) -> None:
    assert [*wiki.mentioned_in(text)] == found


def test_jira_finds_people_in_a_document_at_any_depth_but_no_apps() -> None:
    def mention(**attributes: str) -> dict[str, Any]:
        return {"type": "mention", "attrs": attributes}

    inner: Any = {
        "type": "paragraph",
        "content": [mention(id="5f0c", text="@韩梅梅"), mention(id="77", text="@77")],
    }
    for _ in range(900):
        inner = {"type": "panel", "content": [inner, mention(id="9", userType="APP"), None, 5]}
    assert [*adf.mentioned_in({"type": "doc", "content": [inner]})] == [("5f0c", "韩梅梅"), ("77", "")]
