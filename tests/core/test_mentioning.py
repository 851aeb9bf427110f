"""Whom a message mentions: who is called in a text, and who is left out of it."""

import time

import pytest

from posthouse import Mention, mention, mentioned_in, mentions


def called(text: str) -> list[str]:
    return [one.text for one in mentioned_in(text, "gitlab")]


def test_a_person_has_a_name_in_a_system_and_an_address() -> None:
    found = mention("gitlab", "lilei", text="Li Lei", email="lilei@example.com")
    assert found == Mention("Li Lei", ("gitlab:lilei", "email:lilei@example.com"))


def test_a_person_may_have_several_names_in_a_system() -> None:
    found = mention("jira", "", "lilei", "JIRAUSER10100", "lilei", text="Li Lei")
    assert found == Mention("Li Lei", ("jira:lilei", "jira:JIRAUSER10100"))


def test_nobody_is_no_mention() -> None:
    assert mention("gitlab", "") is None
    assert mention("gitlab", email="[REDACTED]") is None
    assert mention("gitlab", text="Li Lei", guess=True) is None


@pytest.mark.parametrize(
    "address",
    [
        "[REDACTED]",
        "noreply@github.com",
        "no-reply@gitlab.example.com",
        "7+lilei@users.noreply.github.com",
        "41-lilei@users.noreply.gitlab.example.com",
        "Li Lei <lilei@example.com>",
        "@",
    ],
)
def test_an_address_that_nobody_reads_is_no_name(address: str) -> None:
    assert mention("gitlab", "lilei", text="Li Lei", email=address) == Mention("Li Lei", ("gitlab:lilei",))


def test_who_is_called_in_a_text_is_only_a_guess() -> None:
    assert list(mentioned_in("请 @lilei 看看", "github")) == [Mention("lilei", ("github:lilei",), guess=True)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@lilei", ["lilei"]),
        ("请@hanmeimei看看", ["hanmeimei"]),
        ("（@lilei、@hanmeimei）", ["lilei", "hanmeimei"]),
        ("Thanks, @li.lei. And **@han_mei-mei**!", ["li.lei", "han_mei-mei"]),
        ("Ask @lilei/", ["lilei"]),
        ("mail lilei@example.com", []),
        ("https://example.com/@lilei", []),
        (r"\@lilei", []),
        ("@finance/ledger", []),
        ("@all @ALL", []),
        ("@ lilei", []),
        ("a `@lilei` b", []),
        ("a ``@lilei ` @han`` b", []),
        ("it's ` open, @lilei", ["lilei"]),
        ("```java\n@Override\n```\n@lilei", ["lilei"]),
        ("1. so\n   ~~~\n   @Override\n   ~~~\n@lilei", ["lilei"]),
        ("```\n@Override", []),
        ("```@x``` @lilei", ["lilei"]),
        ("<!-- @hanmeimei -->@lilei", ["lilei"]),
        ("<!-- @hanmeimei", []),
        ("> @hanmeimei said\n\n@lilei", ["lilei"]),
    ],
)
def test_a_text_calls_those_whom_the_sender_would_tell(text: str, names: list[str]) -> None:
    assert called(text) == names


@pytest.mark.parametrize("piece", ["`", "` ", "`` ` ", "@", "@a", "> ", "\n> ", "```\n", "\n~~~", "<!--", " ", "\n   "])
def test_no_text_takes_long(piece: str) -> None:
    text, began_at = piece * (1_000_000 // len(piece)), time.perf_counter()
    called(text)
    assert time.perf_counter() - began_at < 1


def test_the_one_who_acted_is_left_out_by_any_of_their_names() -> None:
    acted = mention("gitlab", "lilei", text="Li Lei", email="lilei@example.com")
    by_name, by_address = mention("gitlab", "LiLei"), mention("gitlab", text="Li", email="lilei@example.com")
    other = mention("gitlab", "hanmeimei", text="韩梅梅")
    assert mentions([by_name, other, by_address], without=acted) == (other,)


def test_one_person_is_mentioned_once_with_all_the_names_there_are() -> None:
    by_name = mention("gitlab", "lilei", text="Li Lei")
    by_both = mention("gitlab", "lilei", email="lilei@example.com")
    assert mentions([by_name, None, by_both]) == (Mention("Li Lei", ("gitlab:lilei", "email:lilei@example.com")),)


def test_a_guess_that_is_called_like_somebody_adds_its_names_to_theirs() -> None:
    author = mention("gitlab", text="Li Lei", email="lilei@example.com", guess=True)
    assert mentions([author, mention("gitlab", "lilei", text="Li Lei")]) == (
        Mention("Li Lei", ("gitlab:lilei", "email:lilei@example.com")),
    )
    assert mentions([author], without=mention("gitlab", "lilei", text="Li Lei")) == ()


def test_two_people_may_be_called_the_same() -> None:
    both = [mention("gitlab", "lilei", text="Li Lei"), mention("gitlab", "lilei2", text="Li Lei")]
    assert mentions(both) == tuple(both)


def test_who_is_certain_comes_before_guesses_and_no_more_than_twenty_are_mentioned() -> None:
    guesses = [*mentioned_in(" ".join(f"@p{number}" for number in range(30)), "gitlab")]
    certain = mention("gitlab", "lilei")
    assert mentions([*guesses, certain]) == (certain, *guesses[:19])
