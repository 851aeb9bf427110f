from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from posthouse.webhooks.jira.adf import STEPS
from posthouse.webhooks.jira.markup import QUOTED, READ, excerpt_of

PEOPLE = {"5b10ac8d82e05b22cc7d4ef5": "Li Lei", "lilei": "Li Lei", "hanmeimei": "Han Meimei"}
STRANGER = "712020:0c8f31c0-9a3e-4c8f-8f51-2d9a4e7b6c10"
WIKI = {
    "a *bold* b": "a bold b",
    "_leaning_, +inserted+": "leaning, inserted",
    "x ^up^ and ~down~": "x up and down",
    "_*both*_ and *_both_*": "both and both",
    "中文*加粗*中文，再来_斜体_吧": "中文加粗中文，再来斜体吧",
    "{*}half{*}word": "halfword",
    "*see [the docs|https://docs.example.com] now*": "see the docs now",
    "due -Friday- Monday": "due -Friday- Monday",
    "due{-}Friday{-}Monday": "due-Friday-Monday",
    "run {{a_*b*_c}} {{{}x{}}} {{f{n}}}": "run a_*b*_c x f{n}",
    "h1. Title\nh6. Small": "Title\nSmall",
    "bq. said before": "said before",
    "* one\n** two\n*# three\n# four\n- five": "• one\n• two\n• three\n• four\n• five",
    "* *bold* item": "• bold item",
    "above\n----\nbelow": "above\nbelow",
    "first\\\\ second\\\\\nthird": "first\n second\nthird",
    "[the docs|https://docs.example.com/a_b_]": "the docs",
    "[*the* docs|https://docs.example.com]": "the docs",
    "[https://docs.example.com/_a_/b?c=*d*]": "https://docs.example.com/_a_/b?c=*d*",
    "[https://a.example.com/x|https://a.example.com/x|smart-link]": "https://a.example.com/x",
    "[mailto:lilei@example.com]": "lilei@example.com",
    "[below|#details]": "below",
    "[^ledger 2026.csv]": "📎 ledger 2026.csv",
    "!screen-shot.png|thumbnail!": "🖼 screen-shot.png",
    "见!截图 1.jpeg|width=300,height=200!": "见🖼 截图 1.jpeg",
    "!https://img.example.com/a/b.png!": "🖼 b.png",
    "[~lilei] [~accountid:5b10ac8d82e05b22cc7d4ef5]": "@Li Lei @Li Lei",
    f"[~accountid:{STRANGER}]": "@…",
    f"see [~accountid:{STRANGER[:12]}": "see [@…",
    f"[Han Meimei|~accountid:{STRANGER}]": "@Han Meimei",
    f"[~accountid:{STRANGER}|https://x.example.com]": "@…",
    "[~wangfang2] [~JIRAUSER10100] [~wang@example.com]": "@wangfang2 @… @…",
    "{code:title=a.py|language=python}\nx = [a|https://b.example.com]  # *no*\n{code}": (
        "x = [a|https://b.example.com]  # *no*"
    ),
    "{noformat}_a_ {code} _b_{noformat} _c_": "_a_ {code} _b_\nc",
    f"{{code}}[~accountid:{STRANGER}]{{code}}": "@…",
    "{code}never closed_ _": "never closed_ _",
    "{quote}before{quote}after": "before\nafter",
    "{panel:title=Note|borderStyle=dashed}inside{panel}": "Note\ninside",
    "{expand:title=More}hidden{expand}": "More\nhidden",
    "{color:#ff0000}red{color} {anchor:here}text": "red text",
    "||Name||Sum||\n|ledger|[12|https://x.example.com]|\n| |3|": "Name | Sum\nledger | 12\n3",
    "\\!wow\\! \\[x\\] \\*a\\* \\{code\\}": "!wow! [x] *a* {code}",
    "(/) (x) (!) :) ;) :D": "✅ ❌ ⚠️ 🙂 😉 😃",
    "*see https://x.example.com/a_b_, (https://y.example.com).*": (
        "see https://x.example.com/a_b_, (https://y.example.com)."
    ),
}
NO_MARKUP = (
    "snake_case and file_name_with_underscores and __init__",
    "2*3*4 = 24, 2 * 3 * 4",
    "a-b-c and 2026-11-24 and --flag",
    "C:\\path\\to\\file and C:\\\\path and \\\\server\\share",
    "li.lei_x_y@example.com",
    "*args and **kwargs",
    "f(x) = g(y)",
    "[x] [FIN-12] [a|b] [#12] [] [[",
    "x | y || z",
    "Hello! World!",
    "{id} {unknown:x}",
    "C++ and A+",
    "https://x.example.com/_a_/b.",
    "**Markdown**",
    "just ~5 minutes, [~5 minutes]",
    "* ",
)


