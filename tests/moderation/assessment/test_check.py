"""The checks on an answer: what is not in the listing or the policy is found."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.assessment.check import check_answer, codes_of
from moderation.assessment.verdict import Verdict
from moderation.content import Content
from tests.protocol_modes import Asked, clause, proposing, verdict

CODES = frozenset({"P-101", "P-302", "P-701"})
RAW = Content(
    title="LUMO  garden lamp\u200b 12 V",
    description="A lamp made by Lumo.\nRing 555 0142 now. It needs 12 V.",
    price="19.00",
    currency="EUR",
    category="Garden > Lamps",
    brand="Lumo",
    attributes={"Colour": "Green"},
)
TIDIED = RAW.having(title="Lumo garden lamp 12 V")
ASKED = Asked("m", {"listing": RAW.as_dict()})


def problems(answer: dict[str, Any]) -> set[str]:
    found = check_answer(
        Verdict.model_validate(answer), raw=RAW, tidied=TIDIED, codes=CODES
    )
    return {f"{problem.field}: {problem.code}" for problem in found}


def quoting(quote: str, **changes: Any) -> set[str]:
    return problems(verdict(ASKED, clauses=[clause(ASKED, quote=quote, **changes)]))


def test_a_plain_approval_has_no_problems() -> None:
    assert problems(verdict(ASKED)) == set()


@pytest.mark.parametrize(
    "quote",
    [
        "LUMO garden lamp 12 V",
        "LUMO  garden lamp\u200b 12 V",
        "Lumo garden lamp",
        "by Lumo. Ring 555 0142",
        "Colour: Green",
        "Green",
        "19.00",
    ],
)
def test_a_quote_may_come_from_any_field_as_sent_or_tidied(quote: str) -> None:
    assert quoting(quote) == set()


@pytest.mark.parametrize("quote", ["lamp of Lumo", "12 V A lamp", "GREEN", "19,00"])
def test_words_that_stand_nowhere_are_no_quote(quote: str) -> None:
    assert quoting(quote) == {"clauses.0.quote: quote_not_found"}


@pytest.mark.parametrize("field", ["images", "listing", "price", "condition"])
def test_what_is_absent_or_no_text_needs_no_quote(field: str) -> None:
    assert quoting("", field=field) == set()


@pytest.mark.parametrize("field", ["title", "description", "brand", "attributes"])
def test_a_text_that_is_there_needs_its_quote(field: str) -> None:
    assert quoting(" ", field=field) == {"clauses.0.quote: quote_missing"}


def test_a_section_that_the_policy_does_not_have_is_found() -> None:
    assert quoting("Green", code="P-999") == {"clauses.0.code: unknown_clause"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"title": "Lumo lamp for the garden, 12 V"}, set()),
        ({"title": "Lumo garden lamp"}, {"proposed.title: fact_lost"}),
        ({"title": "Garden lamp 12 V"}, {"proposed.title: brand_lost"}),
        ({"title": "Lumo garden lamp 12 W"}, {"proposed.title: unit_changed"}),
        (
            {"title": " "},
            {"proposed.title: fact_lost", "proposed.title: brand_lost"}
            | {"proposed.title: bad_length"},
        ),
        ({"title": "Lumo lamp 12 V" + " lamp" * 30}, {"proposed.title: bad_length"}),
        (
            {"description": RAW.description + " lamp" * 1_000},
            {"proposed.description: bad_length"},
        ),
        ({"brand": "Unbranded"}, set()),
        ({"brand": "lumo"}, set()),
        ({"brand": ""}, set()),
        ({"brand": "Rolex"}, {"proposed.brand: brand_added"}),
        ({"category": "Home > Lighting"}, set()),
        ({"category": "Home <b>"}, {"proposed.category: markup"}),
        ({"category": "Home\u202e"}, {"proposed.category: hidden_text"}),
        ({"attributes": [{"name": "Colour", "value": "Green"}]}, set()),
        (
            {"attributes": [{"name": "Power", "value": "60 W"}]},
            {"proposed.attributes.0.value: fact_added"},
        ),
        (
            {"description": "A lamp made by Lumo.\nIt needs 12 V."},
            {"proposed.description: fact_lost"},
        ),
    ],
)
def test_proposed_values_keep_to_the_listing(
    values: dict[str, Any], expected: set[str]
) -> None:
    assert problems(proposing(ASKED, **values)) == expected


def test_a_fix_may_take_its_sentence_away() -> None:
    answer = proposing(ASKED, description="A lamp made by Lumo.\nIt needs 12 V.")
    answer["clauses"] = [
        clause(
            ASKED,
            code="P-701",
            field="description",
            quote="Ring 555 0142",
            action="fix",
        )
    ]

    assert problems(answer) == set()


@pytest.mark.parametrize("name", ["title", "description"])
def test_another_listing_s_text_is_found_even_without_numbers(name: str) -> None:
    plain = Content(title="Garden lamp, green", description="A lamp for the garden.")
    answer = proposing(ASKED, **{name: "Leather armchair with carved legs"})

    found = check_answer(
        Verdict.model_validate(answer), raw=plain, tidied=plain, codes=CODES
    )

    assert [problem.code for problem in found] == ["foreign_text"]


@pytest.mark.parametrize("tag", ["en", "id", "pt-BR", "zh-Hant-TW", "und"])
def test_a_language_tag_is_taken(tag: str) -> None:
    assert problems(verdict(ASKED, language=tag)) == set()


@pytest.mark.parametrize("tag", ["english language", "e1", "en_GB", "12", "en-"])
def test_what_is_no_language_tag_is_found(tag: str) -> None:
    assert problems(verdict(ASKED, language=tag)) == {"language: bad_language"}


@pytest.mark.parametrize("text", ["a\u202eb", "a\u0007b", "<script>x", "< IFRAME "])
@pytest.mark.parametrize("name", ["reasoning", "doubt"])
def test_what_harms_a_page_is_found_in_the_model_s_own_words(
    name: str, text: str
) -> None:
    assert len(problems(verdict(ASKED, **{name: text}))) == 1


@given(st.text(min_size=1, max_size=30))
def test_messages_quote_nothing_of_the_answer(text: str) -> None:
    answer = proposing(ASKED, title=f"zq9{text}", brand=f"zq9{text}")
    answer["clauses"] = [clause(ASKED, quote=f"zq9{text}")]

    found = check_answer(
        Verdict.model_validate(answer), raw=RAW, tidied=TIDIED, codes=CODES
    )

    assert found
    assert not any("zq9" in problem.message + problem.field for problem in found)


def test_codes_are_the_headings_of_the_policy() -> None:
    policy = "### P-101 Arms\nUnder P-999 too.\n\n**Q-01 Title.** Short.\n"

    assert codes_of(policy) == {"P-101", "Q-01"}
