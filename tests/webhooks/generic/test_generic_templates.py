"""What templates can do, and that whatever is posted cannot make them fail, leak or run for long."""

import json
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from making import made_handler
from posthouse import Event, Items, Level, Message, No, Site, Yes
from posthouse.webhooks.generic.events import GenericNotifyEventHandler

SITE = Site(language="en")


def handler(**settings: Any) -> GenericNotifyEventHandler:
    made = made_handler(GenericNotifyEventHandler, SITE, **settings)
    assert isinstance(made, GenericNotifyEventHandler)
    return made


def message(payload: dict[str, Any], **settings: Any) -> Message:
    return handler(**settings).message(Event("Generic", payload))


def title(template: str, **payload: Any) -> str:
    return message(payload, title=template).title


def decision(when: str, **payload: Any) -> Yes | No:
    return handler(when=when).should_notify(Event("Generic", payload))


# What is shown


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ name }}", "ledger"),
        ("{{ body.name }}", "ledger"),
        ("{{ body['name'] }}", "ledger"),
        ("{{ build.number }}", "18"),
        ("{{ build.scm.branch }}", "main"),
        ("{{ tags }}", "a, b, c"),
        ("{{ tags[1] }}", "b"),
        ("{{ jobs|map(attribute='name') }}", "unit, lint"),
        ("{{ jobs|selectattr('ok')|map(attribute='name')|first }}", "unit"),
        ("{{ build|upper }} {{ tags ~ '!' }}", "NUMBER: 18, SCM: BRANCH: MAIN a, b, c!"),
        ("{{ build }}", "number: 18, scm: branch: main"),
        ("{{ good }} {{ bad }}", "true false"),
        ("{{ 3 * build.number }}", "54"),
        ("{{ rate|round(1) }}", "2.5"),
        ("{{ name.upper() }}", "LEDGER"),
        ("{{ name|excerpt(3) }} {{ lines|first_line }}", "led… one"),
        ("{{ lines|excerpt }}", "one"),
        ("{{ tags|tojson }}", '["a", "b", "c"]'),
        ("{{ chinese|tojson }}", '"账目"'),
        ("{% for key, value in build.scm|items %}{{ key }}={{ value }}{% endfor %}", "branch=main"),
        ("{{ name if good else 'nobody' }}", "ledger"),
        ("<b>{{ name }}</b> & {{ html }}", "<b>ledger</b> & <i>"),
    ],
)
def test_a_template_shows_what_it_names(template: str, shown: str) -> None:
    payload = {
        "name": "ledger",
        "build": {"number": 18, "scm": {"branch": "main"}},
        "tags": ["a", "b", "c"],
        "jobs": [{"name": "unit", "ok": True}, {"name": "lint", "ok": False}],
        "good": True,
        "bad": False,
        "rate": 2.46,
        "lines": "one\ntwo",
        "html": "<i>",
        "chinese": "账目",
    }
    assert title(template, **payload) == shown


@pytest.mark.parametrize(
    "template",
    [
        "{{ missing }}",
        "{{ missing.deeper[0].still }}",
        "{{ null }}",
        "{{ null.deeper }}",
        "{{ null|upper }}",
        "{{ name.deeper.still }}",
        "{{ nulls }}",
        "{{ nulls|join }}",
        "{{ missing + 1 }}",
        "{{ (1000 / missing)|round }}",
        "{{ 2 * missing }}",
        "{{ -missing }}",
        "{{ 'more' if missing > 5 }}",
        "{{ 'more' if 5 < null }}",
        "{% for entry in missing %}{{ entry }}{% endfor %}",
        "{{ body.items }}",
        "{{ body.get }}",
        "{{ name.upper }}",
        "{{ namespace }}{{ range }}{{ dict }}{{ lipsum }}{{ cycler }}{{ joiner }}",
        "{{ self }}",
        "{{ empty_list }}{{ empty_object }}{{ empty_text }}",
    ],
)
def test_what_is_missing_or_null_is_empty_and_no_failure(template: str) -> None:
    payload = {"name": "ledger", "null": None, "nulls": [None], "empty_list": [], "empty_object": {}, "empty_text": ""}
    found = message(payload, title=template)
    assert (found.title, found.blocks) == ("demo", ())


