"""Tests of the term lists for sections P-101 to P-303 of the policy.

What the policy names must be found; what it allows must not be.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from moderation.offline_model.check_terms import findings_for
from moderation.offline_model.rules import (
    TERMS,
    RuleSet,
    TermsFile,
    read_terms_file,
)

SECTIONS = (
    *(f"P-10{n}" for n in range(1, 7)),
    *(f"P-20{n}" for n in range(1, 9)),
    *(f"P-30{n}" for n in range(1, 4)),
)


@cache
def files() -> Mapping[str, TermsFile]:
    """Return the terms files of these sections, by code."""
    return {
        code: read_terms_file(TERMS / f"{code.lower().replace('-', '')}.toml")
        for code in SECTIONS
    }


@cache
def every_rule() -> RuleSet:
    """Return the rules of all these sections together."""
    return RuleSet(rule for file in files().values() for rule in file.rules)


def codes_of(listing: Mapping[str, Any]) -> set[str]:
    """Return the sections that the lists find in a listing."""
    return {finding.rule.code for finding in findings_for(listing, every_rule())[1]}


LOOK_ALIKES = [
    pytest.param(example, id=f"{code} {example['title']}")
    for code in SECTIONS
    for example in files()[code].look_alikes
]

# What the policy itself names, section by section, in a seller's sentence.
NAMED = [
    ("P-101", "en", "Hunting rifle, calibre 308"),
    ("P-101", "en", "Deactivated pistol on a plate"),
    ("P-101", "en", "Box of 50 rounds, 9 mm"),
    ("P-101", "en", "AR-15 lower receiver"),
    ("P-101", "en", "Pistol slide and barrel"),
    ("P-101", "en", "Suppressor with thread adapter"),
    ("P-101", "en", "Solvent trap cleaning kit"),
    ("P-101", "en", "STL files for a printable pistol frame"),
    ("P-101", "en", "Bullet casing necklace"),
    ("P-101", "es", "Escopeta de caza calibre 12"),
    ("P-101", "de", "Jagdgewehr mit Zielfernrohr"),
    ("P-101", "pl", "Pistolet dziewięć milimetrów, nowy"),
    ("P-102", "en", "Automatic knife with button"),
    ("P-102", "en", "Gravity knife"),
    ("P-102", "en", "Butterfly knife, steel"),
    ("P-102", "en", "Push dagger"),
    ("P-102", "en", "Lipstick knife"),
    ("P-102", "en", "Brass knuckleduster"),
    ("P-102", "en", "Telescopic baton"),
    ("P-102", "en", "Throwing stars, set of four"),
    ("P-102", "en", "Nunchaku with chain"),
    ("P-102", "en", "Stun gun with torch"),
    ("P-102", "en", "Pepper spray 40 ml"),
    ("P-102", "en", "Samurai sword, steel blade"),
    ("P-102", "en", "Machete 60 cm"),
    ("P-102", "en", "Kitchen knife that can kill a man, sharp blade"),
    ("P-102", "fr", "Couteau papillon en acier"),
    ("P-102", "id", "Pisau lipat otomatis"),
    ("P-103", "en", "Airsoft rifle with orange tip"),
    ("P-103", "en", "BB gun"),
    ("P-103", "en", "Gel-ball blaster"),
    ("P-103", "en", "Pellet gun .177"),
    ("P-103", "en", "Paintball marker"),
    ("P-103", "en", "Film prop replica of a service pistol in metal"),
    ("P-103", "de", "Softair Pistole"),
    ("P-104", "en", "Fireworks assortment"),
    ("P-104", "en", "Firecrackers"),
    ("P-104", "en", "Smoke bomb, blue"),
    ("P-104", "en", "Distress flare"),
    ("P-104", "en", "Black powder 500 g"),
    ("P-104", "en", "Detonator"),
    ("P-104", "en", "Make your own firecrackers kit"),
    ("P-104", "en", "Gender reveal smoke that burns pink"),
    ("P-104", "en", "Historic hand grenade"),
    ("P-104", "id", "Petasan isi 100"),
    ("P-105", "en", "Arsenic powder"),
    ("P-105", "en", "Liquid mercury 100 g"),
    ("P-105", "en", "Sulphuric acid 96 %"),
    ("P-105", "en", "Hydrogen peroxide 35 %"),
    ("P-105", "en", "Uranium ore"),
    ("P-105", "en", "Refrigerant gas for cars"),
    ("P-105", "en", "Kerosene, five litres"),
    ("P-105", "en", "Butane refill"),
    ("P-105", "en", "Herbicide concentrate, for professional use only"),
    ("P-105", "en", "Decanted drain cleaner, no label"),
    ("P-105", "en", "Loose unprotected 18650 cells"),
    ("P-106", "en", "Baby sleeper, recalled by the maker"),
    ("P-106", "en", "Heater, repaired under the recall"),
    ("P-106", "en", "Mains charger without certificate"),
    ("P-106", "en", "Helmet, was in a crash once"),
    ("P-106", "en", "Expired fire extinguisher"),
    ("P-106", "en", "Airbag removed from a car"),
    ("P-106", "en", "Angle grinder, guard removed"),
    ("P-201", "en", "Legal high powder"),
    ("P-201", "en", "Kratom leaf"),
    ("P-201", "en", "Salvia divinorum"),
    ("P-201", "en", "Nitrous oxide chargers for balloons"),
    ("P-201", "en", "White powder, not for human consumption"),
    ("P-201", "en", "Pure snow, price per gram"),
    ("P-202", "en", "CBD oil 10 %"),
    ("P-202", "en", "Hemp extract cream"),
    ("P-202", "en", "Glass bong 30 cm"),
    ("P-202", "en", "Dab rig"),
    ("P-202", "en", "Herb crusher, four parts"),
    ("P-202", "en", "Kit to pass a drug test"),
    ("P-203", "en", "Amoxicillin capsules"),
    ("P-203", "en", "Strong painkillers"),
    ("P-203", "en", "Sleeping pills"),
    ("P-203", "en", "Erection pills"),
    ("P-203", "en", "Weight-loss injection"),
    ("P-203", "en", "Ibuprofen 400 mg"),
    ("P-203", "en", "Nicotine gum"),
    ("P-203", "en", "Dog wormer from the vet"),
    ("P-203", "en", "Herbal drops that replace insulin, natural viagra"),
    ("P-203", "en", "Needs no prescription"),
    ("P-204", "en", "Coloured contact lenses"),
    ("P-204", "en", "Hearing aid fitted to your ear"),
    ("P-204", "en", "Injection needles, 100 pieces"),
    ("P-204", "en", "Dermal filler 1 ml"),
    ("P-204", "en", "Tattoo removal laser"),
    ("P-204", "en", "Used breast pump"),
    ("P-204", "en", "HIV test for home"),
    ("P-204", "en", "Bowel cancer test"),
    ("P-205", "en", "Tea that cures cancer"),
    ("P-205", "en", "Drops that lower diabetes sugar"),
    ("P-205", "en", "Ends insomnia"),
    ("P-205", "en", "Improves your eyesight"),
    ("P-205", "en", "Guaranteed weight loss"),
    ("P-206", "en", "Red wine, one bottle"),
    ("P-206", "en", "Collectible full bottle of whisky"),
    ("P-206", "es", "Licor casero de hierbas"),
    ("P-207", "en", "Disposable vape, nicotine free"),
    ("P-207", "en", "Cigars, box of 25"),
    ("P-207", "en", "Shisha tobacco, apple"),
    ("P-207", "en", "Snus"),
    ("P-207", "en", "Nicotine pouches"),
    ("P-207", "en", "E-liquid, 50 ml"),
    ("P-207", "en", "Rolling papers and filters"),
    ("P-207", "en", "Heated tobacco sticks"),
    ("P-207", "en", "Hookah starter kit with flavours"),
    ("P-208", "en", "Biscuits, packet of 200 g"),
    ("P-208", "en", "Fresh meat, one kilo"),
    ("P-208", "en", "Raw milk from the farm"),
    ("P-208", "en", "Home-canned beans"),
    ("P-208", "en", "Opened pack of coffee"),
    ("P-208", "en", "Infant formula"),
    ("P-208", "en", "Wild mushrooms, dried"),
    ("P-208", "en", "Home-baked cake"),
    ("P-301", "en", "Designer handbag, 1:1 quality replica"),
    ("P-301", "en", "Gucci bag, mirror quality"),
    ("P-301", "en", "Rolex watch, super copy"),
    ("P-301", "en", "Nike shoes from the same factory"),
    ("P-301", "id", "Tas Chanel KW super"),
    ("P-301", "en", "Louis Vuitton dust bag"),
    ("P-301", "en", "Chanel replacement box"),
    ("P-302", "en", "Perfume inspired by Creed"),
    ("P-302", "en", "Dyson Airwrap dupe"),
    ("P-302", "en", "Handmade mug with Harry Potter"),
    ("P-302", "en", "Apple charger 20 W"),
    ("P-303", "en", "Netflix account, one year"),
    ("P-303", "en", "Windows 11 licence key"),
    ("P-303", "en", "Cracked software"),
    ("P-303", "en", "TV box loaded with films, paid channels"),
    ("P-303", "en", "Shared subscription"),
    ("P-303", "en", "Copied DVD, burned disc"),
]


@pytest.mark.parametrize("example", LOOK_ALIKES)
def test_a_look_alike_is_not_flagged(example: Mapping[str, Any]) -> None:
    assert codes_of(example) == set()


@pytest.mark.parametrize(("code", "language", "title"), NAMED)
def test_what_the_policy_names_is_found(code: str, language: str, title: str) -> None:
    assert code in codes_of({"title": title, "language": language})


@pytest.mark.parametrize("code", SECTIONS)
def test_every_section_has_examples_in_several_languages(code: str) -> None:
    file = files()[code]
    assert len(file.look_alikes) >= 8
    assert len(file.violations) >= 8
    assert len({example["language"] for example in file.violations}) >= 3


@pytest.mark.parametrize("code", SECTIONS)
def test_only_what_the_policy_mends_is_a_fix(code: str) -> None:
    fixes = {rule.name for rule in files()[code].rules if rule.action == "fix"}
    assert not fixes or code in {"P-205", "P-208", "P-302"}
