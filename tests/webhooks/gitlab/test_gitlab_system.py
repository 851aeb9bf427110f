"""What system hooks and the group-only events of group hooks say, and what they keep to themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from making import REGISTRY, beside, made_handler, payload_files, webhook_settings
from posthouse import Event, Inbound, Message, No, NotifyEventHandler, Reader, Site
from posthouse.webhooks.gitlab.deletion import meaning, unmarked
from posthouse.webhooks.gitlab.group import GroupHookNotifyEventHandler
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler
from posthouse.webhooks.gitlab.member import MemberHookNotifyEventHandler, MembershipHookNotifyEventHandler
from posthouse.webhooks.gitlab.member_approval import MemberApprovalHookNotifyEventHandler
from posthouse.webhooks.gitlab.project_lifecycle import ProjectHookNotifyEventHandler
from posthouse.webhooks.gitlab.repository_update import RepositoryUpdateHookNotifyEventHandler
from posthouse.webhooks.gitlab.role import role_of, role_words
from posthouse.webhooks.gitlab.ssh_key import KeyHookNotifyEventHandler
from posthouse.webhooks.gitlab.user_account import (
    UserAccountHookNotifyEventHandler,
)

PAYLOADS = Path(__file__).parent / "payloads"
LANGUAGES = ("zh", "en")
#: The handlers that this page tests, with those that are built on them.
HANDLERS = (
    ProjectHookNotifyEventHandler,
    GroupHookNotifyEventHandler,
    MemberHookNotifyEventHandler,
    UserAccountHookNotifyEventHandler,
    KeyHookNotifyEventHandler,
    RepositoryUpdateHookNotifyEventHandler,
    MemberApprovalHookNotifyEventHandler,
)
#: The names under which group hooks send what system hooks send under the event's own name.
OF_GROUP_HOOKS = frozenset({"Project Hook", "Subgroup Hook", "Member Hook"})
EVENTS = sorted(
    name for (kind, name), found in REGISTRY.events.items() if kind == "GITLAB" and issubclass(found, HANDLERS)
)
FILES = [path for name in EVENTS for path in payload_files("GITLAB", name)]
OF_SYSTEM_HOOKS = [path for name in EVENTS if name not in OF_GROUP_HOOKS for path in payload_files("GITLAB", name)]
ADDRESS = "https://gitlab.example.com"
TIME = "2026-03-02T02:10:05Z"

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def payload(stem: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{stem}.json").read_text(encoding="utf-8"))
    return found


def parsed(body: dict[str, Any], header: str = "") -> Event:
    handler = GitlabWebhookHandler(webhook_settings(GitlabWebhookHandler), Site())
    return handler.parse(Inbound({"x-gitlab-event": header} if header else {}, {}, json.dumps(body).encode()))


def notifier(event: Event, language: Any = "en", **settings: Any) -> NotifyEventHandler:
    handler = made_handler(REGISTRY.events["GITLAB", event.name], Site(language=language), **settings)
    assert isinstance(handler, NotifyEventHandler)
    return handler


def said(body: dict[str, Any], header: str = "", language: Any = "en", **settings: Any) -> Message:
    event = parsed(body, header)
    return notifier(event, language, **settings).message(event)


def is_told(body: dict[str, Any], header: str = "", **settings: Any) -> bool:
    """Decide as posthouse does: by the configuration, else by the handler's default, then by the handler."""
    event = parsed(body, header)
    handler = notifier(event, **settings)
    switch = handler.settings.told(event.name)
    return (
        switch is not False
        and (switch is not None or handler.on_by_default)
        and not isinstance(handler.should_notify(event), No)
    )


def link(message: Message) -> str:
    _, found, url = message.to_text().partition("] http")
    return f"http{url}" if found else ""


def host(address: str | None) -> dict[str, Any]:
    return {"gitlab": {"host": address}}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


@pytest.mark.parametrize("path", OF_SYSTEM_HOOKS, ids=lambda path: path.stem)
def test_a_system_hook_names_its_event_with_and_without_its_header(path: Path) -> None:
    body = payload(path.stem)
    assert parsed(body, "System Hook").name == parsed(body).name
    assert parsed(body).name in EVENTS


@each_file
def test_no_e_mail_address_and_no_key_is_told(path: Path) -> None:
    body = payload(path.stem)
    secrets = {text for text in strings(body) if "@" in text} | {body.get("key", "ssh-ed25519")}
    for language in LANGUAGES:
        message = said(body, language=language, **beside(path).get("settings", {}))
        shown = "\n".join([message.to_text(), *strings(list(message.facts.values())), message.to_json()])
        assert "@" not in shown
        assert not any(secret in shown for secret in secrets)


