"""Contact details and links, in many dresses."""

import pytest

from moderation.offline_model.contact import judge_contact
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


def test_links():
    assert found("Manual at www.maker.example.org/manual") == {("P-702", "fix")}
    assert found("Buy here: https://shop.example.net/p/1") == {("P-702", "reject")}
    assert found("See hobbyland.com") == {("P-702", "ask")}
    assert not found("Made by Hotels.com", brand="Hotels.com")


def test_a_detail_in_the_title_goes_to_a_person():
    assert found("Oak.", title="Table, questions call 0171 5550 134") == {
        ("P-701", "ask")
    }
