"""Training: what a labelled row teaches, and that it gives the same each time."""

import pytest

from moderation.offline_model import training


@pytest.mark.parametrize(
    ("decision", "codes", "needs_human", "label"),
    [
        ("approve", [], False, "live"),
        ("approve", [], True, "hold"),
        ("reject", ["P-101"], False, "hold"),
        ("approve_with_fixes", ["Q-07"], False, "live"),
        ("approve_with_fixes", ["P-701", "Q-07"], False, "mend"),
        ("approve_with_fixes", ["P-205"], False, "hold"),
    ],
)
def test_the_label_of_a_row(decision, codes, needs_human, label):
    expected = {
        "decision": decision,
        "policy_codes": codes,
        "needs_human": needs_human,
    }
    assert training.label_of(expected) == label


@pytest.mark.slow
def test_training_twice_gives_the_same_weights():
    examples = training.read_examples()[::3]
    assert training.fit(examples) == training.fit(examples)


def test_the_examples_hold_both_kinds_in_every_language():
    rows = list(training._file_rows(training.TRAINING))
    for language in ("en", "id", "ms", "es", "de", "fr", "pl", "ro", "pt"):
        labels = {good for listing, good, *_ in rows if listing["language"] == language}
        assert labels == {True, False}, language