def test_the_payloads_hold_what_must_not_be_told() -> None:
    texts = [text for path in FILES for text in strings(payload(path.stem))]
    assert sum("@example.com" in text for text in texts) > 40
    assert any(text.startswith("ssh-ed25519 ") for text in texts)


@each_file
def test_what_nobody_is_said_to_have_done_has_no_author(path: Path) -> None:
    if not path.stem.startswith("repository_update"):
        assert "author" not in said(payload(path.stem)).facts


@pytest.mark.parametrize(
    ("stem", "told"),
    [
        ("project_create_hook__system", True),
        ("project_create_hook__api_test", True),
        ("project_destroy_hook__at_once", True),
        ("project_rename_hook__renamed", True),
        ("project_rename_hook__marked_for_deletion", True),
        ("project_transfer_hook__system", True),
        ("project_update_hook__system", False),
        ("group_create_hook__system", True),
        ("group_destroy_hook__system", True),
        ("group_rename_hook__renamed", True),
        ("user_access_request_to_project_hook__system", True),
        ("user_access_request_to_group_hook__system", True),
        ("user_access_request_revoked_for_project_hook__system", False),
        ("user_access_request_revoked_for_group_hook__system", False),
        ("user_add_to_team_hook__system", False),
        ("user_update_for_team_hook__system", False),
        ("user_remove_from_team_hook__system", False),
        ("user_add_to_group_hook__custom_role", False),
        ("user_update_for_group_hook__system", False),
        ("user_remove_from_group_hook__system", False),
        ("user_create_hook__system", False),
        ("user_rename_hook__system", False),
        ("user_destroy_hook__system", False),
        ("user_failed_login_hook__blocked", True),
        ("user_failed_login_hook__ldap_blocked", True),
        ("key_create_hook__system", False),
        ("key_destroy_hook__system", False),
        ("repository_update_hook__many", False),
        ("gitlab_subscription_member_approval_hook__enqueued", True),
        ("gitlab_subscription_member_approvals_hook__approved", True),
        ("gitlab_subscription_member_approvals_hook__denied", True),
        ("gitlab_subscription_member_approvals_hook__failed_in_part", True),
    ],
)
def test_a_system_hook_tells_by_default_what_somebody_has_to_know(stem: str, told: bool) -> None:
    assert is_told(payload(stem), "System Hook") is told


@pytest.mark.parametrize("path", OF_SYSTEM_HOOKS, ids=lambda path: path.stem)
def test_every_event_of_a_system_hook_can_be_switched_on_and_off_by_its_name(path: Path) -> None:
    body = payload(path.stem)
    word = parsed(body).name.removesuffix(" Hook").lower().replace(" ", "_")
    assert is_told(body, events={word: True}) is (path.stem != "repository_update_hook__empty")
    assert not is_told(body, events={word: False})


@pytest.mark.parametrize(
    ("stem", "header", "told"),
    [
        ("member_hook__access_requested", "Member Hook", True),
        ("member_hook__access_denied", "Member Hook", False),
        ("member_hook__added", "Member Hook", False),
        ("member_hook__updated", "Member Hook", False),
        ("member_hook__removed", "Member Hook", False),
        ("project_hook__created", "Project Hook", True),
        ("project_hook__destroyed", "Project Hook", True),
        ("subgroup_hook__created", "Subgroup Hook", True),
        ("subgroup_hook__destroyed", "Subgroup Hook", True),
    ],
)
def test_a_group_hook_tells_by_default_what_somebody_has_to_know(stem: str, header: str, told: bool) -> None:
    assert is_told(payload(stem), header) is told


def test_what_happens_to_members_of_a_group_is_chosen_one_by_one() -> None:
    chosen = {"member": ["add", "remove"]}
    told = [
        case
        for case in ("access_requested", "access_denied", "added", "updated", "removed")
        if is_told(payload(f"member_hook__{case}"), "Member Hook", events=chosen)
    ]
    assert told == ["added", "removed"]


def test_the_silence_about_members_says_what_happened() -> None:
    event = parsed(payload("member_hook__added"), "Member Hook")
    assert notifier(event).should_notify(event) == No("the member's action is add")
    event = parsed(payload("member_hook__added") | {"event_name": "user_sings"}, "Member Hook")
    assert notifier(event).should_notify(event) == No("the member's action is user_sings")


