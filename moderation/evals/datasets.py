"""Frozen dataset versions: cases copied, hashed and never changed again.

Decides which cases a version takes; refuses to change one that is frozen, and to
run over one whose hash no longer fits.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction
from django.db.models import Max

from moderation.access.actor import Actor
from moderation.content import sha256_of
from moderation.evals.cases import Case, Dataset, case_of
from moderation.evals.curation import accept_cases
from moderation.models import EvalCase, EvalDataset, EvalDatasetCase
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.states import CaseState, DatasetState

Source = Literal["corrections", "decisions", "spot_checks", "all"]
SOURCES: dict[str, tuple[str, ...]] = {
    "corrections": ("correction",),
    "decisions": ("decision",),
    "spot_checks": ("spot_check",),
    "all": ("correction", "decision", "spot_check", "failure"),
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_TRIES = 5
MOST_DIGITS = 9


class DatasetRefusedError(ValueError):
    """The dataset cannot be frozen, found or used; the message says why."""


class DatasetChangedError(DatasetRefusedError):
    """What was frozen no longer reads as it did: it proves nothing any more."""


def freeze_dataset(
    *,
    name: str,
    source: str,
    by: Actor,
    accept_proposed: bool = False,
    note: str = "",
    now: datetime | None = None,
) -> EvalDataset:
    """Freeze the accepted cases of a source as the next version of a name.

    Args:
        name: letters, digits, dots, dashes and underscores.
        source: corrections, decisions, spot_checks or all of them.
        by: who freezes, and accepts.
        accept_proposed: accept what is still proposed in the source first.
        note: why, for the dataset's page.

    Raises:
        DatasetRefusedError: a bad name or source, or there are no cases.
    """
    _check_name(name)
    if source not in SOURCES:
        raise DatasetRefusedError(f"Take cases from one of {', '.join(SOURCES)}.")
    wanted = EvalCase.objects.filter(
        provenance__in=SOURCES[source], listing__isnull=False
    ).order_by("id")
    with transaction.atomic():
        if accept_proposed:
            accept_cases(cases=wanted.filter(state=CaseState.PROPOSED), by=by)
        cases = list(wanted.filter(state=CaseState.ACCEPTED))
        if not cases:
            proposed = wanted.filter(state=CaseState.PROPOSED).count()
            hint = f" {proposed} are proposed: accept them first." if proposed else ""
            raise DatasetRefusedError(f"There are no accepted cases to freeze.{hint}")
        return _frozen(name, cases, by, note, now or database_now())


def store_dataset_file(
    dataset: Dataset, *, by: Actor, now: datetime | None = None
) -> EvalDataset:
    """Return the frozen dataset that a labelled file is, stored when it is new.

    The same cases under the same name are the same version, whatever the file's
    spaces. The cases stand in the file's order.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset.name).strip("-._")[:60] or "file"
    references = [file_reference(case) for case in dataset.cases]
    with transaction.atomic():
        stored = EvalCase.objects.in_bulk(references, field_name="reference")
        now = now or database_now()
        missing = [
            _file_case(case, reference, by, now)
            for case, reference in zip(dataset.cases, references, strict=True)
            if reference not in stored
        ]
        EvalCase.objects.bulk_create(missing, ignore_conflicts=True, batch_size=500)
        stored = EvalCase.objects.in_bulk(references, field_name="reference")
        cases = [stored[reference] for reference in references]
        entries = _entries(cases)
        known = EvalDataset.objects.filter(
            name=name, sha256=_whole(entries), state=DatasetState.FROZEN
        ).first()
        return known or _frozen(name, cases, by, "From a labelled file.", now)


def file_reference(case: Case) -> str:
    """Return under which reference a file's case is stored: its content and id."""
    content = sha256_of([case.id, case.listing, case.label])
    return f"{content[:16]}:{case.id}"[:80]


def find_dataset(text: str) -> EvalDataset:
    """Return the dataset of NAME, its newest frozen version, or of NAME@VERSION.

    Raises:
        DatasetRefusedError: there is none.
    """
    name, _, version = text.partition("@")
    found = EvalDataset.objects.filter(name=name, state=DatasetState.FROZEN)
    if version:
        is_number = version.isdecimal() and len(version) <= MOST_DIGITS
        found = found.filter(version=int(version) if is_number else 0)
    dataset = found.order_by("-version").first()
    if dataset is None:
        raise DatasetRefusedError(f"There is no dataset {text}.")
    return dataset


