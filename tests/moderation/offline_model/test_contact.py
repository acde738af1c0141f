"""Contact details and links, in many dresses."""

import pytest

from moderation.offline_model.contact import judge_contact
from moderation.offline_model.contact_net import remains, shapes
from moderation.offline_model.judge import judge
from moderation.offline_model.texts import view


def found(description, title="Oak table", brand=""):
    seen = view({"title": title, "description": description}, {})
    ruling = judge_contact(seen, brand)
    return {(clause.code, clause.action) for clause in ruling.clauses}


@pytest.mark.parametrize(
    "text",
    [
        "Questions: call 0171 5550 134",
        "Questions by mail: sales@example.com",
        "Questions: sales (at) example (dot) com",
        "Questions: zero eight one two five five five zero one zero zero",
        "Pertanyaan: WA 0812-5550-134",
        "Pytania: tel. 555 010 222",
        "Our workshop: 12 Harbour Street, Springfield.",
        "Unsere Werkstatt: Lindenstraße 12",
    ],
)
def test_a_detail_for_questions_is_mended(text):
    assert found(f"Solid oak. {text}") == {("P-701", "fix")}


@pytest.mark.parametrize(
    "text",
    [
        "Cheaper if you message me on WhatsApp: 0812 5550 1002",
        "Order by mail: sales@example.com",
        "Llama al 55 5550 1022 y te hago descuento",
        "Ruf an unter 0151 5550134, dann billiger",
    ],
)
def test_an_invitation_is_refused(text):
    assert ("P-701", "reject") in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Chat with us if you have questions.",
        "Supports WhatsApp and Telegram notifications.",
        "Size 10 x 20 x 30 cm, 12-24 months, 220-240 V.",
        "EAN 0634482330036, model 212-1630.",
        "Ages 3, 4, 5 and 6. Pack of 100.",
        "Works with 2.4 GHz. Made in 2019-2020.",
        "One, two, three and off we go.",
    ],
)
def test_ordinary_figures_and_words_are_no_contact(text):
    assert not found(text)


def test_a_manual_link_goes_and_a_shop_link_is_refused():
    assert found("Manual at www.maker.example.org/manual") == {("P-702", "fix")}
    assert found("Buy here: https://shop.example.net/p/1") == {("P-702", "reject")}
    assert found("See hobbyland.com") == {("P-702", "ask")}
    assert not found("Made by Hotels.com", brand="Hotels.com")


def test_a_detail_in_the_title_goes_to_a_person():
    assert found("Oak.", title="Table, questions call 0171 5550 134") == {
        ("P-701", "ask")
    }


@pytest.mark.parametrize(
    "text",
    [
        "name (at) mail dot com",
        "Find me: oak.table at gmail dot com",
        "Ask oaktable arroba hotmail punto com",
        "0 8 1 2 5 5 5 0 1 3 4",
        "tele: oaktable",
        "t . me / oaktable",
        "IG: oak.table",
        "WeChat ID oaktable88",
        "WA 08125550134",
        "nol lapan satu dua 555 satu tiga empat",
    ],
)
@pytest.mark.parametrize("field", ["title", "description", "brand"])
def test_a_disguised_detail_is_never_passed_over(text, field):
    listing = {"title": "Oak table", "description": "Solid oak.", field: text}
    assert judge_contact(view(listing, {}), "").clauses


@pytest.mark.parametrize(
    "text",
    [
        "Sizes 1 2 3 4 5 6 7 8 9.",
        "Line: 0.3 mm. Signal: 5 V. Snap: brass.",
        "Ages 3, 4, 5 and 6.",
        "EAN 0634482330036",
        "Works with WhatsApp calls.",
    ],
)
def test_the_wide_net_lets_ordinary_words_go(text):
    assert not list(shapes(text))


def left(removed, maker="", **published):
    return remains(published, [removed], maker)


def test_nothing_remains_of_a_detail_that_is_gone_everywhere():
    assert not left(
        "Questions: sales@oaktable.example",
        title="Table",
        description="Solid wood, 120 x 60 cm, EAN 0634482330036.",
    )


@pytest.mark.parametrize(
    ("removed", "field", "text"),
    [
        ("Call 0812 5550 134.", "attributes", "Code: 5 5 5 0 1 3 4"),
        ("Call 0812 5550 134.", "description", "five five five zero one three four"),
        ("Mail sales@oakhouse.example", "title", "Table by Oakhouse"),
        ("Call 0812 5550 134.", "description", "Also on WhatsApp."),
        ("Call 0812 5550 134.", "brand", "0171 5550987"),
        ("See www.oak.example/manual", "description", "me [at] home"),
    ],
)
def test_what_a_cut_left_behind_is_found(removed, field, text):
    assert left(removed, **{field: text})


def test_the_brand_may_stand_in_the_removed_address():
    removed = "Manual: www.acmetools.example/manual"
    assert not left(removed, maker="Acmetools", title="Acmetools saw")


def judged(**listing):
    base = {
        "title": "Oak table with two drawers",
        "description": "Solid oak table. Questions by mail: sales@example.com",
        "price": "120.00",
        "currency": "EUR",
        "category": "Home > Furniture > Tables",
        "condition": "new",
        "image_count": 1,
    }
    return judge({**base, **listing}, {})


def test_a_lone_detail_is_mended_without_a_person():
    actions = {c["action"] for c in judged()["clauses"]}
    assert actions == {"fix"}


@pytest.mark.parametrize(
    "listing",
    [
        {"attributes": {"Info": "oak at post dot com"}},
        {"attributes": {"Service": "WhatsApp"}},
        {"brand": "sales example com 08125550134"},
    ],
)
def test_a_second_detail_elsewhere_asks_a_person(listing):
    verdict = judged(**listing)
    assert "ask" in {c["action"] for c in verdict["clauses"]}
    assert verdict["proposed"]["description"] is None