def test_what_is_missing_or_null_has_a_default() -> None:
    assert title("{{ null|default('nobody') }} {{ missing|default(7) }} {{ missing|int }}", null=None) == "nobody 7 0"


def test_names_are_the_payloads_own_even_where_python_has_them_too() -> None:
    payload = {"items": [1], "values": {"A": 2}, "self": "me", "range": 3, "namespace": "finance", "body": "text"}
    template = "{{ body.items }} {{ body.values }} {{ body.self }} {{ range }} {{ namespace }} {{ body.body }}"
    assert title(template, **payload) == "1 A: 2 me 3 finance text"


def test_a_payload_is_no_template() -> None:
    assert title("{{ name }}", name="{{ 7 * 7 }}{% raw %}") == "{{ 7 * 7 }}{% raw %}"


def test_a_title_ends_where_something_is_missing() -> None:
    assert title("Build of ledger: {{ missing }}") == "Build of ledger"


def test_lines_are_paragraphs_and_those_with_a_mark_a_list() -> None:
    text = "Jobs:\n{% for job in jobs %}\n  - {{ job }}\n{% endfor %}\n\nDone."
    found = message({"jobs": [f"job {number}" for number in range(12)]}, text=text)
    first, items, last = found.blocks
    assert [block.to_text() for block in (Message("", (first,)), Message("", (last,)))] == ["\n\nJobs:", "\n\nDone."]
    assert isinstance(items, Items)
    assert (len(items.lines), items.more) == (10, 2)
    assert items.lines[0] == ("job 0",)


def test_entries_that_are_empty_are_none() -> None:
    assert message({}, text="- {{ missing }}\n-\n- \n").blocks == ()


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("info", Level.INFO),
        ("success", Level.SUCCESS),
        ("OK", Level.SUCCESS),
        ("resolved", Level.SUCCESS),
        ("warning", Level.WARNING),
        ("UNSTABLE", Level.WARNING),
        ("failure", Level.FAILURE),
        ("Error", Level.FAILURE),
        (" critical ", Level.FAILURE),
        ("firing", Level.FAILURE),
        ("whatever", Level.INFO),
        (None, Level.INFO),
        ([], Level.INFO),
    ],
)
def test_a_level_is_told_in_many_words(word: Any, level: Level) -> None:
    assert message({"status": word}, level="{{ status }}").level == level


def test_a_level_may_be_always_the_same() -> None:
    assert message({}, level="Warning").level == Level.WARNING


def test_a_link_that_is_no_address_is_no_button() -> None:
    for address in ("javascript:alert(1)", "", "nowhere", "https://example.com/a b"):
        assert message({"url": address}, link="{{ url }}").blocks == ()
    assert message({"url": "https://example.com/"}, link="{{ url }}").to_text() == "demo\n\n[Open] https://example.com/"


def test_facts_are_left_out_where_they_are_empty() -> None:
    facts = {"host": "{{ host }}", "status": "{{ status }}"}
    assert message({"host": "db1"}, facts=facts).facts == {"host": "db1"}


# What fails


def test_what_fails_is_left_out_and_said() -> None:
    fields = {"Half": "{{ count / 2 }}", "Name": "{{ name }}", "Items": "{{ body.items() }}"}
    text = message({"count": "many", "name": "ledger"}, title="{{ name }}", fields=fields).to_text()
    assert text.startswith("ledger\n\nName: ledger\n\nCould not be filled in: fields.Half (")
    assert "fields.Items ('items' is undefined)" in text