def cases_of(dataset: EvalDataset) -> list[tuple[int, Case]]:
    """Return the key and the labelled case of each entry, in their order."""
    rows = EvalDatasetCase.objects.filter(dataset=dataset).select_related("case")
    return [(row.pk, as_case(row)) for row in rows.order_by("position")]


def as_case(row: EvalDatasetCase) -> Case:
    """Return an entry as a labelled case; its id is the entry's key."""
    case = row.case
    data = {
        "id": str(row.pk),
        "listing": row.listing or {},
        "expected": row.expected,
        "origin": case.origin,
        "difficulty": case.difficulty,
        "language": case.language,
        "rationale": case.rationale,
        "tags": case.tags,
    }
    return case_of(data, case.reference)


def verify_dataset(dataset: EvalDataset) -> None:
    """Check that a frozen dataset still reads as when it was frozen.

    Raises:
        DatasetChangedError: naming the first entry that does not.
        DatasetRefusedError: it is not frozen.
    """
    if dataset.state == DatasetState.DRAFT:
        raise DatasetRefusedError(f"{dataset} is not frozen.")
    rows = EvalDatasetCase.objects.filter(dataset=dataset).order_by("position")
    hashes = []
    for row in rows.select_related("case").only(
        "listing", "expected", "sha256", "case__reference"
    ):
        found = entry_sha256(row.case.reference, row.listing, row.expected)
        if found != row.sha256:
            raise DatasetChangedError(
                f"{dataset} has changed since it was frozen: {row.case.reference}."
            )
        hashes.append(found)
    if _whole(hashes) != dataset.sha256:
        raise DatasetChangedError(f"{dataset} has lost or gained cases since frozen.")


def entry_sha256(reference: str, listing: object, expected: object) -> str:
    """Return the hash of one entry: what is judged, and what is expected."""
    return sha256_of({"reference": reference, "listing": listing, "expected": expected})


def _frozen(
    name: str, cases: Sequence[EvalCase], by: Actor, note: str, now: datetime
) -> EvalDataset:
    """Store the next version of a name; another's at the same moment comes first."""
    entries = _entries(cases)
    dataset = _next_version(name, note, now)
    EvalDatasetCase.objects.bulk_create(
        (
            EvalDatasetCase(
                dataset=dataset,
                case=case,
                position=position,
                listing=case.listing,
                expected=case.expected,
                sha256=sha256,
            )
            for position, (case, sha256) in enumerate(zip(cases, entries, strict=True))
        ),
        batch_size=500,
    )
    move(
        dataset,
        DatasetState.FROZEN,
        by=by.label,
        action="freeze",
        change={
            "sha256": _whole(entries),
            "frozen_at": now,
            "frozen_by": by.label[:200],
        },
        reason=note,
        data={"name": name, "version": dataset.version, "cases": len(cases)},
    )
    return dataset


def _next_version(name: str, note: str, now: datetime) -> EvalDataset:
    for _ in range(_TRIES):
        found = EvalDataset.objects.filter(name=name)
        last = found.aggregate(last=Max("version"))["last"] or 0
        try:
            with transaction.atomic():
                return EvalDataset.objects.create(
                    name=name, version=last + 1, note=note[:500], created_at=now
                )
        except IntegrityError:
            continue
    raise DatasetRefusedError(f"{name} is being frozen elsewhere; try again.")


def _file_case(case: Case, reference: str, by: Actor, now: datetime) -> EvalCase:
    return EvalCase(
        reference=reference,
        listing=dict(case.listing),
        expected=dict(case.label),
        rationale=case.rationale,
        difficulty=case.difficulty[:20],
        origin=case.origin[:20],
        tags=list(case.tags),
        language=case.language[:35],
        state=CaseState.ACCEPTED,
        provenance="shipped",
        proposed_at=now,
        curated_by=by.user,
        curated_at=now,
    )


def _entries(cases: Sequence[EvalCase]) -> list[str]:
    return [entry_sha256(c.reference, c.listing, c.expected) for c in cases]


def _whole(entries: Sequence[str]) -> str:
    return sha256_of(list(entries))


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise DatasetRefusedError(
            "A name has letters, digits, dots, dashes and underscores, up to 60."
        )
