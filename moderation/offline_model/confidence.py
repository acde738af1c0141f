"""Turns signals into the probability that a listing may go live unseen.

Decides one number, from the weights that training wrote. Refuses to veto: clauses
and doubts are the verdict's.
"""

from math import exp

from moderation.offline_model.features import score, signal_values, summary, units
from moderation.offline_model.signals import Signals
from moderation.offline_model.weights import Weights, load, second_stage


def figures(signals: Signals, weights: Weights) -> list[float]:
    """Return what the second stage sees of a listing."""
    scores = [
        score(words, weights.words, weights.bias)
        for words in units(signals.view.sentences)
    ]
    return [*summary(scores), *signal_values(signals)]


def probability(signals: Signals, weights: Weights | None = None) -> float:
    """Return the probability, 0 to 1, that a listing may go live unseen."""
    weights = weights or load()
    odds = second_stage(weights, figures(signals, weights))
    return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))
