"""Near copies share bands, unrelated texts do not, and the cost grows evenly."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.retrieval.surroundings import MIN_SHARED_BANDS
from moderation.standardise import fingerprint
from moderation.standardise.fingerprint import BANDS, MAX_WORDS, bands_of

MUG = (
    "Hand-thrown stoneware mug in cobalt blue with a wide handle. It holds 350 ml and "
    "goes into the dishwasher and the microwave. Each mug is glazed by hand, so no two "
    "are quite alike. Packed in recycled paper and sent within two working days."
)
LAMP = (
    "Brass desk lamp from the sixties with its original shade. The wiring was renewed "
    "last year by an electrician. A few scratches at the foot, otherwise in good "
    "order. Takes an ordinary E27 bulb, which is not part of the offer. No postage."
)
WORDS = [f"word{n}" for n in range(400)]
TEXT = st.lists(st.sampled_from(WORDS), min_size=30, max_size=120)


def shared(one: str, other: str) -> int:
    """Return how many bands two texts share."""
    return sum(a == b for a, b in zip(bands_of(one), bands_of(other), strict=True))


def test_a_text_has_all_its_bands_as_signed_numbers_and_nothing_has_none() -> None:
    bands = bands_of(MUG)
    assert len(bands) == BANDS
    assert all(-(1 << 63) <= value < 1 << 63 for value in bands)
    assert bands_of("") == bands_of(" \u2605 !! ") == ()


def test_the_bands_are_the_same_in_every_process() -> None:
    # Stored values must match those computed years later.
    assert bands_of("blue stoneware mug")[0] == 7174805281448824242


@pytest.mark.parametrize(
    "copy",
    [
        MUG,
        MUG.upper(),
        MUG.replace(".", " !!! "),
        MUG.replace("cobalt blue", "dark green"),
        MUG + " Ask for other colours.",
        "NEW! " + MUG,
        MUG.replace("two working days", "3 days"),
    ],
    ids=[
        "same",
        "shouted",
        "punctuated",
        "recoloured",
        "longer",
        "prefixed",
        "reworded",
    ],
)
def test_a_near_copy_is_noticed(copy: str) -> None:
    assert shared(MUG, copy) >= MIN_SHARED_BANDS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MUG, LAMP),
        ("Blue mug", "Brass lamp"),
        ("Stoneware mug, blue, 350 ml", "Stoneware plate, green, 27 cm"),
    ],
)
def test_another_text_is_not_taken_for_a_copy(one: str, other: str) -> None:
    assert shared(one, other) < MIN_SHARED_BANDS


def test_short_equal_titles_match() -> None:
    assert shared("Blue mug", "blue  MUG") == BANDS


@given(words=TEXT)
def test_case_spaces_and_marks_never_count(words: list[str]) -> None:
    assert bands_of(" ".join(words)) == bands_of(" !\n ".join(words).upper())


def test_of_many_lightly_changed_texts_nearly_all_are_noticed() -> None:
    source = random.Random(7)
    noticed = 0
    for _ in range(300):
        words = source.choices(WORDS, k=80)
        changed = list(words)
        for place in source.sample(range(80), 3):
            changed[place] = "else"
        noticed += shared(" ".join(words), " ".join(changed)) >= MIN_SHARED_BANDS
    assert noticed >= 285


def test_of_many_unrelated_texts_none_is_taken_for_a_copy() -> None:
    source = random.Random(8)
    texts = [" ".join(source.choices(WORDS, k=60)) for _ in range(120)]
    pairs = [(a, b) for n, a in enumerate(texts) for b in texts[n + 1 :]]
    assert max(shared(a, b) for a, b in pairs) < MIN_SHARED_BANDS


def test_the_cost_is_bounded_by_a_number_of_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[int] = []
    real = fingerprint.zlib.crc32

    class Counting:
        """Counts how often a word triple is hashed."""

        @staticmethod
        def crc32(data: bytes) -> int:
            hashed.append(1)
            return real(data)

    monkeypatch.setattr(fingerprint, "zlib", Counting)
    counts = []
    for size in (100, 200, 400, 100_000):
        hashed.clear()
        bands_of(" ".join(f"w{n}" for n in range(size)))
        counts.append(len(hashed))
    assert counts == [98, 198, 398, MAX_WORDS - 2]
