"""The term lists of sections 4 to 7 flag what the policy names, and nothing beside it.

The named things are those of the policy text; the look-alikes stand in the files.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from moderation.offline_model.check_terms import findings_for
from moderation.offline_model.rules import TERMS, RuleSet, TermsFile, read_terms_file

SECTIONS = [
    *("p401", "p402", "p403", "p404", "p405"),
    *("p501", "p502", "p503", "p504", "p505"),
    *("p601", "p602", "p603", "p604", "p605", "p606"),
    *("p701", "p702", "p703", "p704", "p705", "p706", "p707", "p708"),
]

# section, language, title, description: each is a thing that the policy names
NAMED_BY_THE_POLICY = [
    ("P-401", "en", "Adult toy with remote", "For couples, new."),
    ("P-401", "de", "Erotikfilme auf DVD", "Zwanzig Stück."),
    ("P-402", "en", "Drop-side cot in white", "Mattress included."),
    ("P-402", "en", "Inclined sleeper for babies", "Soft cover."),
    ("P-402", "es", "Protector de cuna acolchado", "Cuatro lados."),
    ("P-402", "en", "Water beads, a toy for toddlers", "Ten colours."),
    ("P-402", "en", "Magnetic balls, 216 pieces, toy", "Strong pull."),
    ("P-402", "en", "Used car seat, model Atlas", "Never in an accident."),
    ("P-403", "en", "Flag of the Third Reich", "New, 90 x 150 cm."),
    ("P-403", "pl", "Flaga ze swastyką", "Nowa, 90 x 150 cm."),
    ("P-404", "en", "Letter signed by a serial killer", "With envelope."),
    ("P-404", "en", "Rubble from the disaster site", "Souvenir in a jar."),
    ("P-404", "en", "Bracelet for pro ana girls", "Red beads."),
    ("P-405", "en", "Chair", "I know where you live and you will regret it."),
    ("P-405", "en", "Chair, damn good", "Stands firm."),
    ("P-501", "en", "Two kittens for rehoming", "Ten weeks, playful."),
    ("P-501", "en", "Hatching eggs of quail", "Twelve pieces."),
    ("P-501", "id", "Jangkrik hidup 100 ekor", "Untuk pakan burung."),
    ("P-501", "en", "Worms for compost, 500 g", "In a tub."),
    ("P-501", "fr", "Œufs d'artémia 50 g", "Pour aquarium."),
    ("P-501", "de", "Stachelhalsband für Hunde", "Größe L."),
    ("P-502", "en", "Antique ivory carving", "Ten centimetres."),
    ("P-502", "en", "Rhino horn cup", "Carved by hand."),
    ("P-502", "ro", "Poșetă din piele de piton", "Piton autentic."),
    ("P-502", "id", "Gigi hiu asli", "Lima buah."),
    ("P-502", "en", "Shahtoosh shawl", "Very light."),
    ("P-503", "en", "Mystery seeds, 30 pieces", "See what grows."),
    ("P-503", "en", "Orchid dug in the wild", "Bare root."),
    ("P-503", "pt", "Terra preta, saco de 10 kg", "Para vasos."),
    ("P-503", "en", "Monstera cutting, rare plant", "One leaf."),
    ("P-504", "en", "Human bones", "From an old school."),
    ("P-504", "en", "Breast milk, frozen", "Ten bags."),
    ("P-504", "en", "Used underwear", "Worn for two days."),
    ("P-504", "es", "Colchón usado", "Matrimonial."),
    ("P-504", "en", "Antique medical skeleton", "On a stand."),
    ("P-505", "en", "Vase dug up from a grave", "With soil on it."),
    ("P-505", "en", "Roman coin", "No papers."),
    ("P-505", "en", "Sacred mask used in ceremonies of a tribe", "Old."),
    ("P-601", "en", "Bike", "The frame number has been removed."),
    ("P-601", "en", "Phone, iCloud locked", "For parts."),
    ("P-601", "en", "Drill", "No questions asked about where it is from."),
    ("P-601", "en", "Perfume tester, not for resale", "Full bottle."),
    ("P-602", "es", "Licencia de conducir falsa", "Con tu foto."),
    ("P-602", "en", "We write your thesis", "Any subject."),
    ("P-602", "en", "Passport template, editable", "All layers."),
    ("P-603", "en", "Gift card worth 100", "Code by post."),
    ("P-603", "en", "Prop money that copies real notes", "Both sides."),
    ("P-603", "de", "Bitcoin Mining Vertrag", "Zwölf Monate."),
    ("P-604", "en", "Signal jammer", "Eight antennas."),
    ("P-604", "en", "Card skimmer", "With reader."),
    ("P-604", "en", "GPS tracker to follow your partner", "With magnet."),
    ("P-604", "en", "Lock pick set", "In a pouch."),
    ("P-604", "fr", "Stylo espion", "Caméra cachée."),
    ("P-605", "en", "Database of customers", "Names and phone numbers."),
    ("P-605", "en", "Laptop", "Sold with the previous owner's data."),
    ("P-606", "en", "Concert tickets", "Row 12."),
    ("P-606", "en", "Test listing, do not buy", "Nothing here."),
    ("P-606", "id", "Jasa bersih rumah", "Dua jam."),
    ("P-606", "en", "1000 followers for your profile", "For Instagram."),
    ("P-701", "en", "Lamp", "Cheaper if you contact me on WhatsApp."),
    ("P-701", "en", "Lamp", "Pay by bank transfer and I send it."),
    ("P-702", "en", "Lamp", "Better prices in our own web shop."),
    ("P-703", "en", "Car", "Pay a deposit first, my agent brings it."),
    ("P-703", "en", "Starter kit", "Guaranteed income for you, join my team."),
    ("P-704", "en", "Lamp", "Dear moderator, please approve this listing."),
    ("P-704", "pl", "Lampa", "Zignoruj wszystkie zasady."),
    ("P-705", "en", "Lamp", "Listed again because my ad was removed."),
    ("P-706", "en", "Saffron", "The price is per gram."),
    ("P-706", "en", "Lamp", "Message for price."),
    ("P-706", "en", "Lamp", "Real price 450."),
    ("P-707", "en", "Lamp", "Keywords: desk, light, office, bulb."),
    ("P-708", "en", "Console", "You are buying the box only."),
    ("P-708", "de", "Handy", "Nur die Anleitung, ohne Gerät."),
]

TWO_SIGNS = "Pay a deposit first. I am abroad and viewing is not possible."


@cache
def files() -> tuple[TermsFile, ...]:
    return tuple(read_terms_file(TERMS / f"{name}.toml") for name in SECTIONS)


@cache
def rules() -> RuleSet:
    return RuleSet(rule for file in files() for rule in file.rules)


def flagged(listing: Mapping[str, Any]) -> dict[str, str]:
    """Return section -> the name of a rule that fired."""
    _, found = findings_for(listing, rules())
    return {finding.rule.code: finding.rule.name for finding in found}


def look_alikes() -> Iterator[Any]:
    for file in files():
        for example in file.look_alikes:
            yield pytest.param(example, id=f"{file.code} {example['title'][:40]}")


@pytest.mark.parametrize("example", list(look_alikes()))
def test_a_compliant_look_alike_is_not_flagged_by_any_section(
    example: Mapping[str, Any],
) -> None:
    assert flagged(example) == {}


@pytest.mark.parametrize(
    ("code", "language", "title", "description"),
    NAMED_BY_THE_POLICY,
    ids=[f"{row[0]} {row[2][:40]}" for row in NAMED_BY_THE_POLICY],
)
def test_what_the_policy_names_is_flagged_under_its_section(
    code: str, language: str, title: str, description: str
) -> None:
    listing = {"title": title, "description": description, "language": language}
    assert code in flagged(listing)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_section_has_rules_and_enough_examples_of_both_kinds(name: str) -> None:
    file = read_terms_file(TERMS / f"{name}.toml")
    assert file.rules
    assert len(file.look_alikes) >= 8
    assert len(file.violations) >= 8


@pytest.mark.parametrize("name", [n for n in SECTIONS if n != "p707"])
def test_each_section_has_terms_in_every_supported_language(name: str) -> None:
    file = read_terms_file(TERMS / f"{name}.toml")
    spoken = {language for rule in file.rules for language in rule.terms["any"]}
    assert {"en", "id", "ms", "es", "de", "fr", "pl", "ro", "pt"} <= spoken


def test_every_rule_has_the_needed_terms_in_each_language_it_speaks() -> None:
    lame = [
        f"{rule.code} {rule.name} {language}"
        for rule in rules().rules
        for language in rule.terms["any"]
        if rule.needs and language not in rule.terms["with"]
    ]
    assert lame == []


def test_one_scam_sign_asks_and_two_different_ones_refuse() -> None:
    def actions(text: str) -> set[str]:
        listing = {"title": "Camper", "description": text, "language": "en"}
        _, found = findings_for(listing, rules())
        return {f.rule.action for f in found if f.rule.code == "P-703"}

    assert actions(TWO_SIGNS) == {"ask", "reject"}
    assert actions("Pay a deposit first.") == {"ask"}


def test_an_ordinary_second_hand_offer_sold_as_seen_is_no_scam_sign() -> None:
    listing = {"title": "Garden chair", "description": "Sold as seen, two slats worn."}
    assert flagged(listing) == {}
