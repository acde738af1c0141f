"""Counters that are read from the record instead of being kept by processes.

What is stored in a row is counted from the rows, so that every process tells the
same, a restart loses nothing, and no code has to remember to count. Each scrape adds
only what is new since the last one. Decides names, labels and buckets.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    Model,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from moderation.models import (
    Assessment,
    Decision,
    DeliveryAttempt,
    ModelCall,
    RolloutStep,
    Submission,
)
from moderation.states import RolloutState

# Rows younger than this are left for the next scrape: one that was numbered earlier
# may still be uncommitted. A transaction that takes longer is missed; none should.
SETTLED = dt.timedelta(seconds=10)
LATENCY_BUCKETS_MS = (5, 50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
Key = tuple[str, ...]


@dataclass
class Tally:
    """What one table's rows add up to, and up to which row."""

    model: type[Model]
    time_field: str
    read: Callable[["QuerySet[Any]"], Counter[Key]]
    counted_to: int = 0
    totals: Counter[Key] = field(default_factory=Counter)

    def bring_up(self, now: dt.datetime) -> Counter[Key]:
        """Add the rows that have settled since the last time; return the totals."""
        rows = self.model._default_manager.filter(pk__gt=self.counted_to)
        settled = {f"{self.time_field}__lt": now - SETTLED}
        last = rows.filter(**settled).order_by("-pk").values_list("pk", flat=True)
        upto = last.first()
        if upto is not None:
            self.totals.update(self.read(rows.filter(pk__lte=upto)))
            self.counted_to = upto
        return self.totals


def _submissions(rows: "QuerySet[Any]") -> Counter[Key]:
    found = rows.values_list("source").annotate(n=Count("pk"))
    return Counter({(source,): n for source, n in found})


OUTCOME = Case(
    When(
        Q(failure__isnull=False) | Q(fallback_because__isnull=False),
        then=Value("failure"),
    ),
    When(reused_from__isnull=False, then=Value("reused")),
    default=F("route"),
    output_field=CharField(),
)


def _assessments(rows: "QuerySet[Any]") -> Counter[Key]:
    kind = Coalesce("failure", "fallback_because")
    found = rows.values_list("role", OUTCOME, kind).annotate(n=Count("pk"))
    return Counter({(role, out, kind or ""): n for role, out, kind, n in found})


def _decisions(rows: "QuerySet[Any]") -> Counter[Key]:
    found = rows.values_list("outcome", "decided_by").annotate(n=Count("pk"))
    return Counter({(outcome, by): n for outcome, by, n in found})


def _deliveries(rows: "QuerySet[Any]") -> Counter[Key]:
    is_sent = Case(
        When(status__gte=200, status__lt=300, then=Value("sent")),
        default=Value("failed"),
        output_field=CharField(),
    )
    found = rows.values_list("delivery__channel", is_sent).annotate(n=Count("pk"))
    return Counter({(channel, result): n for channel, result, n in found})


def _halts(rows: "QuerySet[Any]") -> Counter[Key]:
    halted = rows.filter(to_state=RolloutState.HALTED)
    by = Case(
        When(by_label__startswith="machine", then=Value("machine")),
        default=Value("person"),
        output_field=CharField(),
    )
    return Counter(
        {(who,): n for who, n in halted.values_list(by).annotate(n=Count("pk"))}
    )


def _calls(rows: "QuerySet[Any]") -> Counter[Key]:
    sums = {
        name: Sum(f"{name}_tokens", default=0) for name in ("input", "cached", "output")
    }
    within = {
        f"le_{limit}": Count("pk", filter=Q(latency_ms__lte=limit))
        for limit in LATENCY_BUCKETS_MS
    }
    totals: Counter[Key] = Counter()
    for row in rows.values("provider", "failure").annotate(
        n=Count("pk"),
        cost=Sum("cost_microusd", default=0),
        elapsed=Sum("latency_ms", default=0),
        **sums,
        **within,
    ):
        provider = row["provider"]
        totals["calls", provider, row["failure"] or "ok"] += row["n"]
        for name in ("cost", "elapsed", *sums, *within):
            totals[name, provider] += row[name]
    return totals


