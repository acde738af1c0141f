"""Terms files: the form they must have, and when a rule fires."""

import pytest

from moderation.offline_model.language import detect
from moderation.offline_model.rules import (
    RuleSet,
    TermsError,
    read_terms_file,
    rule_set,
    terms_files,
)
from moderation.offline_model.texts import view

FILE = """
code = "P-101"
[[rule]]
name = "gun"
action = "reject"
[rule.any]
en = ["pistol"]
de = ["pistole"]
[rule.unless]
en = ["water pistol"]
[[rule]]
name = "sold"
scope = "listing"
fields = ["title"]
[rule.any]
en = ["barrel"]
[rule.with]
en = ["thread*"]
[[rule]]
name = "wide"
scope = "listing"
[rule.any]
en = ["cannon"]
[rule.unless]
en = ["poster"]
[[rule]]
name = "silent"
scope = "anywhere"
[rule.any]
en = ["biscuits"]
[rule.unless]
en = ["best before"]
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "p101.toml"
    path.write_text(FILE)
    return RuleSet(read_terms_file(path).rules)


def names(rules, languages=("en",), **fields):
    seen = view(fields, {})
    return {f.rule.name for f in rules.apply(seen.sentences, languages)}


def test_a_rule_fires_on_its_own_term(rules):
    assert names(rules, title="Old pistol") == {"gun"}


def test_an_exception_binds_to_its_sentence(rules):
    assert names(rules, title="Water pistol") == set()
    text = "A water pistol for the kids. And my pistol."
    assert names(rules, description=text) == {"gun"}


def test_lists_of_two_languages_are_never_merged(rules):
    assert names(rules, languages=("de",), title="Alte Pistole") == {"gun"}
    assert names(rules, languages=("en",), title="Alte Pistole") == set()
    assert names(rules, ("de",), title="Pistole, water pistol") == {"gun"}


def test_a_companion_may_stand_anywhere_when_the_scope_is_the_listing(rules):
    assert names(rules, title="Barrel") == set()
    assert names(rules, title="Barrel", description="It is threaded.") == {"sold"}
    assert names(rules, title="x", description="Threaded barrel.") == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('code = "P-102"', "code"),
        ('code = "P-101"\n[[rule]]\naction = "reject"', "no name"),
        ('code = "P-101"\n[[rule]]\nname = "a"', "rule.any"),
        ('code = "P-101"\n[[rule]]\nname = "a"\naction = "ban"', "action"),
        ('code = "P-101"\n[[rule]]\nname = "a"\n[rule.any]\nxy = ["b"]', "languages"),
        ('code = "P-101"\nother = 1', "unknown keys"),
        ('code = "P-101"\n[[violation]]\ntitle = "x"', "known language"),
        ("code =", "Invalid"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_reason(tmp_path, text, reason):
    path = tmp_path / "p101.toml"
    path.write_text(text)
    with pytest.raises(TermsError, match=reason):
        read_terms_file(path)


def test_every_section_of_the_policy_has_a_sound_file():
    assert len(terms_files()) == 41
    rule_set().check()


@pytest.mark.parametrize("file", terms_files(), ids=lambda file: file.code)
def test_no_look_alike_is_flagged_by_its_own_section(file):
    rules = RuleSet(file.rules)
    for example in file.look_alikes:
        seen = view(example, {})
        languages = detect(seen.sentences, example["language"], {}).apply
        assert not rules.apply(seen.sentences, languages), example["title"]


def test_an_excuse_far_down_the_text_does_not_clear_a_listing(rules):
    far = "A cannon. It is big. It is old. Ask for the poster."
    assert names(rules, description=far) == {"wide"}
    assert names(rules, description="A poster of a cannon. It is big.") == set()
    assert names(rules, title="Poster", description="It is big. A cannon.") == set()


def test_a_rule_about_what_is_not_said_is_excused_from_anywhere(rules):
    text = "Two boxes. Kept dry. Sent fast. Best before on the box."
    assert names(rules, title="Biscuits", description="Two boxes.") == {"silent"}
    assert names(rules, title="Biscuits", description=text) == set()