def test_a_title_that_fails_is_the_webhooks_name() -> None:
    found = message({"count": "many"}, title="{{ count / 2 }}")
    assert found.title == "demo"
    assert "Could not be filled in: title (" in found.to_text()


# What is told


def test_an_event_is_told_when_the_expression_is_true() -> None:
    assert decision("result == 'FAILURE' and build.number > 5", result="FAILURE", build={"number": 18}) == Yes()
    assert decision("name", name="x") == Yes()


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("result == 'SUCCESS'", "when is not true: result == 'SUCCESS'"),
        ("missing > 5", "when is not true: missing > 5"),
        ("missing.deeper", "when is not true: missing.deeper"),
        ("null == 5", "when is not true: null == 5"),
        (
            "result / 2 > 1",
            "when cannot be decided (unsupported operand type(s) for /: 'str' and 'int'): result / 2 > 1",
        ),
    ],
)
def test_an_event_that_is_not_told_says_why(when: str, reason: str) -> None:
    assert decision(when, result="FAILURE", null=None) == No(reason)


# Whatever is posted

SETTINGS = {
    "title": "{{ a }}: {{ a.b }} {{ b[0] }}",
    "text": "{% for entry in a %}\n- {{ entry }} {{ entry.b|default('none such') }}\n{% endfor %}\n{{ b|join(', ') }}",
    "link": "{{ a.b }}",
    "link_text": "{{ b|upper }}",
    "level": "{{ a }}",
    "fields": {
        "one": "{{ body }}",
        "two": "{{ (a / 2)|round(1) }}",
        "three": "{{ a ~ b }}",
        "four": "{{ b|sort|first }}",
        "five": "{{ a|length }} {{ a|int }} {{ b|float }} {{ a|tojson }}",
        "six": "{{ a * 3 }}",
        "seven": "{{ a.items() }} {{ b|dictsort|map('last') }}",
        "eight": "{{ a|replace('x', b) }} {{ '%d'|format(a) }}",
    },
    "facts": {"a": "{{ a }}", "b": "{{ b|first }}"},
    "when": "a > 2 or b in a",
    "key": "{{ a }}{{ b }}",
}
FIXED = handler(**SETTINGS)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.sampled_from("abcx"), children, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "items", "self", "x"]), values, max_size=5))
def test_no_payload_makes_a_template_raise_or_show_what_is_not_there(payload: dict[str, Any]) -> None:
    event = Event("Generic", payload)
    said = FIXED.message(event)
    FIXED.should_notify(event)
    assert FIXED.message(event) == said
    posted = json.dumps(payload, ensure_ascii=False)
    text = said.to_text()
    for leftover in ("None", "{{", "}}", "{%", "%}", "Undefined", "object at 0x", "<built-in", "<generator"):
        assert leftover not in text or leftover in posted, leftover
    assert said.title.strip()
    assert all(said.facts.values())


@pytest.mark.parametrize(
    "template",
    [
        "{% for one in many %}{% for two in many if one > two %}{% set x = 1 %}{% endfor %}{% endfor %}",
        "{% for one in many %}{{ long }}{{ one }}{% endfor %}",
        "{{ many|join(long) }}",
        "{{ long }}{{ body }}",
        "{{ '*' * huge }}",
        "{{ huge ** huge }}",
        "{{ many|map('string')|sort|unique|join|replace('1', long) }}",
    ],
)
def test_no_payload_makes_a_template_run_for_long_or_say_too_much(template: str) -> None:
    payload = {"many": list(range(200_000)), "long": "long " * 400_000, "huge": 10**12}
    start = monotonic()
    found = message(payload, title=template, text=template, fields={"one": template})
    assert monotonic() - start < 10
    assert len(found.to_text()) < 20_000


def test_a_list_is_read_up_to_its_thousandth_entry() -> None:
    assert title("{{ many|length }}", many=list(range(5000))) == "1000"
