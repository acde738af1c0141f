"""The weights file: small, whole, and read as it was written."""

import random

import pytest

from moderation.offline_model.features import BUCKETS, SIGNALS, buckets, summary
from moderation.offline_model.weights import WEIGHTS, Weights, load, write


def weights():
    rnd = random.Random(1)
    words = [0.0] * BUCKETS
    for _ in range(500):
        words[rnd.randrange(BUCKETS)] = rnd.uniform(-2, 2)
    size = len(SIGNALS) + len(summary([]))
    return Weights(words, 0.25, [0.0] * size, [1.0] * size, [0.5] * size, -1.0)


def written(some, folder):
    path = folder / "weights.json"
    write(some, path)
    return load(path)


def test_weights_survive_the_file(tmp_path):
    before = weights()
    after = written(before, tmp_path)
    assert after[1:] == before[1:]
    pairs = zip(after.words, before.words, strict=True)
    assert max(abs(a - b) for a, b in pairs) < 0.02


def test_the_shipped_weights_are_whole_and_small():
    assert WEIGHTS.stat().st_size < 500_000
    shipped = load()
    assert len(shipped.figures) == len(SIGNALS) + len(summary([]))
    assert all(scale > 0 for scale in shipped.scales)


def test_a_file_of_another_size_is_refused(tmp_path):
    short = weights()._replace(words=[1.0] * 10)
    with pytest.raises(ValueError, match="10 word weights"):
        written(short, tmp_path)


def test_buckets_of_words_are_stable():
    assert buckets(["mug"]) == buckets(["mug"])
    assert buckets(["12"]) == buckets(["13"])
    assert buckets([]) == []
