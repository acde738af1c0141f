"""Trains the classifier from data that ships with Reviewhub.

Decides how rows become examples and how the two stages are fitted. The only module
that needs numpy and scikit-learn; nothing at run time imports it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from moderation.offline_model.features import (
    BUCKETS,
    buckets,
    score,
    signal_values,
    summary,
    units,
)
from moderation.offline_model.judge import passes_rules
from moderation.offline_model.rules import terms_files
from moderation.offline_model.signals import Signals, gather
from moderation.offline_model.weights import Weights

TRAINING = Path(__file__).parent / "data" / "training.jsonl"
_FOLDS = 5
_WORD_STRENGTH = 3.0
_FIGURE_STRENGTH = 0.3
_MAY_GO_LIVE_BY_MENDING = frozenset({"P-701", "P-702", "P-708"})


class Example(NamedTuple):
    """One listing with its signals; near-duplicates share a group."""

    signals: Signals
    may_go_live: bool
    group: str
    weight: float


def read_examples(
    paths: Iterable[Path] = (TRAINING,),
    progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> list[Example]:
    """Return every example: rows of the files and the examples of the terms files."""
    rows = [row for path in paths for row in _file_rows(path)]
    rows += _terms_rows()
    return [
        Example(gather(listing, {}), good, group, weight)
        for listing, good, group, weight in progress(rows)
    ]


def _file_rows(path: Path) -> Iterable[tuple[Mapping[str, Any], bool, str, float]]:
    # Not splitlines: a text may hold U+2028.
    lines = path.read_text(encoding="utf-8").strip().split("\n")
    for number, line in enumerate(lines):
        row = json.loads(line)
        group = row.get("group") or f"{path.stem}-{number}"
        yield row["listing"], row["label"] == "live", group, row.get("weight", 1.0)


def _terms_rows() -> list[tuple[Mapping[str, Any], bool, str, float]]:
    rows: list[tuple[Mapping[str, Any], bool, str, float]] = []
    for file in terms_files():
        for good, examples in ((True, file.look_alikes), (False, file.violations)):
            for example in examples:
                listing = {"price": "20.00", "currency": "USD", **example}
                rows.append((listing, good, file.code, 1.0))
    return rows


def label_of(expected: Mapping[str, Any]) -> str:
    """Return live, hold or mend for the expected outcome of a labelled row.

    Rows that a machine mends (contact details, links, condition) teach nothing
    about wording and are left out.
    """
    if expected["decision"] == "reject" or expected["needs_human"]:
        return "hold"
    fixes = {code for code in expected["policy_codes"] if code.startswith("P")}
    if fixes and fixes <= _MAY_GO_LIVE_BY_MENDING:
        return "mend"
    return "hold" if fixes else "live"


def _matrix(texts: Sequence[Sequence[str]]) -> csr_matrix:
    pointers, columns, values = [0], [], []
    for words in texts:
        found = buckets(words)
        columns.extend(found)
        values.extend([1 / np.sqrt(len(found))] * len(found))
        pointers.append(len(columns))
    matrix = csr_matrix((values, columns, pointers), shape=(len(texts), BUCKETS))
    matrix.sum_duplicates()
    return matrix


def fit_words(examples: Sequence[Example]) -> tuple[list[float], float]:
    """Fit the first stage: one weight a bucket, and a bias."""
    texts, labels, weights = [], [], []
    for example in examples:
        found = list(units(example.signals.view.sentences))
        for words in found:
            texts.append(words)
            labels.append(example.may_go_live)
            weights.append(example.weight / len(found) ** 0.5)
    model = LogisticRegression(
        C=_WORD_STRENGTH,
        class_weight="balanced",
        max_iter=400,
        solver="liblinear",
        random_state=0,
    )
    model.fit(_matrix(texts), labels, sample_weight=weights)
    return [float(w) for w in model.coef_[0]], float(model.intercept_[0])


def _figures(example: Example, words: Sequence[float], bias: float) -> list[float]:
    scores = [
        score(unit, words, bias) for unit in units(example.signals.view.sentences)
    ]
    return [*summary(scores), *signal_values(example.signals)]


def fit(examples: Sequence[Example]) -> Weights:
    """Fit both stages; the second sees first-stage scores of unseen groups only."""
    groups = [example.group for example in examples]
    rows: list[list[float]] = [[] for _ in examples]
    for train, test in GroupKFold(_FOLDS).split(rows, groups=groups):
        words, bias = fit_words([examples[i] for i in train])
        for i in test:
            rows[i] = _figures(examples[i], words, bias)
    # what the rules stop needs no probability: the second stage is fitted on the rest
    clear = [i for i, example in enumerate(examples) if passes_rules(example.signals)]
    table = np.array([rows[i] for i in clear])
    means, scales = table.mean(axis=0), table.std(axis=0)
    scales[scales == 0] = 1.0
    model = LogisticRegression(C=_FIGURE_STRENGTH, max_iter=1000)
    labels = [examples[i].may_go_live for i in clear]
    weights = [examples[i].weight for i in clear]
    model.fit((table - means) / scales, labels, sample_weight=weights)
    words, bias = fit_words(examples)
    return Weights(
        words,
        bias,
        [float(x) for x in means],
        [float(x) for x in scales],
        [float(x) for x in model.coef_[0]],
        float(model.intercept_[0]),
    )


def out_of_fold(
    examples: Sequence[Example],
    progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> list[Weights]:
    """Return for each example the weights fitted without its group."""
    groups = [example.group for example in examples]
    found: list[Weights | None] = [None] * len(examples)
    splits = list(GroupKFold(_FOLDS).split(groups, groups=groups))
    for train, test in progress(splits):
        weights = fit([examples[i] for i in train])
        for i in test:
            found[i] = weights
    return [weights for weights in found if weights is not None]
