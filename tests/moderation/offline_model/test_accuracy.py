"""Statements of one listing that cannot all be true."""

import pytest

from moderation.offline_model.accuracy import judge_accuracy
from moderation.offline_model.texts import view


def asks(title, description, condition="new"):
    seen = view({"title": title, "description": description}, {})
    fields = {**seen.fields, "condition": condition}
    return bool(judge_accuracy(fields, seen.sentences).clauses)


@pytest.mark.parametrize(
    ("title", "description"),
    [
        ("Set of 6 glasses", "You receive four glasses."),
        ("6er Set Tassen", "Es sind vier Tassen enthalten."),
        ("Robe en soie", "Composition : 100 % polyester."),
        ("Genuine leather wallet", "Smooth PU, soft."),
        ("Power bank 500000 mAh", "Small and light."),
        ("Abrigo", "Lo usé dos inviernos."),
        ("Console, emballage", "La console n'est pas dans la vente."),
        ("Solid gold chain", "Heavy."),
    ],
)
def test_a_contradiction_asks_a_person(title, description):
    assert asks(title, description)


@pytest.mark.parametrize(
    ("title", "description"),
    [
        ("Set of 6 glasses", "Six glasses and two spoons."),
        ("Robe en satin", "Composition : 100 % polyester."),
        ("Faux leather wallet", "Smooth PU, soft."),
        ("Power bank 20000 mAh", "Small and light."),
        ("Phone case", "Phone not included."),
        ("Gold plated chain", "Brass, 45 cm."),
    ],
)
def test_statements_that_agree_are_left_alone(title, description):
    assert not asks(title, description)


def test_wear_fits_a_used_condition():
    assert not asks("Coat", "Worn for two winters.", "used_good")


def test_wear_without_a_stated_condition_is_no_contradiction():
    assert not asks("Abrigo", "Lo usé dos inviernos.", "")
