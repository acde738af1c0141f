"""The audit log as a chain: each row sealed by the hash of the one before it.

One sealer at a time numbers committed rows, in small transactions of its own, never
inside a decision's. The head of the chain (how many rows, the last hash) is kept
apart and signed with SECRET_KEY, so that a cut tail and a recomputed chain show.

What cannot be noticed: rows removed before they were sealed (about a second), a whole
log removed together with its head, and a return to an older state of both, unless a
head was noted elsewhere (`verify_audit --expect`).
"""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils.crypto import salted_hmac

from moderation.models import AuditEvent, Heartbeat
from moderation.models.clock import database_now

log = structlog.get_logger(__name__)

HEAD = "audit chain"
START = "0" * 64
# Small, so that a writer of a one-writer database waits milliseconds.
BATCH, BREATH_S, RUN_S = 200, 0.003, 1.0
# From this age on, rows without a seal are worth a word.
LONG = timedelta(seconds=60)
FACTS = (
    *("id", "at", "actor", "action", "subject_type", "subject_id"),
    *("from_state", "to_state", "reason", "data", "content_hmac", "request_id"),
)
_SEAL = (
    "UPDATE moderation_auditevent SET sequence = %s, previous_sha256 = %s, sha256 = %s"
    " WHERE id = %s AND sequence IS NULL"
)