class Counts:
    """Every counter that the record tells; one object a process."""

    def __init__(self) -> None:
        """Count nothing yet: the first scrape reads the whole record once."""
        self._guard = threading.Lock()
        self._submissions = Tally(Submission, "received_at", _submissions)
        self._assessments = Tally(Assessment, "created_at", _assessments)
        self._calls = Tally(ModelCall, "started_at", _calls)
        self._decisions = Tally(Decision, "decided_at", _decisions)
        self._deliveries = Tally(DeliveryAttempt, "at", _deliveries)
        self._halts = Tally(RolloutStep, "at", _halts)

    def collect(self, now: dt.datetime) -> list[Metric]:
        """Return every counter as of now, less what has not settled."""
        with self._guard:
            return [*self._plain(now), *self._assessed(now), *self._called(now)]

    def _plain(self, now: dt.datetime) -> Iterator[Metric]:
        yield _counter(
            "reviewhub_submissions_received",
            "Listings taken in and stored, by door.",
            ["source"],
            self._submissions.bring_up(now),
        )
        yield _counter(
            "reviewhub_decisions",
            "Decisions, by outcome and by who decided (machine, person).",
            ["outcome", "by"],
            self._decisions.bring_up(now),
        )
        yield _counter(
            "reviewhub_deliveries",
            "Tries to deliver, by channel and result (sent, failed).",
            ["channel", "result"],
            self._deliveries.bring_up(now),
        )
        yield _counter(
            "reviewhub_rollout_halts",
            "Rollouts stopped, by who (machine, person).",
            ["by"],
            self._halts.bring_up(now),
        )

    def _assessed(self, now: dt.datetime) -> Iterator[Metric]:
        totals = self._assessments.bring_up(now)
        outcomes: Counter[Key] = Counter()
        kinds: Counter[Key] = Counter()
        for (role, outcome, kind), n in totals.items():
            outcomes[role, outcome] += n
            if kind and role == "serving":
                kinds[(kind,)] += n
        yield _counter(
            "reviewhub_assessed",
            "Assessments, by role and outcome (auto_approve, review, failure, reused).",
            ["role", "outcome"],
            outcomes,
        )
        yield _counter(
            "reviewhub_failures",
            "Serving assessments that ended without a verdict, by failure kind.",
            ["kind"],
            kinds,
        )

    def _called(self, now: dt.datetime) -> Iterator[Metric]:
        totals = self._calls.bring_up(now)
        calls = Counter({key[1:]: n for key, n in totals.items() if key[0] == "calls"})
        yield _counter(
            "reviewhub_model_calls",
            "Calls to model providers, by how they ended (ok or a failure kind).",
            ["provider", "result"],
            calls,
        )
        directions = ("input", "cached", "output")
        yield _counter(
            "reviewhub_model_tokens",
            "Tokens paid for, by direction (input, cached, output).",
            ["direction", "provider"],
            Counter({key: n for key, n in totals.items() if key[0] in directions}),
        )
        yield _counter(
            "reviewhub_model_cost_microusd",
            "Money spent on model calls, in millionths of a US dollar.",
            ["provider"],
            Counter({key[1:]: n for key, n in totals.items() if key[0] == "cost"}),
        )
        yield _latency(calls, totals)


def _counter(
    name: str, words: str, labels: Sequence[str], totals: Counter[Key]
) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for key, n in sorted(totals.items()):
        family.add_metric(key, n)
    return family


def _latency(calls: Counter[Key], totals: Counter[Key]) -> Metric:
    family = HistogramMetricFamily(
        "reviewhub_model_call_seconds",
        "Latency of one call to a model provider.",
        labels=["provider"],
    )
    for provider in sorted({key[0] for key in calls}):
        whole = sum(n for key, n in calls.items() if key[0] == provider)
        buckets = [
            (str(limit / 1000), float(totals[f"le_{limit}", provider]))
            for limit in LATENCY_BUCKETS_MS
        ]
        family.add_metric(
            [provider],
            [*buckets, ("+Inf", float(whole))],
            sum_value=totals["elapsed", provider] / 1000,
        )
    return family
