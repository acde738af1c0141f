"""The notebook keeps what happened and nothing that did not."""

from moderation.content import Change, Problem
from moderation.standardise.notes import Notes


def test_a_change_is_kept_and_the_new_value_returned():
    notes = Notes()
    assert notes.changed("Q-02", "title", "MUG", "Mug") == "Mug"
    assert notes.changes == [Change("Q-02", "title", "MUG", "Mug")]


def test_what_stays_the_same_is_no_change():
    notes = Notes()
    assert notes.changed("Q-02", "title", "Mug", "Mug") == "Mug"
    assert notes.changes == []


def test_refusals_requests_and_asks_are_kept_apart():
    notes = Notes()
    notes.refuse("Q-09", "price", "a")
    notes.request("Q-13", "image_urls", "b")
    notes.ask("Q-10", "currency", "c")
    assert notes.refusals == [Problem("price", "Q-09", "a")]
    assert notes.requests == [Problem("image_urls", "Q-13", "b")]
    assert notes.asks == [Problem("currency", "Q-10", "c")]