@pytest.mark.parametrize("markup", WIKI, ids=str)
def test_wiki_markup_reads_as_plain_text(markup: str) -> None:
    assert excerpt_of(markup, PEOPLE) == WIKI[markup]


@pytest.mark.parametrize("text", NO_MARKUP, ids=str)
def test_what_is_no_markup_stays_as_it_is(text: str) -> None:
    assert excerpt_of(text, PEOPLE) == text.strip()


def node(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "attrs": attrs, "content": list(content)}


def text(words: str, *marks: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "marks": [{"type": mark} for mark in marks]}


def paragraph(*content: Any) -> dict[str, Any]:
    return node("paragraph", *content)


def item(words: str, *more: Any) -> dict[str, Any]:
    return node("listItem", paragraph(text(words)), *more)


def cells(*words: str) -> dict[str, Any]:
    return node("tableRow", *(node("tableCell", paragraph(text(word))) for word in words))


ADF = {
    "paragraphs": ((paragraph(text("one")), paragraph(text("two"))), "one\ntwo"),
    "marks": ((paragraph(text("a "), text("b", "strong", "em"), text(" c")),), "a b c"),
    "struck out": ((paragraph(text("Friday", "strike"), text(" Monday")),), "-Friday- Monday"),
    "no wiki markup": ((paragraph(text("*a* [~lilei]")),), "*a* [~lilei]"),
    "breaks": ((paragraph(text("a"), node("hardBreak"), text("b")), node("rule"), paragraph(text("c"))), "a\nb\nc"),
    "heading": ((node("heading", text("Title"), level=1), paragraph(text("x"))), "Title\nx"),
    "lists": (
        (node("bulletList", item("one", node("orderedList", item("two"), item("three"))), item("four")),),
        "• one\n• two\n• three\n• four",
    ),
    "tasks": (
        (node("taskList", node("taskItem", text("a"), state="DONE"), node("taskItem", text("b"), state="TODO")),),
        "☑ a\n☐ b",
    ),
    "decisions": ((node("decisionList", node("decisionItem", text("so be it"))),), "• so be it"),
    "code": ((node("codeBlock", text("x = 1\ny = 2"), language="python"), paragraph(text("z"))), "x = 1\ny = 2\nz"),
    "quote, panel": ((node("blockquote", paragraph(text("a"))), node("panel", paragraph(text("b")))), "a\nb"),
    "expand": ((node("expand", paragraph(text("inside")), title="More"),), "More\ninside"),
    "table": ((node("table", cells("a", "b"), cells("c", "d")), paragraph(text("e"))), "a | b\nc | d\ne"),
    "picture": ((node("mediaSingle", node("media", alt="x.png", id="7", type="file")),), "🖼 x.png"),
    "picture without a name": ((node("mediaSingle", node("media", id="7")), paragraph(text("a"))), "🖼\na"),
    "mentions": (
        (
            paragraph(
                node("mention", id="5b10ac8d82e05b22cc7d4ef5", text="@Lilei L."),
                text(" "),
                node("mention", id=STRANGER, text="@Han Meimei"),
                text(" "),
                node("mention", id=STRANGER, text=f"@{STRANGER}"),
                text(" "),
                node("mention", id=STRANGER),
                text(" "),
                node("mention", text="@all"),
            ),
        ),
        "@Li Lei @Han Meimei @… @… @all",
    ),
    "emoji": ((paragraph(node("emoji", shortName=":tada:", text="🎉"), node("emoji", shortName=":x:")),), "🎉:x:"),
    "date": ((paragraph(node("date", timestamp="1795478400000")),), "2026-11-24"),
    "date that no calendar has": ((paragraph(text("a"), node("date", timestamp="9" * 30)),), "a"),
    "status": ((paragraph(node("status", text="DONE", color="green")),), "DONE"),
    "cards": (
        (paragraph(node("inlineCard", url="https://x.example.com/1")), node("blockCard", url="javascript:x")),
        "https://x.example.com/1",
    ),
    "unknown nodes": ((node("hologram", node("frame", paragraph(text("a")))), node("void")), "a"),
    "odd nodes": ((None, 7, [], {}, {"type": 3}, {"type": "text"}, {"type": "text", "text": 5}), ""),
    "odd content": (({"type": "paragraph", "content": "x"}, {"type": "paragraph", "attrs": [], "marks": 1}), ""),
}


@pytest.mark.parametrize("case", ADF)
def test_a_document_reads_as_plain_text(case: str) -> None:
    content, expected = ADF[case]
    assert excerpt_of(node("doc", *content), PEOPLE) == expected


