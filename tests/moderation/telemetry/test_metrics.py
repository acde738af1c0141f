"""Names, units and labels keep to the house's rules."""

import re

import pytest
from prometheus_client.metrics import MetricWrapperBase

from moderation.telemetry import metrics

ALL = {
    name: value
    for name, value in vars(metrics).items()
    if isinstance(value, MetricWrapperBase)
}
LABELS = {
    "by",
    "channel",
    "direction",
    "guardrail",
    "holder",
    "kind",
    "limit",
    "outcome",
    "provider",
    "reason",
    "result",
    "role",
    "source",
    "stage",
}


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_metric_says_what_it_counts(name: str) -> None:
    (family,) = ALL[name].describe()
    assert family.name.startswith("reviewhub_")
    assert family.documentation.endswith(".")
    assert not re.search(r"_(ms|millis)", family.name), "seconds are the unit"


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_label_can_take_a_listings_words(name: str) -> None:
    assert set(ALL[name]._labelnames) <= LABELS
