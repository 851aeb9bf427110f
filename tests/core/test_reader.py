"""Reading JSON of unknown shape never raises, and never takes one type for another."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse import LINK_SCHEMES, Reader

#: JSON as it may come; whole numbers stay in the range that every JSON reader agrees about.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", ""]) | st.text(), inner),
    max_leaves=20,
)
PATHS = st.lists(st.sampled_from(["a", "b", "", "c"]), min_size=1, max_size=4).map(".".join)
PAYLOAD = {
    "project": {"name": " Ledger ", "id": 15, "web_url": "https://gitlab.example.com/finance/ledger"},
    "blank": " \n",
    "quoted": "15",
    "yes": True,
    "half": 1.5,
    "whole": 2.0,
    "negative": -1,
    "list": [{"id": 1}, None, "x", {"id": 2}, [{"id": 3}]],
    "texts": ["a", " b ", "", None, 1],
    "null": None,
}


@settings(deadline=None)
@given(JSON, PATHS)
def test_nothing_raises_and_every_answer_has_its_type(value: Any, path: str) -> None:
    reader = Reader(value)
    assert isinstance(reader.has(path), bool)
    assert isinstance(reader.text(path), str)
    assert isinstance(reader.label(path), str)
    assert isinstance(reader.first_text(path, "a.b"), str)
    assert isinstance(reader.flag(path), bool)
    assert all(isinstance(item.value, dict) for item in reader.each(path))
    assert all(isinstance(item, str) and item == item.strip() != "" for item in reader.texts(path))
    number, count, link = reader.number(path), reader.count(path), reader.link(path)
    assert number is None or (not isinstance(number, bool) and math.isfinite(number))
    assert count is None or (type(count) is int and count >= 0)
    assert link == "" or link.partition(":")[0].lower() in LINK_SCHEMES


@settings(deadline=None)
@given(st.text())
def test_a_link_is_an_address_that_is_safe_to_follow(text: str) -> None:
    link = Reader({"url": text}).link("url")
    assert link in {"", text.strip()}
    assert not any(char.isspace() for char in link)


@settings(deadline=None)
@given(JSON)
def test_what_is_not_there_reads_as_the_default(value: Any) -> None:
    reader = Reader({"a": value})
    assert reader.text("missing.a.b", "default") == "default"
    assert reader.label("missing", "default") == "default"
    assert list(reader.each("missing")) == []
    assert not reader.has("missing")


def test_text_comes_without_the_white_space_around_it() -> None:
    assert Reader(PAYLOAD).text("project.name") == "Ledger"


@pytest.mark.parametrize(
    "path", ["blank", "null", "yes", "half", "list", "project", "project.id", "missing", "blank.x"]
)
def test_what_is_no_text_reads_as_the_default(path: str) -> None:
    assert Reader(PAYLOAD).text(path) == ""
    assert Reader(PAYLOAD).text(path, "unknown") == "unknown"


def test_the_first_text_that_is_not_blank_is_taken() -> None:
    assert Reader(PAYLOAD).first_text("missing", "blank", "project.name", "quoted") == "Ledger"
    assert Reader(PAYLOAD).first_text("missing", "blank") == ""
    assert Reader(PAYLOAD).first_text() == ""


def test_a_label_is_an_id_however_it_is_written() -> None:
    reader = Reader(PAYLOAD)
    assert (reader.label("quoted"), reader.label("project.id"), reader.label("whole")) == ("15", "15", "2")
    assert reader.label("yes") == ""


def test_a_boolean_is_no_number() -> None:
    assert Reader(PAYLOAD).number("yes") is None
    assert Reader(PAYLOAD).count("yes") is None


def test_a_number_is_finite() -> None:
    assert Reader({"x": math.inf}).number("x") is None
    assert Reader({"x": math.nan}).number("x") is None
    assert Reader(PAYLOAD).number("half") == 1.5


def test_a_count_is_whole_and_not_negative() -> None:
    reader = Reader(PAYLOAD)
    assert (reader.count("whole"), reader.count("half"), reader.count("negative")) == (2, None, None)


def test_only_true_is_true() -> None:
    assert Reader(PAYLOAD).flag("yes")
    assert not any(Reader({"x": value}).flag("x") for value in (1, "true", [True], None, False))


def test_of_a_list_only_the_objects_are_read() -> None:
    assert [item.label("id") for item in Reader(PAYLOAD).each("list")] == ["1", "2"]
    assert list(Reader(PAYLOAD).each("project")) == []


def test_of_a_list_only_the_texts_are_read() -> None:
    assert Reader(PAYLOAD).texts("texts") == ("a", "b")


@pytest.mark.parametrize("url", ["https://a.example.com/x?y=1#z", "http://10.0.0.1:8080/", "HTTPS://A.EXAMPLE.COM"])
def test_an_address_is_a_link(url: str) -> None:
    assert Reader({"url": f" {url}\n"}).link("url") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//a.example.com",
        "/x",
        "https:///x",
        "https://a b",
        "http://[",
        "x",
        "",
    ],
)
def test_anything_else_is_no_link(url: str) -> None:
    assert Reader({"url": url}).link("url") == ""