@pytest.mark.parametrize("event_name", ["user_add_to_group", "user_access_request_to_group", "user_remove_from_group"])
def test_group_and_system_hook_report_one_occurrence_about_a_member(event_name: str) -> None:
    of_group = payload("member_hook__added") | {"event_name": event_name}
    of_system = {key: value for key, value in of_group.items() if key not in {"group_plan", "expires_at"}}
    messages = said(of_group, "Member Hook"), said(of_system, "System Hook")
    assert messages[0].occurrence == messages[1].occurrence == f"gitlab:member:{event_name}:7:42:{TIME}"


def test_group_and_system_hook_report_one_occurrence_about_a_project() -> None:
    of_group, of_system = payload("project_hook__created"), payload("project_create_hook__system")
    assert said(of_group, "Project Hook").occurrence == said(of_system, "System Hook").occurrence


def test_group_and_system_hook_report_one_occurrence_about_a_subgroup() -> None:
    of_group = payload("subgroup_hook__created")
    names = {"event_name": "group_create", "name": of_group["name"], "path": of_group["path"]}
    of_system = names | {key: of_group[key] for key in ("created_at", "updated_at", "group_id")}
    messages = said(of_group, "Subgroup Hook"), said(of_system, "System Hook")
    assert messages[0].occurrence == messages[1].occurrence == f"gitlab:group:create:10:{TIME}"


@pytest.mark.parametrize("part", ["project_id", "user_id", "updated_at", "event_name"])
def test_a_member_s_occurrence_needs_every_part(part: str) -> None:
    body = payload("user_add_to_team_hook__system")
    handler = made_handler(MembershipHookNotifyEventHandler, Site())
    assert isinstance(handler, MembershipHookNotifyEventHandler)
    assert handler.message(Event("User Add To Team Hook", body)).occurrence
    del body[part]
    assert handler.message(Event("User Add To Team Hook", body)).occurrence is None


def test_a_blocked_user_who_tries_again_and_again_is_one_occurrence() -> None:
    body = payload("user_failed_login_hook__blocked")
    later = body | {"updated_at": "2026-03-02T02:11:00Z"}
    assert said(body).occurrence == said(later).occurrence is not None
    assert said(body).occurrence != said(body | {"user_id": 43}).occurrence


@pytest.mark.parametrize(
    ("state", "title"),
    [
        ("blocked", "Blocked user Han Meimei tried to sign in and was refused"),
        ("ldap_blocked", "Blocked user Han Meimei tried to sign in and was refused"),
        ("active", "User Han Meimei failed to sign in"),
        (None, "User Han Meimei failed to sign in"),
    ],
)
def test_a_user_is_called_blocked_only_by_gitlab_s_word(state: str | None, title: str) -> None:
    assert said(payload("user_failed_login_hook__blocked") | {"state": state}).title == title


def test_gitlab_s_test_of_a_system_hook_reads_well_and_can_be_repeated() -> None:
    body = payload("project_create_hook__api_test")
    message = said(body, "System Hook", conf=host(ADDRESS))
    assert message.to_text() == "Project Ledger was created\n\nOwners: Li Lei"
    assert said(body, "System Hook", "zh").to_text() == "项目 Ledger 已创建\n\n所有者: Li Lei"
    assert message.occurrence is None


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (ADDRESS, f"{ADDRESS}/finance/ledger"),
        (f"{ADDRESS}/", f"{ADDRESS}/finance/ledger"),
        ("http://localhost:8080/gitlab", "http://localhost:8080/gitlab/finance/ledger"),
        (None, ""),
    ],
)
def test_a_link_needs_an_address_in_the_settings(address: str | None, url: str) -> None:
    assert link(said(payload("project_create_hook__system"), conf=host(address))) == url


def test_a_path_cannot_lead_a_link_astray() -> None:
    body = payload("project_create_hook__system") | {"path_with_namespace": "a/b?x={path}#y z"}
    assert link(said(body, conf=host(ADDRESS))) == f"{ADDRESS}/a/b%3Fx%3D%7Bpath%7D%23y%20z"


@pytest.mark.parametrize(
    "stem", ["project_destroy_hook__at_once", "user_destroy_hook__system", "subgroup_hook__destroyed"]
)
def test_what_is_gone_is_not_linked_to(stem: str) -> None:
    assert link(said(payload(stem), conf=host(ADDRESS))) == ""


