"""The chain of the audit log: one sealer, no fork, and every change noticed."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.utils import timezone

from moderation import ledger, upkeep
from moderation.ledger import HEAD, Broken, ChainBrokenError, Head
from moderation.models import AuditEvent, Heartbeat
from tests.builders import at_once


def events(number: int, **fields: Any) -> list[AuditEvent]:
    """Write so many rows, as verbs do."""
    return AuditEvent.objects.bulk_create(
        AuditEvent(
            **{
                "actor": "person:mara",
                "action": "claim",
                "subject_type": "ReviewTask",
                "subject_id": f"TSK-{n:012d}",
                "data": {"n": n, "share": 0.1, "words": "für €"},
                "reason": "because",
                "request_id": "req_1",
                **fields,
            }
        )
        for n in range(number)
    )


def found() -> Broken | None:
    """Return the first thing that is wrong, as the command finds it."""
    head, broken = ledger.kept_head()
    return ledger.walk(head).broken or broken


def row(sequence: int) -> Any:
    """Return one sealed row, to tamper with."""
    return AuditEvent.objects.filter(sequence=sequence)


@pytest.mark.django_db
class TestSealing:
    """What a seal is, and when a row gets one."""

    def test_rows_are_chained_in_the_order_they_came(self) -> None:
        made = events(450)
        assert ledger.seal() == 450
        rows = list(AuditEvent.objects.order_by("sequence"))
        assert [r.sequence for r in rows] == list(range(1, 451))
        assert [r.pk for r in rows] == [m.pk for m in made]
        assert rows[0].previous_sha256 == ledger.START
        for before, after in zip(rows, rows[1:], strict=False):
            assert after.previous_sha256 == before.sha256
        head, broken = ledger.kept_head()
        assert (head, broken) == (Head(450, rows[-1].sha256), None)
        assert found() is None

    def test_sealing_goes_on_where_it_ended(self) -> None:
        for number in (3, 0, 2):
            events(number)
            assert ledger.seal() == number
        assert AuditEvent.objects.filter(sequence=5).exists()
        assert found() is None

    def test_what_is_not_committed_is_not_sealed(self) -> None:
        with transaction.atomic():
            events(2)
            transaction.set_rollback(True)
        assert ledger.seal() == 0
        assert found() is None

    def test_a_batch_that_is_cut_short_leaves_nothing_half_done(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events(250)

        def cut(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(ledger, "_keep", cut)
            with pytest.raises(KeyboardInterrupt):
                ledger.seal()
        assert not AuditEvent.objects.filter(sequence__isnull=False).exists()
        assert ledger.seal() == 250
        assert found() is None

    def test_rows_without_a_seal_for_long_are_told(self) -> None:
        now = timezone.now()
        assert not ledger.waiting().is_long(now)
        events(2, at=now - timedelta(seconds=61))
        waits = ledger.waiting()
        assert (waits.count, waits.is_long(now)) == (2, True)
        assert upkeep.seal() == 2
        assert ledger.waiting() == ledger.Waiting(0, None)


def edit(**fields: Any) -> Callable[[], None]:
    """Return a way to change the fifth row."""

    def tamper() -> None:
        row(5).update(**fields)

    return tamper


def delete() -> None:
    row(5).delete()


def swap() -> None:
    row(5).update(sequence=99)
    row(6).update(sequence=5)
    row(99).update(sequence=6)


def put_in() -> None:
    """Put a row in the place of another, with a hash of its own."""
    old = row(5).get()
    old.delete()
    new = AuditEvent(
        actor="person:eve", action="claim", subject_type="ReviewTask", subject_id="x"
    )
    new.save()
    facts = AuditEvent.objects.filter(pk=new.pk).values_list(*ledger.FACTS).get()
    digest = ledger.hash_of(facts, 5, "f" * 64)
    AuditEvent.objects.filter(pk=new.pk).update(
        sequence=5, previous_sha256="f" * 64, sha256=digest
    )


def cut_off() -> None:
    AuditEvent.objects.filter(sequence__gte=8).delete()


def cut_off_with_the_head_turned_back() -> None:
    cut_off()
    detail = {"sequence": 7, "sha256": row(7).get().sha256, "signature": "0" * 64}
    Heartbeat.objects.filter(name=HEAD).update(detail=detail)


def write_again() -> None:
    """Change a row and compute every hash after it again, as one without the key."""
    row(5).update(reason="another")
    previous = row(4).get().sha256
    for sequence in range(5, 11):
        facts = row(sequence).values_list(*ledger.FACTS).get()
        digest = ledger.hash_of(facts, sequence, previous)
        row(sequence).update(previous_sha256=previous, sha256=digest)
        previous = digest


def forget_the_head() -> None:
    Heartbeat.objects.filter(name=HEAD).delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tamper", "kind", "sequence"),
    [
        (edit(reason="another"), "edited", 5),
        (edit(actor="person:eve"), "edited", 5),
        (edit(data={"n": 5}), "edited", 5),
        (edit(at=timezone.now()), "edited", 5),
        (edit(to_state="open"), "edited", 5),
        (delete, "deleted", 5),
        (swap, "edited", 5),
        (put_in, "inserted", 5),
        (cut_off, "truncated", 8),
        (cut_off_with_the_head_turned_back, "signature", None),
        (write_again, "rewritten", 10),
        (forget_the_head, "no_head", None),
    ],
)
def test_whatever_is_done_to_a_sealed_row_is_noticed(
    tamper: Callable[[], None], kind: str, sequence: int | None
) -> None:
    events(10)
    ledger.seal()
    tamper()
    broken = found()
    assert broken
    assert (broken.kind, broken.sequence) == (kind, sequence)


@pytest.mark.django_db
def test_a_head_noted_elsewhere_shows_a_return_to_an_older_state() -> None:
    events(6)
    ledger.seal()
    older = Heartbeat.objects.get(name=HEAD).detail
    events(4)
    ledger.seal()
    noted, _ = ledger.kept_head()
    cut = AuditEvent.objects.filter(sequence__gt=6)
    cut.delete()
    Heartbeat.objects.filter(name=HEAD).update(detail=older)
    assert found() is None
    head, _ = ledger.kept_head()
    broken = ledger.walk(head, expect=noted).broken
    assert broken
    assert broken.kind == "truncated"
    wrong = Head(4, "0" * 64)
    assert ledger.walk(head, expect=wrong).broken.kind == "rewritten"  # type: ignore[union-attr]


@pytest.mark.django_db
def test_nothing_is_sealed_over_a_broken_head() -> None:
    events(3)
    ledger.seal()
    forget_the_head()
    events(2)
    with pytest.raises(ChainBrokenError):
        ledger.seal()
    assert upkeep.seal() == 0
    assert ledger.waiting().count == 2


@pytest.mark.django_db
def test_a_new_key_is_told_and_signed_with_by_order_alone(
    settings: LazySettings,
) -> None:
    events(3)
    ledger.seal()
    settings.SECRET_KEY = "another" * 12
    broken = found()
    assert broken
    assert broken.kind == "signature"
    events(1)
    assert upkeep.seal() == 0
    ledger.sign_again()
    assert found() is None
    assert upkeep.seal() == 1


@pytest.mark.django_db
def test_the_newest_rows_alone_can_be_walked() -> None:
    events(10)
    ledger.seal()
    head, _ = ledger.kept_head()
    walked = ledger.walk(head, after=6)
    assert (walked.rows, walked.broken) == (4, None)
    row(9).update(reason="another")
    assert ledger.walk(head, after=6).broken
    row(3).update(reason="another")
    assert ledger.walk(head, after=9).broken is None


@pytest.mark.django_db(transaction=True)
def test_sealers_at_once_never_fork_the_chain() -> None:
    events(1000)

    def sealing() -> int:
        done = 0
        for _ in range(4):
            done += ledger.seal()
        return done

    def writing() -> int:
        for _ in range(20):
            events(10)
        return 0

    sealed = sum(at_once([sealing, sealing, sealing, writing]))
    sealed += ledger.seal()
    assert sealed == AuditEvent.objects.count() == 1200
    sequences = AuditEvent.objects.order_by("sequence").values_list(
        "sequence", flat=True
    )
    assert list(sequences) == list(range(1, 1201))
    assert found() is None


@pytest.mark.django_db(transaction=True)
def test_sealing_keeps_up_with_a_thousand_rows_a_second() -> None:
    events(4000)
    began = time.monotonic()
    sealed = 0
    while sealed < 4000:
        sealed += ledger.seal()
    took = time.monotonic() - began
    # At least twice the rate at which rows may come, on a busy machine too.
    assert 4000 / took > 2000, f"{4000 / took:.0f} rows a second"
    assert connection.vendor in ("sqlite", "postgresql")
