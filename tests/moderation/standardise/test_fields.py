"""Q-11 to Q-14 and Q-16: one table a rule."""

import pytest

from moderation.standardise import fields
from moderation.standardise.notes import Notes


def codes(notes):
    return [(change.code, change.silent) for change in notes.changes]


@pytest.mark.parametrize(
    "brand",
    ["No Brand", "-", "N/A", "NA", "none", "null", "generic", "Tidak Ada Merk"]
    + [
        "Tidak Ada Merek",
        "Sin marca",
        "Sem marca",
        "unbranded",
        "NO BRAND",
        "UNBRANDED",
    ],
)
def test_q11_words_for_no_brand_become_unbranded_by_name(brand):
    notes = Notes()
    assert fields.standard_brand(brand, notes) == "Unbranded"
    assert codes(notes) == [("Q-11", False)]


@pytest.mark.parametrize("brand", ["Unbranded", "", "Lego", "Nada", "Generic Surplus"])
def test_q11_other_brands_stay(brand):
    notes = Notes()
    assert fields.standard_brand(brand, notes) == brand
    assert notes == Notes()


@pytest.mark.parametrize(
    ("sent", "condition", "silent"),
    [
        ("NEW", "new", True),
        ("For_Parts", "for_parts", True),
        ("  ", "", True),
        ("baru", "new", False),
        ("Nuevo", "new", False),
        ("neu", "new", False),
        ("neuf", "new", False),
        ("novo", "new", False),
        ("Brand  New", "new", False),
        ("Refurbish", "refurbished", False),
        ("renewed", "refurbished", False),
        ("reacondicionado", "refurbished", False),
        ("reconditioned", "refurbished", False),
        ("Used", "used_good", False),
        ("bekas", "used_good", False),
        ("second", "used_good", False),
        ("usado", "used_good", False),
        ("preloved", "used_good", False),
        ("gebraucht", "used_good", False),
        ("Like New", "used_like_new", False),
        ("Kondisi", "", False),
        ("collectible", "", False),
    ],
)
def test_q12_conditions_are_mapped_or_cleared(sent, condition, silent):
    notes = Notes()
    assert fields.standard_condition(sent, notes) == condition
    assert codes(notes) == [("Q-12", silent)]


@pytest.mark.parametrize("condition", [*fields.CONDITIONS, ""])
def test_q12_an_allowed_condition_stays(condition):
    notes = Notes()
    assert fields.standard_condition(condition, notes) == condition
    assert notes == Notes()


def test_q13_http_becomes_https_silently_and_counts_as_an_image():
    notes = Notes()
    images = fields.standard_images(
        ("http://a.example/1.jpg", " HTTPS://b.example"), notes
    )
    assert images == ("https://a.example/1.jpg", "https://b.example")
    assert codes(notes) == [("Q-13", True)] * 2
    assert not notes.requests


@pytest.mark.parametrize("images", [(), ("ftp://a.example/1.jpg",), ("",)])
def test_q13_a_listing_without_an_image_gets_a_request(images):
    notes = Notes()
    fields.standard_images(images, notes)
    assert [request.code for request in notes.requests] == ["Q-13"]


def test_q14_attributes_with_placeholder_values_are_dropped_silently():
    notes = Notes()
    sent = {"Colour": "red", "Size": "-", "Fit": "N/A", "Cut": "null", "Hem": " "}
    assert dict(fields.standard_attributes(sent, notes)) == {"Colour": "red"}
    assert codes(notes) == [("Q-14", True)] * 4


def test_q04_invisible_characters_in_attributes_are_removed_by_name():
    notes = Notes()
    kept = fields.standard_attributes({"Col\u200bour": "re\u202ed"}, notes)
    assert dict(kept) == {"Colour": "red"}
    assert codes(notes) == [("Q-04", False)] * 2


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("Home>Kitchen >  Mugs", "Home > Kitchen > Mugs"),
        (" Home > > Mugs > ", "Home > Mugs"),
        ("Mugs", "Mugs"),
        (">", ""),
    ],
)
def test_q16_category_levels_are_joined_silently(sent, path):
    notes = Notes()
    assert fields.standard_category(sent, notes) == path
    assert codes(notes) == [("Q-16", True)] * (sent != path)
