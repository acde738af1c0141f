"""Curation: the proposed cases, one case's page, and what a curator does with it."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from moderation.evals.curation import (
    CurationError,
    accept_case,
    accept_cases,
    discard_case,
    edit_label,
    second_approve,
    set_split,
)
from moderation.evals.thread import threads_of_cases
from moderation.models import EvalCase
from moderation.states import CaseState
from moderation.web import evals_read as read
from moderation.web.access import actor_of, admin_only, overseer_only
from moderation.web.http import PageRequest, go, page

SAID = {
    "accept": "Accepted.",
    "discard": "Discarded.",
    "label": "The label was changed.",
    "approve": "Approved a second time.",
    "split": "Kept for that from now on.",
}


@require_safe
@overseer_only
def cases(request: PageRequest) -> HttpResponse:
    """Show the cases of one tab, filtered, a page at a time."""
    states = [state for state, _ in read.TABS]
    asked = request.GET.get("tab", "")
    tab = asked if asked in states else CaseState.PROPOSED
    filters = {name: request.GET.get(name, "") for name in ("provenance", "clause")}
    after = request.GET.get("after", "")
    rows, cursor = read.cases_page(
        state=tab, after=int(after) if read.is_key(after) else 0, **filters
    )
    counts = read.case_counts()
    context = {
        "tab": tab,
        "tabs": [(state, name, counts.get(state, 0)) for state, name in read.TABS],
        "filters": filters,
        "provenances": EvalCase.PROVENANCES,
        "rows": [(row, read.title_of(row.listing)) for row in rows],
        "cursor": cursor,
        "is_first": not after,
    }
    return page(request, "evals/cases.html", context, here="evals")


@require_POST
@admin_only
def accept(request: PageRequest) -> HttpResponse:
    """Accept the ticked cases."""
    keys = [key for key in request.POST.getlist("case") if read.is_key(key)]
    found = EvalCase.objects.filter(pk__in=keys[: read.PAGE])
    accepted = accept_cases(
        cases=found, by=actor_of(request), request_id=request.request_id
    )
    if accepted:
        words = f"Accepted {accepted} case{'' if accepted == 1 else 's'}."
        messages.success(request, words, extra_tags="ok")
    else:
        messages.warning(request, "Tick at least one case.", extra_tags="warn")
    return go(request, "cases")


@require_safe
@overseer_only
def case(request: PageRequest, pk: int) -> HttpResponse:
    """Show a case: listing, label, where it came from, what runs made of it."""
    found = EvalCase.objects.select_related(
        "merchant", "decision__moderator", "task", "curated_by", "second_approver"
    )
    return _page(request, get_object_or_404(found, pk=pk))


@require_POST
@admin_only
def curate(request: PageRequest, pk: int) -> HttpResponse:
    """Do one of the curator's verbs on a case."""
    row = get_object_or_404(EvalCase, pk=pk)
    act = request.POST.get("act", "")
    try:
        done = _act(request, row, act)
    except CurationError as error:
        messages.error(request, str(error), extra_tags="bad")
        if act == "label":
            # What was typed is not lost.
            typed = request.POST.get("label", "")
            return _page(request, row, typed=typed, status=422)
    else:
        if done:
            messages.success(request, SAID[act], extra_tags="ok")
        else:
            words = "Nothing changed: somebody was first."
            messages.warning(request, words, extra_tags="warn")
    return go(request, "case", pk)


def _act(request: PageRequest, row: EvalCase, act: str) -> bool:
    by: dict[str, Any] = {"by": actor_of(request), "request_id": request.request_id}
    note = request.POST.get("note", "").strip()
    if act == "accept":
        return accept_case(case=row, **by)
    if act == "discard":
        return discard_case(case=row, note=note, **by)
    if act == "label":
        try:
            label = json.loads(request.POST.get("label", ""))
        except (ValueError, RecursionError) as error:
            raise CurationError(f"The label is not JSON: {error}.") from error
        edit_label(case=row, label=label, note=note, **by)
    elif act == "approve":
        second_approve(case=row, **by)
    elif act == "split":
        set_split(case=row, split=request.POST.get("split", ""), **by)
    else:
        raise CurationError("Choose what to do with the case.")
    return True


def _page(
    request: PageRequest, row: EvalCase, *, typed: str = "", status: int = 200
) -> HttpResponse:
    (thread,) = threads_of_cases([row])
    expected = row.expected
    context = {
        "case": row,
        "title": read.title_of(row.listing),
        "listing": [
            (name, value) for name, value in (row.listing or {}).items() if value
        ],
        "expected": expected,
        "decision_words": read.DECISIONS.get(expected.get("decision", ""), ""),
        "thread": thread,
        "label": typed or json.dumps(expected, indent=2, ensure_ascii=False),
        "splits": EvalCase.SPLITS,
        "may_second": row.state == CaseState.ACCEPTED
        and row.second_approved_at is None
        and row.curated_by_id not in (None, request.user.pk),
    }
    return page(request, "evals/case.html", context, here="evals", status=status)
