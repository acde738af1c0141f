"""Reads and writes the classifier's weights: one small JSON file.

Decides the form on disk (int8, compressed). Knows nothing of training.
"""

import base64
import json
import zlib
from array import array
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from moderation.offline_model.features import BUCKETS

WEIGHTS = Path(__file__).parent / "data" / "weights.json"
_STEPS = 127


class Weights(NamedTuple):
    """First stage: one weight a bucket. Second stage: one a figure, on its scale."""

    words: list[float]
    bias: float
    means: list[float]
    scales: list[float]
    figures: list[float]
    intercept: float


def pack(weights: Weights) -> dict[str, Any]:
    """Return weights as JSON-ready data; words lose all but seven bits."""
    top = max(map(abs, weights.words)) or 1.0
    steps = array("b", (round(w / top * _STEPS) for w in weights.words))
    packed = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
    return {
        "words": packed,
        "top": top,
        "bias": weights.bias,
        "means": weights.means,
        "scales": weights.scales,
        "figures": weights.figures,
        "intercept": weights.intercept,
    }


def unpack(data: dict[str, Any]) -> Weights:
    """Return the weights of packed data; raises ValueError when it is not whole."""
    steps = array("b")
    steps.frombytes(zlib.decompress(base64.b64decode(data["words"])))
    if len(steps) != BUCKETS:
        raise ValueError(f"{len(steps)} word weights, not {BUCKETS}")
    factor = data["top"] / _STEPS
    return Weights(
        [step * factor for step in steps],
        data["bias"],
        data["means"],
        data["scales"],
        data["figures"],
        data["intercept"],
    )


def write(weights: Weights, path: Path = WEIGHTS) -> int:
    """Write the weights file and return its size in bytes."""
    text = json.dumps(pack(weights), separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
    return len(text) + 1


@cache
def load(path: Path = WEIGHTS) -> Weights:
    """Read the weights file once per process."""
    return unpack(json.loads(path.read_text(encoding="utf-8")))


def second_stage(weights: Weights, figures: Sequence[float]) -> float:
    """Return the log-odds of a listing from its figures."""
    return weights.intercept + sum(
        w * (f - m) / s
        for w, f, m, s in zip(
            weights.figures, figures, weights.means, weights.scales, strict=True
        )
    )