@pytest.mark.parametrize(
    ("stem", "header"),
    [("member_hook__access_requested", "Member Hook"), ("group_create_hook__system", "System Hook")],
)
def test_a_group_is_not_linked_to_by_the_last_part_of_its_path(stem: str, header: str) -> None:
    assert link(said(payload(stem), header, conf=host(ADDRESS))) == ""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("a/b", "a/c", "rename"),
        ("a/b", "a/b-deletion_scheduled-15", "schedule_deletion"),
        ("a/b", "a/b-deleted-15", "schedule_deletion"),
        ("a/b-deletion_scheduled-15", "a/b", "restore"),
        ("a/b-deletion_scheduled-15", "a/c-deletion_scheduled-15", "rename"),
        ("", "", "rename"),
        ("a/b", "a/b-deletion_scheduled-x", "rename"),
    ],
)
def test_a_deletion_with_delay_comes_as_a_change_of_path(old: str, new: str, what: str) -> None:
    assert meaning("rename", old=old, new=new) == what
    assert meaning("transfer", old=old, new=new) == "transfer"


def test_a_path_is_shown_as_people_know_it() -> None:
    assert unmarked("finance/ledger-deletion_scheduled-15") == "finance/ledger"
    assert unmarked("finance/ledger-15") == "finance/ledger-15"


def test_renamings_of_subgroups_are_told_of_by_their_full_paths() -> None:
    assert said(payload("group_rename_hook__renamed")).title == "Group finance/salaries was renamed to finance/payroll"


@pytest.mark.parametrize(
    ("access", "role", "zh"),
    [
        ("Maintainer", "Maintainer", "维护者"),
        ("Minimal Access", "Minimal Access", "最小访问权限"),
        (30, "Developer", "开发者"),
        ("30", "Developer", "开发者"),
        (31, "31", "31"),
        ("Auditor", "Auditor", "Auditor"),
        (None, "", ""),
        (["Owner"], "", ""),
    ],
)
def test_a_role_is_a_name_or_a_number(access: Any, role: str, zh: str) -> None:
    found = role_of(Reader({"group_access": access}), "access_level", "group_access")
    assert found == role
    assert role_words(found) == {"zh": zh, "en": role}


def test_visibilities_are_told_in_both_languages() -> None:
    body = payload("project_rename_hook__renamed")
    assert body["project_visibility"] == "visibilitylevel|internal"
    assert "可见性: 内部" in said(body, language="zh").to_text()
    assert "Visibility: internal" in said(body).to_text()
    assert "Visibility: odd" in said(body | {"project_visibility": "odd"}).to_text()


def test_an_approval_that_could_not_be_applied_has_failed() -> None:
    body = payload("gitlab_subscription_member_approvals_hook__approved")
    assert said(body).facts["action"] == "approve"
    for attributes in ({"status": "failed"}, {"promotion_request_ids_that_failed_to_apply": list(range(500, 520))}):
        message = said(body | {"object_attributes": attributes})
        assert message.facts["action"] == "failed"
    assert "Requests that failed: 500, 501, 502, 503, 504, 505, 506, 507, 508, 509 … +10" in message.to_text()


def test_a_role_promotion_that_waits_is_asked_for_in_each_namespace() -> None:
    body = payload("gitlab_subscription_member_approval_hook__enqueued")
    assert said(body).occurrence != said(body | {"promotion_namespace_id": 8}).occurrence


def test_a_push_of_very_many_refs_is_bounded() -> None:
    changes = [{"before": "0" * 40, "after": "1" * 40, "ref": f"refs/heads/{number}"} for number in range(50_000)]
    message = said(payload("repository_update_hook__many") | {"changes": changes})
    assert message.title == "Li Lei updated 50000 branches and tags"
    assert "- … +49990" in message.to_text()
    assert len(message.to_json()) < 5000


@pytest.mark.parametrize(
    ("stem", "header"),
    [
        ("push_hook__two_commits", "Push Hook"),
        ("push_hook__new_branch", "Push Hook"),
        ("tag_push_hook__annotated", "Tag Push Hook"),
        ("tag_push_hook__lightweight", "Tag Push Hook"),
    ],
)
@pytest.mark.parametrize("absent", [("object_kind", "commits"), ("commits",), ("object_kind",)])
def test_a_push_is_the_same_through_a_system_hook(stem: str, header: str, absent: tuple[str, ...]) -> None:
    of_project = payload(stem)
    of_system = {key: value for key, value in of_project.items() if key not in absent}
    project, system = said(of_project, header), said(of_system, "System Hook")
    assert parsed(of_system, "System Hook").name == parsed(of_system).name == header
    assert (system.title, system.facts, system.story) == (project.title, project.facts, project.story)
    assert system.occurrence == project.occurrence is not None


def test_a_merge_request_is_the_same_through_a_system_hook() -> None:
    body = payload("merge_request_hook__open")
    assert said(body, "System Hook") == said(body, "Merge Request Hook")
    assert said(body, "System Hook").occurrence
