"""Whom a message mentions, by the names that the systems have for them."""

from posthouse import Called, Mention, People, Person

LI_LEI = Person(
    "Li Lei",
    frozenset({"gitlab:lilei", "email:lilei@example.com", "mobile:13800000000"}),
    mobile="13800000000",
    ids={"fei_shu": "ou_lilei"},
)
PEOPLE = People([LI_LEI])


def test_a_person_is_found_by_any_name_however_it_is_spelled() -> None:
    assert PEOPLE.find(Mention("?", ("gitlab:nobody", "email:LiLei@Example.com"))) is LI_LEI
    assert PEOPLE.find(Mention("lilei", ("jira:lilei",))) is None


def test_who_is_mentioned_twice_is_called_once() -> None:
    mentions = (Mention("lilei", ("gitlab:lilei",)), Mention("Li Lei", ("email:lilei@example.com",)))
    assert PEOPLE.called(mentions, "fei_shu") == (Called("Li Lei", "ou_lilei", "13800000000"),)


def test_a_robot_that_has_no_id_for_a_person_gets_the_mobile_number() -> None:
    assert PEOPLE.called((Mention("lilei", ("gitlab:lilei",)),), "ding_talk") == (Called("Li Lei", "", "13800000000"),)


def test_whom_nobody_knows_is_called_by_name_unless_it_was_a_guess() -> None:
    mentions = (Mention("Han Meimei", ("gitlab:hanmeimei",)), Mention("Override", ("gitlab:Override",), guess=True))
    assert PEOPLE.called(mentions, "ding_talk") == (Called("Han Meimei"),)


def test_a_mobile_number_needs_no_person() -> None:
    assert PEOPLE.called((Mention("", ("mobile:13900000000",)),), "ding_talk") == (
        Called("13900000000", mobile="13900000000"),
    )
