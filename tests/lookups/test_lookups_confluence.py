"""What Confluence is asked about each kind of event, how its answers are read, and what is then told."""

import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from confluence_server import (
    HANMEIMEI,
    LILEI,
    NOON,
    PAGE,
    PERSON,
    Clock,
    Confluence,
    Said,
    confluence,
    event,
    found,
    lookups,
)

from making import REGISTRY, beside, event_of, payload_files
from posthouse import Event, Site
from posthouse.core.event import Findings
from posthouse.lookups import confluence as reading
from posthouse.webhooks.confluence.payload import Found
from posthouse.webhooks.confluence.silent import REASONS

CONTENT = "/rest/api/content/65601"
USER = "/rest/api/user"
SPACES = "/rest/api/space"
BASE = "https://confluence.example.com"
COMMENT = PAGE | {
    "id": "65801",
    "type": "comment",
    "title": "Re: 退款流程",
    "space": None,
    "container": {**PAGE, "version": None, "_links": {"webui": "/display/FIN/Refunds"}},
    "body": {
        "view": {"value": "<p>跨境退款要等 <b>银行</b>确认，<br/>三个工作日。</p><script>alert(1)</script>&lt;b&gt;"}
    },
    "_links": {"base": BASE, "webui": "/display/FIN/Refunds?focusedCommentId=65801#comment-65801"},
}


def look(asked: Event, answers: dict[str, Said]) -> tuple[Findings, Confluence]:
    with confluence(answers) as server, lookups(server.address) as looking:
        return looking.look_up("demo", asked), server


def told(asked: Event, findings: Findings) -> str:
    """Return the title that an event gets with what was found."""
    handler = REGISTRY.events["CONFLUENCE", asked.name]
    settings = REGISTRY.webhooks["CONFLUENCE"].settings_model(webhook_id="demo", type="CONFLUENCE")
    answer = handler(settings, Site(language="en")).handle(replace(asked, looked_up=findings.values))
    assert isinstance(answer, tuple)
    return answer[0].title


def query(server: Confluence) -> dict[str, list[str]]:
    """Return what stood behind the question mark of the first request."""
    return parse_qs(urlsplit(server.asked[0].target).query)


def test_a_page_is_asked_about_whatever_its_status() -> None:
    findings, server = look(event(), {CONTENT: found(PAGE)})
    assert query(server) == {"status": ["any"], "expand": ["space,version,container.space"]}
    assert {key: value for key, value in findings.values.items() if value} == {
        "title": "退款流程",
        "type": "page",
        "link": f"{BASE}/display/FIN/Refunds",
        "space_name": "财务",
        "space_key": "FIN",
        "space_link": f"{BASE}/display/FIN",
        "author": "Li Lei",
        "username": "lilei",
        "version": 8,
        "version_comment": "补充时限",
    }
    assert told(event(), findings) == "Li Lei updated a page: 退款流程"


def test_only_what_the_handlers_read_is_found() -> None:
    moved = PAGE | {"ancestors": [{"title": "Handbook", "_links": {"webui": "/display/FIN/Handbook"}}]}
    for name, answer in (("page_moved", moved), ("comment_created", COMMENT)):
        asked = event(name, **({} if answer is moved else {"comment": {"id": 65601}}))
        findings, _ = look(asked, {CONTENT: found(answer)})
        assert findings.values.keys() <= Found.__annotations__.keys()


def test_who_made_the_version_needs_no_further_question() -> None:
    _, server = look(event(who=LILEI), {CONTENT: found(PAGE), USER: found(PERSON)})
    assert server.targets() == [CONTENT]


def test_a_version_that_somebody_else_made_since_is_not_this_events() -> None:
    findings, server = look(event(who=HANMEIMEI), {CONTENT: found(PAGE), USER: found(PERSON)})
    assert server.targets() == [CONTENT, USER]
    assert server.asked[1].target == f"{USER}?key={HANMEIMEI}"
    assert findings.values["author"] == "Han Meimei"
    assert not {"version", "version_comment", "minor_edit"} & findings.values.keys()


def test_a_minor_edit_is_found_out() -> None:
    minor = PAGE | {"version": PAGE["version"] | {"minorEdit": True}}
    findings, _ = look(event(), {CONTENT: found(minor)})
    assert findings.values["minor_edit"] is True


def test_a_version_that_nobody_is_known_to_have_made_names_nobody() -> None:
    anonymous = PAGE | {"version": {"by": {"type": "anonymous", "displayName": "Anonymous"}, "number": 3}}
    findings, server = look(event(), {CONTENT: found(anonymous), USER: found(PERSON | {"displayName": "Li Lei"})})
    assert (findings.values["version"], findings.values["author"]) == (3, "Li Lei")
    assert server.targets() == [CONTENT, USER]


def test_a_page_that_was_moved_is_found_below_its_new_parent() -> None:
    parents = [{"title": "财务", "_links": {"webui": "/a"}}, {"title": "客服手册", "_links": {"webui": "/b"}}]
    findings, server = look(event("page_moved"), {CONTENT: found(PAGE | {"ancestors": parents})})
    assert query(server)["expand"] == ["space,version,container.space,ancestors"]
    assert (findings.values["parent_title"], findings.values["parent_link"]) == ("客服手册", f"{BASE}/b")


