"""From stated to calibrated confidence: fit on labelled outcomes, apply, measure.

Pure. A stated confidence is never routed on raw; identity is an explicit choice.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

EPSILON = 1e-6


def apply_calibration(
    method: str, parameters: Mapping[str, Any], stated: float
) -> float:
    """Return the calibrated probability, 0 to 1, for a stated confidence.

    Args:
        method: "identity", "platt" (parameters a, b: sigmoid(a*logit(s)+b)) or
            "isotonic" (parameters xs, ys: a non-decreasing step function).
        stated: the model's own confidence, 0 to 1.

    Raises:
        ValueError: the method is unknown.
    """
    if method == "identity":
        return stated
    if method == "platt":
        return _sigmoid(parameters["a"] * _logit(stated) + parameters["b"])
    if method == "isotonic":
        value = 0.0
        for x, y in zip(parameters["xs"], parameters["ys"], strict=True):
            if stated < x:
                break
            value = y
        return value
    raise ValueError(f"Unknown calibration method {method!r}.")


def fit_platt(pairs: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """Fit Platt scaling on (stated, right) pairs by Newton's method.

    Uses Platt's smoothed targets, so that few or one-sided cases do not
    overfit. Source: Platt 1999; Lin, Lin, Weng 2007.

    Raises:
        ValueError: no pairs.
    """
    if not pairs:
        raise ValueError("Calibration needs at least one labelled case.")
    positives = sum(right for _, right in pairs)
    high = (positives + 1) / (positives + 2)
    low = 1 / (len(pairs) - positives + 2)
    xs = [_logit(stated) for stated, _ in pairs]
    ts = [high if right else low for _, right in pairs]
    a, b = 1.0, 0.0
    loss = _loss(a, b, xs, ts)
    for _ in range(100):
        gradient_a, gradient_b, haa, hab, hbb = 0.0, 0.0, 1e-12, 0.0, 1e-12
        for x, t in zip(xs, ts, strict=True):
            p = _sigmoid(a * x + b)
            gradient_a += (p - t) * x
            gradient_b += p - t
            weight = p * (1 - p)
            haa, hab, hbb = (
                haa + weight * x * x,
                hab + weight * x,
                hbb + weight,
            )
        determinant = haa * hbb - hab * hab
        if abs(determinant) < 1e-18:
            break
        step_a = (hbb * gradient_a - hab * gradient_b) / determinant
        step_b = (haa * gradient_b - hab * gradient_a) / determinant
        rate = 1.0
        while rate > 1e-6:
            new_loss = _loss(a - rate * step_a, b - rate * step_b, xs, ts)
            # Near the optimum the loss is flat to rounding: the step decides there.
            if new_loss <= loss + 1e-12:
                break
            rate /= 2
        if rate <= 1e-6:
            break
        a, b, loss = a - rate * step_a, b - rate * step_b, new_loss
        if abs(step_a) + abs(step_b) < 1e-12:
            break
    return {"a": a, "b": b}


def expected_calibration_error(
    pairs: Sequence[tuple[float, bool]], bins: int = 10
) -> float:
    """Return the ECE over equal-width bins, confidence 1.0 in the last one.

    Source: Naeini, Cooper, Hauskrecht 2015.
    """
    if not pairs:
        return 0.0
    grouped: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in pairs:
        grouped.setdefault(min(int(confidence * bins), bins - 1), []).append(
            (confidence, right)
        )
    return math.fsum(
        abs(math.fsum(c for c, _ in group) - sum(right for _, right in group))
        for group in grouped.values()
    ) / len(pairs)


def _loss(a: float, b: float, xs: Sequence[float], ts: Sequence[float]) -> float:
    total = 0.0
    for x, t in zip(xs, ts, strict=True):
        z = a * x + b
        # log(1 + e^z) without overflow.
        total += max(z, 0.0) + math.log1p(math.exp(-abs(z))) - t * z
    return total


def _logit(p: float) -> float:
    p = min(max(p, EPSILON), 1 - EPSILON)
    return math.log(p / (1 - p))


def _sigmoid(z: float) -> float:
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))
