"""What the pages of datasets and cases show, read from stored rows."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, QuerySet

from moderation.models import (
    EvalCase,
    EvalDataset,
    EvalDatasetCase,
    EvalRun,
)
from moderation.states import CaseState, DatasetState, RunState

PAGE = 40
# A longer number is the key of no row, and some databases refuse it.
MOST_KEY_DIGITS = 19
TABS = (
    (CaseState.PROPOSED, "Proposed"),
    (CaseState.ACCEPTED, "Accepted"),
    (CaseState.DISCARDED, "Discarded"),
)
DECISIONS = {
    "approve": "approve",
    "approve_with_fixes": "approve with fixes",
    "reject": "reject",
}


def title_of(listing: Mapping[str, Any] | None) -> str:
    """Return a case's title for a list; an erased listing says so."""
    if listing is None:
        return "Erased listing"
    return str(listing.get("title") or "").strip() or "Listing without a title"


def run_words(run: EvalRun) -> str:
    """Return the run's verdict, which is its page's title."""
    name = run.pipeline.name
    if run.state == RunState.FAILED:
        return f"{name} could not be run"
    if run.finalized_at is None:
        return f"{name} is being run"
    return f"{name} {'passes' if run.gate_passed else 'fails'} the gate"


def cases_page(
    *, state: str, provenance: str = "", clause: str = "", after: int = 0
) -> tuple[list[EvalCase], int]:
    """Return a page of cases, newest first, and the next cursor (0: none)."""
    found = filtered_cases(state=state, provenance=provenance, clause=clause)
    if after:
        found = found.filter(pk__lt=after)
    rows = list(
        found.select_related("merchant", "decision__moderator").order_by("-id")[
            : PAGE + 1
        ]
    )
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else 0


def filtered_cases(
    *, state: str, provenance: str = "", clause: str = ""
) -> QuerySet[EvalCase]:
    """Return the cases of a tab that the filters leave."""
    found = EvalCase.objects.filter(state=state)
    if provenance:
        found = found.filter(provenance=provenance)
    if clause:
        # Codes are quoted in the stored list, so P-10 never finds P-101.
        found = found.filter(expected__policy_codes__icontains=f'"{clause}"')
    return found


def is_key(text: str) -> bool:
    """Tell whether a query string's text can be the key of a row."""
    return text.isdecimal() and len(text) < MOST_KEY_DIGITS


def case_counts() -> dict[str, int]:
    """Return how many cases each tab has."""
    rows = EvalCase.objects.values_list("state").annotate(n=Count("id"))
    return dict(rows.order_by())


def proposed_by_provenance() -> dict[str, int]:
    """Return how many proposed cases each kind has."""
    rows = EvalCase.objects.filter(state=CaseState.PROPOSED).values_list("provenance")
    return dict(rows.annotate(n=Count("id")).order_by())


def datasets() -> QuerySet[EvalDataset]:
    """Return the frozen dataset versions, newest first, with their sizes."""
    return (
        EvalDataset.objects.filter(state=DatasetState.FROZEN)
        .annotate(size=Count("evaldatasetcase", distinct=True))
        .order_by("-id")
    )


def recent_runs(limit: int = 20) -> QuerySet[EvalRun]:
    """Return the newest runs with how many results and dollars they have."""
    return EvalRun.objects.select_related("pipeline", "dataset").order_by("-id")[:limit]


def composition(dataset: EvalDataset) -> dict[str, list[tuple[str, int]]]:
    """Return what a dataset is made of: by decision, provenance, clause, language."""
    tally: dict[str, dict[str, int]] = {
        name: {} for name in ("decision", "provenance", "clause", "language")
    }
    rows = EvalDatasetCase.objects.filter(dataset=dataset).values_list(
        "expected", "case__provenance", "case__language"
    )
    provenances = dict(EvalCase.PROVENANCES)
    for expected, provenance, language in rows.iterator(chunk_size=1000):
        parts = [
            ("decision", DECISIONS[expected["decision"]]),
            ("provenance", provenances.get(provenance, provenance)),
            ("language", language or "not said"),
            *(("clause", code) for code in expected.get("policy_codes", ())),
        ]
        for name, value in parts:
            tally[name][value] = tally[name].get(value, 0) + 1
    return {
        name: sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        for name, counts in tally.items()
    }