def test_a_comment_is_found_with_its_page_and_its_text() -> None:
    asked = event("comment_created", who=LILEI, comment={"id": 65801})
    findings, server = look(asked, {"/rest/api/content/65801": found(COMMENT)})
    assert query(server)["expand"] == ["space,version,container.space,body.view"]
    assert findings.values["container_title"] == "退款流程"
    assert findings.values["container_id"] == "65601"
    assert findings.values["space_name"] == "财务"
    assert findings.values["link"] == f"{BASE}/display/FIN/Refunds?focusedCommentId=65801#comment-65801"
    assert findings.values["text"] == "跨境退款要等 银行确认，\n三个工作日。\n<b>"
    assert told(asked, findings) == "Li Lei commented on a page: 退款流程"


@pytest.mark.parametrize(
    ("markup", "people"),
    [
        ('<a class="confluence-userlink user-mention" data-username="lilei" href="/x">李雷</a>', [("lilei", "李雷")]),
        ('<a href="/x" class="confluence-userlink user-mention" data-account-id="5f:0c">@Li</a>', [("5f:0c", "Li")]),
        ("<a class='user-mention current-user-mention' data-username='a&amp;b'>a&amp;b</a>", [("a&b", "a&b")]),
        ('<a class="confluence-userlink" data-username="lilei">李雷</a>', []),
        ('<script><a class="user-mention" data-username="lilei">李雷</a></script>', []),
        ('user-mention data-username="lilei"', []),
    ],
)
def test_a_comment_is_found_with_who_is_mentioned_in_it(markup: str, people: list[tuple[str, str]]) -> None:
    comment = COMMENT | {"body": {"view": {"value": markup}}}
    asked = event("comment_created", who=LILEI, comment={"id": 65801})
    findings, _ = look(asked, {"/rest/api/content/65801": found(comment)})
    assert [(one["id"], one["name"]) for one in findings.values["mentioned"]] == people


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("a&nbsp;&amp;&nbsp;b", "a & b"),
        ("<style type='x'>p {}</style>seen", "seen"),
        ("<script>never closed", ""),
        ("<SCRIPT>x</SCRIPT >seen", "seen"),
        ("<p>open", "open"),
        ("1 < 2", "1 < 2"),
        ("&#xD800;", "\ufffd"),
    ],
)
def test_html_becomes_text(markup: str, text: str) -> None:
    assert reading._plain(markup) == text


@pytest.mark.parametrize("piece", ["<", "<script", "<script>", "<style></", "<![", "<p>", "&", "&#", "</p"])
def test_hostile_html_costs_little_time(piece: str) -> None:
    started = time.monotonic()
    assert len(reading._plain(piece * 500_000)) <= reading.TEXT
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    "name", ["page_removed", "blog_removed", "comment_removed", "comment_deleted", "space_removed"]
)
def test_about_what_is_gone_only_the_person_is_asked(name: str) -> None:
    about = {name.partition("_")[0]: {"id": 65601}}
    findings, server = look(event(name, who=HANMEIMEI, **about), {USER: found(PERSON)})
    assert server.targets() == [USER]
    assert findings.values == {"author": "Han Meimei", "username": "hanmeimei"}


def test_a_label_is_asked_about_by_what_bears_it() -> None:
    asked = event("label_removed", label={"id": 501, "name": "audited"}, content={"id": 65601})
    findings, server = look(asked, {CONTENT: found(PAGE)})
    assert server.targets() == [CONTENT]
    assert told(asked, findings) == "Li Lei took the label audited off a page: 退款流程"


@pytest.mark.parametrize("name", [*REASONS, "user_created", "group_removed", "something_else"])
def test_about_what_is_told_to_nobody_or_names_itself_nothing_is_asked(name: str) -> None:
    findings, server = look(event(name, content={"id": 65601}, user={"id": 1}), {"/": found(PAGE)})
    assert findings == Findings()
    assert not server.asked


@pytest.mark.parametrize("payload", [{}, {"page": {}}, {"page": {"id": None}}, {"page": 65601}, {"page": {"id": []}}])
def test_without_an_id_only_the_person_is_asked(payload: dict[str, Any]) -> None:
    asked = Event("page_updated", {"userKey": HANMEIMEI, **payload}, received_at=NOON)
    _, server = look(asked, {"/": found(PERSON)})
    assert server.targets() == [USER]


def test_an_id_cannot_lead_elsewhere() -> None:
    findings, server = look(event(page={"id": "../user?x=1&y=/#"}, who="a&b=c/.."), {})
    assert findings.values == {"hidden": True}
    assert server.asked[0].target.startswith("/rest/api/content/..%2Fuser%3Fx%3D1%26y%3D%2F%23?status=any")
    _, server = look(event("page_removed", who="a&b=c/.."), {})
    assert server.asked[0].target == "/rest/api/user?key=a%26b%3Dc%2F.."


