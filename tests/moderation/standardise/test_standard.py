"""Whole listings through all the Q rules."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.content import TEXT_FIELDS, Content
from moderation.standardise.standard import standardise

GOOD = Content(
    title="Blue stoneware mug",
    description="A blue stoneware mug for coffee, dishwasher safe.",
    price="12.90",
    currency="EUR",
    category="Home > Kitchen > Mugs",
    brand="Unbranded",
    condition="new",
    image_urls=("https://img.example.com/1.jpg",),
)


def test_a_listing_in_order_is_not_touched():
    done = standardise(GOOD)
    assert done.content == GOOD
    assert not done.changes + done.refusals + done.requests + done.asks
    assert done.named_codes == frozenset()


def test_silent_changes_are_kept_and_not_named():
    done = standardise(GOOD.having(price="12.9", title="Blue  stoneware mug"))
    assert done.content == GOOD
    assert {change.code for change in done.changes} == {"Q-04", "Q-09"}
    assert done.named_codes == frozenset()


def test_named_changes_and_requests_make_the_named_codes():
    done = standardise(
        GOOD.having(
            title="🔥 PROMO gratis ongkir rak sepatu lipat 6 tingkat 🔥",
            condition="baru",
            price="12,90",
            currency="€",
            brand="no brand",
            description="ok",
            image_urls=(),
        )
    )
    assert done.content.title == "rak sepatu lipat 6 tingkat"
    assert done.content.description == "ok"
    assert done.named_codes == {
        "Q-05",
        "Q-06",
        "Q-07",
        "Q-09",
        "Q-10",
        "Q-11",
        "Q-12",
        "Q-13",
    }
    assert [request.code for request in done.requests] == ["Q-07", "Q-13"]


@pytest.mark.parametrize("name", ["title", "price", "currency", "category"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_q08_a_missing_required_field_is_refused_with_a_remedy(name, blank):
    done = standardise(GOOD.having(**{name: blank}))
    assert [(problem.field, problem.code) for problem in done.refusals] == [
        (name, "Q-08")
    ]
    assert done.refusals[0].message.startswith("Write")


def test_every_refusal_is_named_at_once():
    done = standardise(
        GOOD.having(title="--", price="call", currency="XBT", category=">")
    )
    assert {(problem.field, problem.code) for problem in done.refusals} == {
        ("title", "Q-01"),
        ("price", "Q-09"),
        ("currency", "Q-10"),
        ("category", "Q-08"),
    }


def test_a_bare_dollar_sign_is_asked_and_not_refused():
    done = standardise(GOOD.having(currency="$"))
    assert [ask.code for ask in done.asks] == ["Q-10"]
    assert not done.refusals


def test_a_currency_sign_decides_on_the_decimals_of_the_price():
    done = standardise(GOOD.having(price="12.500 ₫", currency="₫"))
    assert (done.content.price, done.content.currency) == ("12500", "VND")


def test_a_title_run_equal_to_the_brand_keeps_its_capitals():
    done = standardise(GOOD.having(title="GACUN KABEL ORIGINAL", brand=" GACUN "))
    assert done.content.title == "GACUN Kabel Original"


TEXT = st.text(
    st.characters(exclude_characters="&", exclude_categories=["Cs"]), max_size=80
) | st.text(alphabet="<b>/! ()Pp🔥\u200b|-,AÉ𝐀*promo\n", max_size=80)


@given(
    st.builds(
        Content,
        **dict.fromkeys(TEXT_FIELDS, TEXT),
        attributes=st.dictionaries(TEXT, TEXT, max_size=3),
        image_urls=st.lists(TEXT, max_size=2).map(tuple),
    )
)
def test_a_second_run_changes_nothing_more(raw):
    once = standardise(raw)
    twice = standardise(once.content)
    assert twice.content == once.content
    for change in once.changes:
        assert change.before != change.after


def test_decoding_once_is_the_exception_that_the_policy_makes():
    once = standardise(GOOD.having(title="Sticker &lt;b&gt; for coders")).content
    assert once.title == "Sticker <b> for coders"
    assert standardise(once).content.title == "Sticker for coders"


@given(st.builds(Content, **dict.fromkeys(TEXT_FIELDS, st.text(max_size=60))))
def test_no_text_makes_it_fail(raw):
    standardise(raw)


def test_an_ordinary_listing_costs_well_under_half_a_millisecond():
    raw = GOOD.having(
        title="【COD】KABEL ORIGINAL type C 66W fast charging 🔥 for phones",
        description="Isi 1 pasang biled.  Garansi 24 bulan \n" * 40,
        price="Rp165.000",
        currency="Rp",
    )
    best = min(_seconds(raw) for _ in range(20))
    assert best < 0.0005 * 4  # the bar is 0.5 ms; four times that for a busy machine


def _seconds(raw):
    start = time.perf_counter()
    standardise(raw)
    return time.perf_counter() - start