class ChainBrokenError(Exception):
    """The chain cannot be gone on with: its head is missing or not our own."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far the chain goes: the number and the hash of its last row."""

    sequence: int = 0
    sha256: str = START

    def signature(self) -> str:
        """Return the proof that this installation wrote it."""
        text = f"{self.sequence}:{self.sha256}"
        return salted_hmac("moderation.ledger", text, algorithm="sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing that is wrong, in a word and a sentence."""

    kind: str
    sentence: str
    sequence: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk along the chain found."""

    rows: int
    head: Head
    broken: Broken | None


def hash_of(facts: tuple[Any, ...], sequence: int, previous: str) -> str:
    """Return the hash of one row: its facts, its place, the hash before it."""
    named = dict(zip(FACTS, facts, strict=True))
    named["at"] = named["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(
        {**named, "sequence": sequence, "previous_sha256": previous},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return sha256(text.encode()).hexdigest()


def seal(*, now: Callable[[], float] = time.monotonic) -> int:
    """Seal what was committed since; return how many rows.

    Goes on for RUN_S seconds at most. Returns 0 while another process seals: two
    never chain at once, and a killed one leaves only what it had committed.

    Raises:
        ChainBrokenError: nothing is sealed until verify_audit has been looked at.
    """
    began, sealed = now(), 0
    if not AuditEvent.objects.filter(sequence__isnull=True).exists():
        return 0
    while True:
        some = _seal_some()
        sealed += some
        if some < BATCH or now() - began >= RUN_S:
            return sealed
        time.sleep(BREATH_S)


def _seal_some() -> int:
    with transaction.atomic():
        row = _locked_head()
        if row is None:
            return 0
        head = head_of(row)
        waiting = AuditEvent.objects.filter(sequence__isnull=True).order_by("id")
        sealed: list[tuple[int, str, str, int]] = []
        sequence, previous = head.sequence, head.sha256
        for facts in waiting.values_list(*FACTS)[:BATCH]:
            sequence += 1
            digest = hash_of(facts, sequence, previous)
            sealed.append((sequence, previous, digest, facts[0]))
            previous = digest
        if not sealed:
            return 0
        with connection.cursor() as cursor:
            cursor.executemany(_SEAL, sealed)
        _keep(row, Head(sequence, previous))
    return len(sealed)


def _locked_head() -> Heartbeat | None:
    """Return the head's row, ours until the transaction ends; None while another's."""
    rows = Heartbeat.objects.filter(name=HEAD)
    if connection.features.has_select_for_update_skip_locked:
        found = rows.select_for_update(skip_locked=True).first()
    else:
        found = rows.first()
    if found is not None:
        return found
    if rows.exists():
        return None
    if AuditEvent.objects.filter(sequence__isnull=False).exists():
        raise ChainBrokenError("Rows are sealed, and the head of the chain is gone.")
    made, is_new = Heartbeat.objects.get_or_create(
        name=HEAD, defaults={"kind": "ledger", "detail": _detail(Head())}
    )
    return made if is_new else None


def head_of(row: Heartbeat) -> Head:
    """Return the head that a row keeps.

    Raises:
        ChainBrokenError: it is not signed by this installation's key.
    """
    head = _unsigned(row)
    detail = row.detail if isinstance(row.detail, dict) else {}
    given = str(detail.get("signature", "")).encode()
    if not hmac.compare_digest(head.signature().encode(), given):
        raise ChainBrokenError("The head of the chain is not signed with our key.")
    return head


def _unsigned(row: Heartbeat) -> Head:
    detail = row.detail if isinstance(row.detail, dict) else {}
    sequence = detail.get("sequence", 0)
    number = sequence if isinstance(sequence, int) and sequence >= 0 else 0
    return Head(number, str(detail.get("sha256", "")))


def _detail(head: Head) -> dict[str, Any]:
    return {
        "sequence": head.sequence,
        "sha256": head.sha256,
        "signature": head.signature(),
    }


def _keep(row: Heartbeat, head: Head) -> None:
    row.detail, row.at = _detail(head), database_now()
    row.save(update_fields=["detail", "at"])


def kept_head() -> tuple[Head, Broken | None]:
    """Return the head as it is kept, and what is wrong with it alone."""
    row = Heartbeat.objects.filter(name=HEAD).first()
    if row is None:
        is_sealed = AuditEvent.objects.filter(sequence__isnull=False).exists()
        sentence = "Rows are sealed, and the head of the chain is gone."
        return Head(), Broken("no_head", sentence) if is_sealed else None
    try:
        return head_of(row), None
    except ChainBrokenError:
        sentence = (
            "The head of the chain is not signed with this installation's SECRET_KEY: "
            "the key was changed, or somebody without it wrote the head."
        )
        return _unsigned(row), Broken("signature", sentence)


def walk(
    head: Head,
    *,
    after: int = 0,
    expect: Head | None = None,
    seen: Callable[[], object] = lambda: None,
) -> Walked:
    """Follow the chain row by row, in constant memory, to the first broken row.

    Args:
        head: as it was kept before the walk; rows sealed since are followed too.
        after: begin behind this place, taking the row there on trust.
        expect: a head noted earlier that the chain must still hold.
        seen: called once a row, for a progress bar.
    """
    here = Head(after, _hash_at(after)) if after else Head()
    rows = 0
    for facts, sequence, previous, digest in _sealed(after):
        seen()
        broken = _wrong(facts, sequence, previous, digest, here)
        here = Head(sequence, digest)
        broken = broken or next(
            (
                _not_the_head(noted, here, facts[0])
                for noted in (head, expect)
                if noted and noted.sequence == sequence and noted.sha256 != digest
            ),
            None,
        )
        if broken:
            return Walked(rows, here, broken)
        rows += 1
    most = max(head.sequence, expect.sequence if expect else 0)
    if here.sequence < most:
        sentence = (
            f"The chain ends at row {here.sequence:,}, and {most:,} were sealed: the "
            f"last {most - here.sequence:,} are gone."
        )
        return Walked(rows, here, Broken("truncated", sentence, here.sequence + 1))
    return Walked(rows, here, None)


def _sealed(after: int) -> Iterator[tuple[tuple[Any, ...], int, str, str]]:
    rows = AuditEvent.objects.filter(sequence__gt=after).order_by("sequence")
    chosen = rows.values_list(*FACTS, "sequence", "previous_sha256", "sha256")
    for row in chosen.iterator(chunk_size=1000):
        yield row[:-3], row[-3], row[-2], row[-1]


def _hash_at(sequence: int) -> str:
    row = AuditEvent.objects.filter(sequence=sequence).first()
    return row.sha256 if row else START


def _wrong(
    facts: tuple[Any, ...], sequence: int, previous: str, digest: str, before: Head
) -> Broken | None:
    row = facts[0]
    if sequence != before.sequence + 1:
        missing = before.sequence + 1
        sentence = f"Row {missing:,} is missing: {sequence:,} follows what came before."
        return Broken("deleted", sentence, missing, row)
    if hash_of(facts, sequence, previous) != digest:
        sentence = f"Row {sequence:,} (id {row}) was edited or moved after its seal."
        return Broken("edited", sentence, sequence, row)
    if previous != before.sha256:
        sentence = (
            f"Row {sequence:,} (id {row}) does not continue the row before it: one of "
            "them was put in or replaced."
        )
        return Broken("inserted", sentence, sequence, row)
    return None


def _not_the_head(noted: Head, here: Head, row: int) -> Broken:
    sentence = (
        f"Row {here.sequence:,} (id {row}) is not the one whose hash was noted: the "
        "chain was written again."
    )
    return Broken("rewritten", sentence, noted.sequence, row)


def sign_again() -> Head:
    """Sign the head with the present key, after a walk that found nothing else."""
    with transaction.atomic():
        row = Heartbeat.objects.select_for_update().get(name=HEAD)
        head = _unsigned(row)
        _keep(row, head)
    return head


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many rows have no seal yet, and since when the oldest has none."""

    count: int
    oldest: datetime | None

    def is_long(self, now: datetime) -> bool:
        """Return whether the sealer has fallen behind, or stands still."""
        return self.oldest is not None and now - self.oldest > LONG


def waiting() -> Waiting:
    """Return what waits for its seal, through the index of such rows."""
    found = AuditEvent.objects.filter(sequence__isnull=True).aggregate(
        n=Count("id"), oldest=Min("at")
    )
    return Waiting(found["n"], found["oldest"])