def test_cloud_says_everything_but_the_name() -> None:
    path = next(path for path in payload_files("CONFLUENCE") if path.stem == "page_updated__cloud_nobody_known")
    findings, server = look(event_of(path, Site()), {USER: found({"displayName": "Li Lei", "publicName": "lilei"})})
    assert server.asked[0].target == f"{USER}?accountId=557058%3A3f2c1a00-0000-4000-8000-000000000001"
    assert server.targets() == [USER]
    assert {key: value for key, value in findings.values.items() if value} == {"author": "Li Lei"}


@pytest.mark.parametrize("path", payload_files("CONFLUENCE"), ids=lambda path: path.stem)
def test_nothing_is_asked_that_is_already_said(path: Any) -> None:
    asked = replace(event_of(path, Site()), looked_up={}, last=None)
    _, server = look(asked, {"/rest/api/content": found(PAGE), SPACES: found({"results": []}), USER: found(PERSON)})
    if "bundled_app" in path.stem or "automation" in path.stem:
        assert not server.asked
    if "cloud" in path.stem or "forge" in path.stem:
        assert set(server.targets()) <= {USER}
    if beside(path).get("looked_up") and "data_center" in path.stem:
        assert server.asked


def space(number: int) -> dict[str, Any]:
    return {"id": number, "key": f"S{number}", "name": f"Space {number}", "_links": {"webui": f"/display/S{number}"}}


def page_of_spaces(*numbers: int, more: bool) -> bytes:
    links = {"base": BASE, **({"next": "/rest/api/space?start=elsewhere"} if more else {})}
    return found({"results": [space(number) for number in numbers], "_links": links})


def test_a_space_is_found_by_turning_over_the_list() -> None:
    answers: dict[str, Said] = {
        f"{SPACES}?limit=200&start=0": page_of_spaces(1, 2, more=True),
        f"{SPACES}?limit=200&start=2": page_of_spaces(3, 4, more=True),
        USER: found(PERSON),
    }
    asked = event("space_updated", space={"id": 3})
    findings, server = look(asked, answers)
    assert server.targets() == [SPACES, SPACES, USER]
    assert findings.values["space_name"] == "Space 3"
    assert findings.values["space_link"] == f"{BASE}/display/S3"
    assert told(asked, findings) == "Han Meimei changed a space: Space 3"


def test_turning_over_the_list_of_spaces_ends() -> None:
    _, server = look(event("space_updated", space={"id": 3}), {SPACES: page_of_spaces(1, more=True)})
    assert server.targets() == [SPACES] * reading.PAGES + [USER]
    _, server = look(event("space_updated", space={"id": 3}), {SPACES: page_of_spaces(1, more=False)})
    assert server.targets() == [SPACES, USER]
    _, server = look(event("space_updated", space={"id": 3}), {SPACES: page_of_spaces(more=True)})
    assert server.targets() == [SPACES, USER]


def test_the_list_of_spaces_is_kept_but_not_for_a_new_one() -> None:
    clock = Clock()
    answers: dict[str, Said] = {SPACES: page_of_spaces(1, more=False), USER: found(PERSON)}
    with confluence(answers) as server, lookups(server.address, clock) as looking:
        looking.look_up("demo", event("space_updated", space={"id": 1}))
        clock.now += 600
        looking.look_up("demo", event("space_updated", at=clock.now, space={"id": 1}))
        assert server.targets().count(SPACES) == 1
        server.answers[SPACES] = page_of_spaces(1, 2, more=False)
        new = looking.look_up("demo", event("space_created", at=clock.now, space={"id": 2}))
    assert new.values["space_name"] == "Space 2"


def test_a_title_is_cut() -> None:
    findings, _ = look(event(), {CONTENT: found(PAGE | {"title": "x" * 100_000})})
    assert len(findings.values["title"]) < 300


def test_a_link_that_is_none_is_left_out() -> None:
    for links in ({"base": "javascript:", "webui": "alert(1)"}, {"webui": "/x"}, {"base": BASE}, None, [1]):
        findings, _ = look(event(), {CONTENT: found(PAGE | {"_links": links})})
        assert findings.values["link"] == ""


@pytest.mark.parametrize("answer", [PAGE, COMMENT, {"results": [space(65601)], "_links": {"base": BASE}}, PERSON])
def test_any_value_may_stand_in_any_place_of_an_answer(answer: dict[str, Any]) -> None:
    with confluence({}) as server, lookups(server.address) as looking:
        for number, changed in enumerate(changes(answer)):
            server.answers = {"/": found(changed)}
            for name in ("page_moved", "comment_created", "space_created"):
                # Somebody else each time, so that no name is known from before.
                asked = event(name, who=f"{name}{number}", **{name.partition("_")[0]: {"id": 65601}})
                findings = looking.look_up("demo", replace(asked, received_at=NOON + 1e9))
                assert "None" not in told(asked, findings)


def changes(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answer with each of its values, and of those in them, gone or of another type."""
    changed = []
    for key, kept in value.items():
        changed += [{**value, key: stranger} for stranger in (None, "x", 7, [], {}, [None], True)]
        if isinstance(kept, dict):
            changed += [{**value, key: inner} for inner in changes(kept)]
    return changed
