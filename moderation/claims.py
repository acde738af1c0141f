"""A worker's hold on submissions: claim, renew, give back, and sweep the lost.

Every lease carries a token that fences off a worker which lost it. Knows nothing
of models or routes.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from moderation.models import Submission
from moderation.models.clock import database_now
from moderation.models.transition import move_many
from moderation.states import SubmissionState

LEASE = timedelta(seconds=30)
# So many crashes while claimed alone, and a person takes over.
MAX_CRASHES = 3
WAS_ALONE = Case(
    When(is_suspect=True, then=Value(1)),
    default=Value(0),
    output_field=IntegerField(),
)
UNLEASED = {"lease_token": None, "lease_until": None, "leased_by": ""}


def claim(*, worker: str, limit: int) -> list[Submission]:
    """Lease up to `limit` received submissions to a worker, the most urgent first.

    Rows that were in flight when a worker died are left for claim_suspect.
    The attempt is counted before the work, so that work which kills its
    worker is noticed.
    """
    with transaction.atomic():
        rows = list(
            _locked(_waiting().filter(is_suspect=False)).order_by("priority", "id")[
                :limit
            ]
        )
        return _leased(rows, worker)


def claim_suspect(*, worker: str) -> list[Submission]:
    """Lease one submission that was in flight at a crash, to be judged alone."""
    with transaction.atomic():
        rows = list(_locked(_waiting().filter(is_suspect=True)).order_by("id")[:1])
        return _leased(rows, worker)


def has_suspects() -> bool:
    """Tell whether any submission waits to be judged alone."""
    return _waiting().filter(is_suspect=True).exists()


def renew(tokens: Collection[UUID]) -> None:
    """Prolong the leases that a worker still works under."""
    if tokens:
        Submission.objects.filter(
            lease_token__in=tokens, state=SubmissionState.ASSESSING
        ).update(lease_until=database_now() + LEASE)


def give_back(tokens: Collection[UUID], *, worker: str) -> int:
    """Return what a stopping worker will not finish; it is nobody's fault."""
    with transaction.atomic():
        rows = list(
            Submission.objects.select_for_update().filter(
                lease_token__in=tokens, state=SubmissionState.ASSESSING
            )
        )
        return move_many(
            rows,
            SubmissionState.RECEIVED,
            by=worker,
            action="give_back",
            change=UNLEASED,
        )


def lost(now: datetime, limit: int = 200) -> list[Submission]:
    """Return submissions whose worker vanished: the lease ran out, locked."""
    return list(
        _locked(
            Submission.objects.filter(
                state=SubmissionState.ASSESSING, lease_until__lte=now
            )
        )
        .select_related("merchant")
        .order_by("lease_until")[:limit]
    )


def sweep_lost(*, now: datetime | None = None) -> tuple[int, list[Submission]]:
    """Put lost submissions back in line; return how many, and those past hope.

    A row lost in company becomes a suspect and is claimed alone next time;
    only a loss while alone counts as a crash. After MAX_CRASHES it is returned
    as past hope, still leased, for the caller to hand to a person.
    """
    now = now or database_now()
    with transaction.atomic():
        rows = lost(now)
        again = [row for row in rows if row.crashes + row.is_suspect < MAX_CRASHES]
        past_hope = [row for row in rows if row not in again]
        moved = move_many(
            again,
            SubmissionState.RECEIVED,
            by="machine",
            action="sweep",
            change={
                **UNLEASED,
                # SQL reads the old values on both sides, whatever the order.
                "crashes": F("crashes") + WAS_ALONE,
                "is_suspect": True,
            },
        )
    return moved, past_hope


def _waiting() -> QuerySet[Submission]:
    now = database_now()
    return Submission.objects.filter(state=SubmissionState.RECEIVED).filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now)
    )


def _leased(rows: Sequence[Submission], worker: str) -> list[Submission]:
    """Lease locked rows under one token a claim; a row has one claim at a time."""
    if not rows:
        return []
    token = uuid4()
    until = database_now() + LEASE
    move_many(
        rows,
        SubmissionState.ASSESSING,
        by=worker,
        action="claim",
        change={
            "lease_token": token,
            "lease_until": until,
            "leased_by": worker[:100],
            "attempts": F("attempts") + 1,
            "not_before": None,
        },
    )
    return list(
        Submission.objects.filter(pk__in=[row.pk for row in rows])
        .select_related("merchant", "listing")
        .order_by("priority", "id")
    )


def _locked(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows
