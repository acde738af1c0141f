"""Facts: numbers, units and the brand survive a rewording, and nothing is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.assessment.facts import facts_of, facts_survive, foreign_share


def codes(before: str, after: str, **known: object) -> set[str]:
    return {p.code for p in facts_survive(before, after, **known)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Lamp 12 V 5W", "Lamp, 12 V, 5 W", set()),
        ("Rope 6 mm x 30 m", "Rope 6 mm x 30 m", set()),
        ("Rope 6 mm x 30 m", "Rope 6 mm", {"fact_lost"}),
        ("Rope 6 mm", "Rope 6 cm", {"unit_changed"}),
        ("Rope 6 mm", "Rope 60 mm", {"fact_added", "fact_lost"}),
        ("Stick 64 GB", "Stick 16 TB", {"fact_added", "fact_lost"}),
        ("Honey 1,5 kg", "Honey 1.5 kg", set()),
        ("No numbers", "Still none", set()),
    ],
)
def test_numbers_and_units_are_kept(
    before: str, after: str, expected: set[str]
) -> None:
    assert codes(before, after) == expected


def test_the_sentence_that_a_fix_is_about_may_go_with_its_numbers() -> None:
    before = "Bag of 40 litres. Ring 555 0142 after 6. Weighs 1.1 kg."
    after = "Bag of 40 litres. Weighs 1.1 kg."

    assert codes(before, after) == {"fact_lost"}
    assert codes(before, after, may_go=["Ring 555 0142"]) == set()
    both = "Ring 555 0142 after 6. Weighs 1.1 kg."
    assert codes(before, "Bag of 40 litres.", may_go=[both]) == set()
    assert codes(before, "Bag.", may_go=["Ring 555 0142"]) == {"fact_lost"}


def test_a_number_may_come_from_elsewhere_in_the_listing() -> None:
    assert codes("Case", "Case for A15", known="fits A15") == set()
    assert codes("Lamp", "Lamp 12 V", known="It runs on 12 V") == set()
    assert codes("Lamp", "Lamp 12 V") == {"fact_added"}


def test_the_brand_stays_where_it_was_named() -> None:
    assert codes("Lumo lamp", "Nice lamp", brand="Lumo") == {"brand_lost"}
    assert codes("Lumo lamp", "LUMO lamp", brand="Lumo") == set()
    assert codes("Nice lamp", "Lamp", brand="Lumo") == set()
    assert codes("Lumo lamp", "Lamp", brand="Lumo", may_go=["Lumo"]) == set()


@given(st.text(max_size=200))
def test_a_text_that_stays_the_same_keeps_its_facts(text: str) -> None:
    assert facts_survive(text, text, brand="Lumo") == ()
    assert foreign_share(text, text) == 0


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_texts_make_it_raise(before: str, after: str) -> None:
    facts_survive(before, after, may_go=[after], known=before)
    assert 0 <= foreign_share(after, before) <= 1


@given(st.integers(1, 10**6))
def test_a_number_that_is_nowhere_is_always_seen(number: int) -> None:
    assert "fact_added" in codes("Lamp", f"Lamp {number}")


def test_units_are_known_in_any_case_and_with_or_without_a_space() -> None:
    assert facts_of("12V, 5 w and 3 lamps") == {("12", "v"), ("5", "w"), ("3", "")}


def test_another_listing_s_words_are_foreign_in_any_script() -> None:
    assert foreign_share("oak armchair", "garden lamp") == 1.0
    assert foreign_share("garden lamp new", "garden lamp") < 0.5
    assert foreign_share("红色台灯", "这是红色台灯") == 0.0
    assert foreign_share("蓝杯子", "红色台灯") == 1.0
