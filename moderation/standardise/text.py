"""Q-01 to Q-07 and Q-15 on title, description and other text, in the policy's order.

Decides the order and what is named; the single fixes live in markup, characters
and titles. Refuses to know prices, currencies and lists.
"""

from moderation.standardise import characters, markup, titles
from moderation.standardise.notes import Notes

MIN_DESCRIPTION_LETTERS = 20
MAX_DESCRIPTION = 5_000  # characters
# Taking out one decoration or phrase can leave the next ("free free gift gift"), or
# make a tag ("<b🔥>").
_MAX_ROUNDS = 5


def standard_title(raw: str, brand: str, notes: Notes) -> str:
    """Return the title after Q-03, Q-04, Q-05, Q-06, Q-02 and Q-01.

    Args:
        raw: the title as sent; not blank.
        brand: the brand after its own fixes; a run equal to it keeps its capitals.
        notes: where the changes go, and the refusal of a title too short.
    """
    title = _readable("title", raw, notes, multiline=False)
    for _ in range(_MAX_ROUNDS):
        before = title
        after = titles.without_decoration(title)
        title = notes.changed("Q-05", "title", title, after)
        after = titles.without_promotion(title)
        title = notes.changed("Q-06", "title", title, after)
        if title == before:
            break
        if "&" not in raw:  # else a "<" may be one that the merchant wrote as text
            after = characters.tidy_line(markup.without_tags(title))
            title = notes.changed("Q-03", "title", title, after)
    after = titles.without_capitals(title, brand)
    title = notes.changed("Q-02", "title", title, after)
    title = notes.changed("Q-01", "title", title, titles.within_length(title))
    if titles.is_too_short(title):
        notes.refuse(
            "Q-01",
            "title",
            "Write a title of 5 to 150 characters with at least one letter; symbols "
            "and promotion do not count.",
        )
    return title


def standard_description(raw: str, notes: Notes) -> str:
    """Return the description after Q-03, Q-04 and Q-15; ask for one too short (Q-07).

    Args:
        raw: the description as sent; empty when there is none.
        notes: where the changes and the request to the merchant go.
    """
    text = _readable("description", raw, notes, multiline=True)
    enough = MIN_DESCRIPTION_LETTERS
    if characters.letters(text, enough=enough) < enough:
        notes.request(
            "Q-07",
            "description",
            f"Add a description of at least {enough} letters that says what the "
            "buyer gets.",
        )
    cut = characters.cut_at_space(text, MAX_DESCRIPTION)
    return notes.changed("Q-15", "description", text, cut)


def standard_brand_text(raw: str, notes: Notes) -> str:
    """Return the brand as plain text (Q-03, Q-04), trimmed (Q-11)."""
    text = _visible("brand", raw, notes)
    text = notes.changed("Q-03", "brand", text, markup.plain_text(text))
    text = _visible("brand", text, notes)
    text = notes.changed("Q-04", "brand", text, characters.composed(text), silent=True)
    return notes.changed("Q-11", "brand", text, text.strip(), silent=True)


def standard_characters(name: str, raw: str, notes: Notes) -> str:
    """Return other text of a listing with Q-04's characters removed, in NFC."""
    if raw.isascii() and raw.isprintable():
        return raw
    text = _visible(name, raw, notes)
    return notes.changed("Q-04", name, text, characters.composed(text), silent=True)


def _visible(name: str, text: str, notes: Notes) -> str:
    return notes.changed("Q-04", name, text, characters.without_invisible(text))


def _readable(name: str, raw: str, notes: Notes, *, multiline: bool) -> str:
    """Apply Q-03 and Q-04.

    Invisible characters go before the tags are looked for, since they can hide
    one, and again after it, since a character reference can bring one in.
    """
    text = _visible(name, raw, notes)
    text = notes.changed("Q-03", name, text, markup.plain_text(text))
    text = _visible(name, text, notes)
    tidy = characters.tidy_lines if multiline else characters.tidy_line
    tidied = tidy(characters.composed(text))
    return notes.changed("Q-04", name, text, tidied, silent=True)