@pytest.mark.parametrize("body", [None, 7, True, [], ["x"], {}, {"type": "paragraph"}, {"type": ["doc"]}, "", " \n"])
def test_anything_else_reads_as_nothing(body: object) -> None:
    assert excerpt_of(body, PEOPLE) == ""


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert excerpt_of("x" * 301, {}) == "x" * 300 + "…"
    assert excerpt_of(node("doc", *[paragraph(text("x" * 200))] * 2), {}) == "x" * 200 + "\n" + "x" * 99 + "…"


def test_markup_that_fills_what_is_read_still_says_that_there_is_more() -> None:
    assert excerpt_of("x" + "|" * (READ + 1), {}) == "x" + "|" * (QUOTED - 1) + "…"
    assert excerpt_of("|x" + "|" * READ, {}) == "x…"
    assert excerpt_of("x" + " " * READ + "y", {}) == "x…"


def test_nothing_beyond_what_is_read_of_a_text_matters() -> None:
    for begin in ("[" * READ, "{code}" * READ, "*a" * READ, "|" * READ):
        assert excerpt_of(begin[:READ] + "*b* [x|https://x.example.com]", {}) == excerpt_of(begin[:READ] + "!", {})


class Watched(list[Any]):
    """A list that counts the entries that are looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[Any]:
        for entry in super().__iter__():
            self.looked_at += 1
            yield entry


def test_only_so_many_nodes_are_looked_at() -> None:
    for entry in (None, {}, {"type": "paragraph"}, {"type": "text", "text": ""}):
        content = Watched([entry] * (STEPS * 10))
        excerpt_of({"type": "doc", "content": content}, {})
        assert 0 < content.looked_at <= STEPS


def test_only_so_many_characters_of_a_document_are_looked_at() -> None:
    content = Watched([text("x" * 1000)] * 100)
    excerpt_of({"type": "doc", "content": content}, {})
    assert content.looked_at <= READ // 1000 + 1


def test_a_document_may_be_deeper_than_python_likes() -> None:
    deep: dict[str, Any] = text("bottom")
    for _ in range(100_000):
        deep = {"type": "bulletList", "content": [deep]}
    assert excerpt_of({"type": "doc", "content": [text("top"), deep]}, {}) == "top…"


MARKS = st.text(alphabet="*_+-^~{}[]|!\\(/)x:h1. \n#ae中@&", max_size=400)
WORDS = st.one_of(st.text(max_size=400), MARKS)
MENTIONS = st.sampled_from(
    [
        "[~accountid:{}]",
        "[Li|~accountid:{}]",
        "[~accountid:{}",
        "~accountid:{}",
        "[~accountid:{}|x]",
        "{{code}}[~accountid:{}]",
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["type", "content", "attrs", "text", "marks", "id"]), inner, max_size=5),
    ),
    max_leaves=20,
)
KINDS = st.sampled_from(
    ["text", "paragraph", "listItem", "taskItem", "tableRow", "tableCell", "mention", "emoji", "date", "media", "x"]
)
NODES = st.recursive(
    VALUES,
    lambda inner: st.fixed_dictionaries(
        {"type": KINDS, "content": st.lists(inner, max_size=4)}, optional={"attrs": inner, "text": st.text(max_size=9)}
    ),
    max_leaves=20,
)


@given(body=st.one_of(WORDS, VALUES, st.builds(lambda content: {"type": "doc", "content": content}, st.lists(NODES))))
@hypothesis_settings(deadline=None, max_examples=400)
def test_any_body_reads_as_a_short_text(body: object) -> None:
    shown = excerpt_of(body, PEOPLE)
    assert len(shown) <= QUOTED + 1
    assert shown == shown.strip()
    assert all(line.strip() for line in shown.splitlines())


@given(before=WORDS, mention=MENTIONS, after=WORDS)
@hypothesis_settings(deadline=None, max_examples=400)
def test_the_id_of_somebody_unknown_is_never_shown(before: str, mention: str, after: str) -> None:
    assert STRANGER not in excerpt_of(f"{before}\n{mention.format(STRANGER)} {after}", PEOPLE)


@given(before=st.lists(NODES, max_size=3), name=st.sampled_from(["", "@", STRANGER, f"@{STRANGER}"]))
@hypothesis_settings(deadline=None)
def test_the_id_of_somebody_unknown_is_never_shown_of_a_document(before: list[Any], name: str) -> None:
    body = {"type": "doc", "content": [*before, paragraph(node("mention", id=STRANGER, text=name))]}
    assert STRANGER not in excerpt_of(body, PEOPLE)


@given(words=st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,9}", fullmatch=True), mark=st.sampled_from("*_+^~"))
@hypothesis_settings(deadline=None)
def test_marks_around_words_are_left_out_and_nothing_else(words: str, mark: str) -> None:
    assert excerpt_of(f"a {mark}{words}{mark} b", {}) == f"a {words} b"
