"""The order of the text rules, and which of their changes are named."""

import pytest

from moderation.standardise import text
from moderation.standardise.notes import Notes


def named(notes):
    return [change.code for change in notes.changes if not change.silent]


def test_a_title_goes_through_the_rules_in_the_policys_order():
    notes = Notes()
    sent = "<b>🔥 PROMO\u200b KABEL LCD</b> ORIGINAL&nbsp;" + "PANJANG " * 20
    title = text.standard_title(sent, "", notes)
    assert title.startswith("Kabel LCD Original Panjang")
    assert len(title) <= 150
    assert named(notes) == ["Q-04", "Q-03", "Q-05", "Q-06", "Q-02", "Q-01"]


def test_tidied_spaces_in_a_title_are_silent():
    notes = Notes()
    assert text.standard_title("Blue  mug ", "", notes) == "Blue mug"
    assert named(notes) == []
    assert [change.code for change in notes.changes] == ["Q-04"]


def test_promotion_that_removing_promotion_leaves_goes_too():
    notes = Notes()
    assert text.standard_title("Free free gift gift blue mug", "", notes) == "blue mug"
    assert set(named(notes)) == {"Q-06"}


def test_a_tag_hidden_by_an_invisible_character_is_removed():
    notes = Notes()
    assert text.standard_title("<\u200bb>Blue mug</\u200bb>", "", notes) == "Blue mug"
    assert set(named(notes)) == {"Q-03", "Q-04"}


def test_a_tag_made_by_removing_decoration_is_removed():
    notes = Notes()
    assert text.standard_title("<b🔥>Blue mug<promo/b>", "", notes) == "Blue mug"


def test_an_invisible_character_from_a_reference_is_removed():
    notes = Notes()
    assert text.standard_title("Blue m&#8203;ug&shy;", "", notes) == "Blue mug"
    assert set(named(notes)) == {"Q-03", "Q-04"}


@pytest.mark.parametrize("sent", ["--", "Mug", "12345", "FREE SHIPPING", "🔥🔥🔥🔥🔥"])
def test_q01_a_title_too_short_after_its_fixes_is_refused(sent):
    notes = Notes()
    text.standard_title(sent, "", notes)
    assert [refusal.code for refusal in notes.refusals] == ["Q-01"]


@pytest.mark.parametrize(
    ("sent", "requested"),
    [
        ("", True),
        ("ok", True),
        ("a" * 19 + " 12345", True),
        ("<b>" + "a" * 19 + "</b>", True),
        ("a" * 20, False),
        ("一二三四五六七八九十一二三四五六七八九十", False),
    ],
)
def test_q07_fewer_than_twenty_letters_count_as_missing(sent, requested):
    notes = Notes()
    text.standard_description(sent, notes)
    assert [request.code for request in notes.requests] == ["Q-07"] * requested


def test_q15_a_long_description_is_cut_at_a_space_by_name():
    notes = Notes()
    after = text.standard_description("word " * 1_500, notes)
    assert len(after) == 4_999
    assert after.endswith("word")
    assert named(notes) == ["Q-15"]


def test_a_description_keeps_emoji_and_promotion():
    notes = Notes()
    sent = "🔥 FREE SHIPPING!!! Blue mug, best price in town 🔥"
    assert text.standard_description(sent, notes) == sent
    assert notes == Notes()


def test_q03_markup_in_a_description_is_stripped_by_name():
    notes = Notes()
    sent = (
        "<style>.x{color:red}</style><table><tr><td>Capacity</td><td>80 ml</td></tr>"
        "<tr><td>Colour</td><td>cream &amp; brown</td></tr></table><p>Thick walls.</p>"
    )
    after = text.standard_description(sent, notes)
    assert after == "Capacity80 ml\nColourcream & brown\nThick walls."
    assert named(notes) == ["Q-03"]


def test_a_brand_becomes_plain_text_and_is_trimmed_silently():
    notes = Notes()
    assert (
        text.standard_brand_text("Magnolia(แมกโนเลีย)\t", notes) == "Magnolia(แมกโนเลีย)"
    )
    assert [(change.code, change.silent) for change in notes.changes] == [
        ("Q-11", True)
    ]
    assert text.standard_brand_text("<b>Acme &amp; Co</b>", notes) == "Acme & Co"
    assert named(notes) == ["Q-03"]
