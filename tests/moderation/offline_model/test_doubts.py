"""Tests of the topics that a listing touches, and what makes them count for less."""

import pytest

from moderation.offline_model.signals import gather


def _strong(title: str, description: str, category: str, language: str) -> set[str]:
    listing = {
        "title": title,
        "description": description,
        "category": category,
        "language": language,
        "price": "12.00",
        "currency": "EUR",
    }
    return {topic.code for topic in gather(listing, {}).topics if not topic.is_weak}


def test_a_printed_book_about_a_forbidden_thing_touches_it_only_weakly() -> None:
    title = "A history of rifles in the Alps, hardback"
    assert "P-101" in _strong(title, "240 pages.", "Sports > Outdoor", "en")
    assert "P-101" not in _strong(title, "240 pages.", "Books > History", "en")


def test_a_file_under_books_is_not_a_printed_book() -> None:
    text = "240 pages, PDF download."
    assert "P-101" in _strong("Rifles, a book", text, "Books > History", "en")


def test_a_book_path_without_a_book_in_the_text_excuses_nothing() -> None:
    assert "P-101" in _strong("Rifle barrel", "Steel, 60 cm.", "Books > Other", "en")


@pytest.mark.parametrize(
    ("title", "text", "category", "language", "code"),
    [
        ("Kochmesser", "Klinge für Gemüse und Fleisch.", "Küche", "de", "P-208"),
        ("Masker lidah buaya", "Isi lima lembar.", "Kecantikan", "id", "P-502"),
        ("Épée en mousse", "Jouet souple pour enfant.", "Jouets", "fr", "P-102"),
        ("Televizor", "Ecranul este întreg, nu pornește.", "TV", "ro", "P-401"),
        ("Cama para cachorro", "Espuma macia.", "Pets > Cães", "pt", "P-501"),
    ],
)
def test_words_of_ordinary_goods_touch_no_topic(
    title: str, text: str, category: str, language: str, code: str
) -> None:
    assert code not in _strong(title, text, category, language)
