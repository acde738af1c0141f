"""Tests of what counts as a block of search terms."""

import pytest

from moderation.offline_model.keywords import judge_keywords


def _actions(description: str, title: str = "Phone case") -> list[str]:
    fields = {"title": title, "description": description}
    return [clause.action for clause in judge_keywords(fields, title).clauses]


@pytest.mark.parametrize(
    "text",
    [
        "soft touch, easy clean, slim fit, round neck, long sleeve, beach party",
        "azul cielo, gris oscuro, verde oliva, rojo vino, rosa claro, blanco roto",
        "summer party, beach days, casual wear, office look, boho style, gift idea",
    ],
)
def test_a_comma_list_of_features_colours_or_occasions_is_no_stuffing(
    text: str,
) -> None:
    assert _actions(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "iphone 15 case, gucci bag dupe, cheap sneakers, smart watch, tv box, wig lace",
        "cheap dress, red dress, long dress, maxi dress, beach dress, party dress",
    ],
)
def test_a_comma_list_that_searches_goods_goes_to_a_person(text: str) -> None:
    assert _actions(text) == ["ask"]


def test_search_terms_set_apart_by_full_stops_go_to_a_person() -> None:
    text = "UGREEN. huawei official store. micro usb cable. anker thunderbolt cable."
    assert _actions(text) == ["ask"]
