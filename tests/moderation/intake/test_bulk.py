"""Bulk intake: every row kept, the bad ones named, none holds up the others."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db.utils import IntegrityError, OperationalError
from pytest_django.fixtures import Settings

from moderation.access.actor import Actor
from moderation.intake import bulk, store
from moderation.intake.bulk import (
    RawRow,
    Started,
    admit_waiting,
    finish_imports,
    start_import,
    storable_json,
)
from moderation.models import Import, ImportRow, Listing, Merchant, Submission
from moderation.rollout.mode import set_mode
from moderation.states import ModeKind, Source, Standing
from tests.builders import a_listing, a_merchant, a_submission

pytestmark = pytest.mark.django_db
BY = Actor("command:import_listings")


def rows(number: int, **changes: Any) -> list[RawRow]:
    """Return so many good rows."""
    return [
        RawRow(n, a_listing(external_id=f"MUG-{n}", **changes))
        for n in range(1, number + 1)
    ]


def begin(given: Iterable[RawRow], merchant: Merchant | None = None) -> Started:
    """Start an import of rows."""
    return start_import(
        merchant=merchant or a_merchant(), rows=given, source=Source.IMPORT, by=BY
    )


def test_good_rows_go_in_and_bad_ones_say_why() -> None:
    bad = RawRow(2, a_listing(external_id="MUG-2", title="", price="free"))
    broken = RawRow(3, None, ({"field": "row", "code": "bad", "message": "Mend it."},))
    started = begin([*rows(1), bad, broken])
    assert (started.accepted, started.refused) == (1, 2)
    errors = {row.row: [e["field"] for e in row.errors] for row in started.rows}
    assert set(errors[2]) == {"title", "price"}
    assert errors[3] == ["row"]
    assert admit_waiting() == 1
    batch = Import.objects.get()
    assert (batch.state, batch.total_rows) == ("done", 3)
    assert [row.id for row in started.rows if row.id] == [
        Submission.objects.get().public_id
    ]


def test_rows_wait_outside_the_queue_and_go_in_as_there_is_room(
    settings: Settings,
) -> None:
    settings.REVIEWHUB_MAX_QUEUE_DEPTH = 3
    begin(rows(5))
    assert Submission.objects.count() == 0
    assert admit_waiting() == 3
    assert admit_waiting() == 0
    assert Import.objects.get().state == "admitting"
    Submission.objects.update(state="in_review")
    assert admit_waiting() == 2
    assert Import.objects.get().state == "done"


def test_rows_are_admitted_at_the_lowest_priority() -> None:
    begin(rows(1))
    admit_waiting()
    urgent = a_submission(external_id="now")
    assert (
        urgent.priority < Submission.objects.get(listing__external_id="MUG-1").priority
    )


def test_a_second_import_of_the_same_changes_nothing() -> None:
    begin(rows(3))
    admit_waiting()
    begin(rows(3))
    admit_waiting()
    states = ImportRow.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["admitted"] * 3 + ["unchanged"] * 3
    assert Submission.objects.count() == 3


def test_nothing_is_admitted_while_the_intake_is_closed() -> None:
    begin(rows(2))
    set_mode(mode=ModeKind.CLOSED, note="a pause", by=BY)
    assert admit_waiting() == 0
    set_mode(mode=ModeKind.AUTOMATIC, note="on again", by=BY)
    assert admit_waiting() == 2


def test_a_suspended_merchants_rows_are_refused_with_the_reason() -> None:
    merchant = a_merchant()
    begin(rows(2), merchant)
    Merchant.objects.update(standing=Standing.SUSPENDED)
    assert admit_waiting() == 2
    assert {row.errors[0]["code"] for row in ImportRow.objects.all()} == {"suspended"}
    assert not Submission.objects.exists()


def test_an_import_is_not_finished_while_its_rows_are_read() -> None:
    def reading() -> Iterator[RawRow]:
        for row in rows(bulk.STORE_CHUNK + 1):
            finish_imports()
            yield row

    started = begin(reading())
    assert started.accepted == bulk.STORE_CHUNK + 1
    assert Import.objects.get().state == "admitting"


def test_an_empty_import_is_finished_at_once() -> None:
    assert begin([]).rows == []
    finish_imports()
    assert Import.objects.get().state == "done"


def test_a_long_description_is_imported_whole() -> None:
    text = "A hand-thrown mug. " * 2000
    begin(rows(1, description=text))
    admit_waiting()
    stored = Submission.objects.get()
    assert stored.raw
    assert stored.raw["description"] == text


def test_a_row_that_cannot_be_stored_does_not_hold_up_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = store.new_submission

    def new(listing: Listing, *parts: Any, **more: Any) -> Submission:
        if listing.external_id == "MUG-2":
            raise ValueError("no column holds this")
        return real(listing, *parts, **more)

    monkeypatch.setattr(store, "new_submission", new)
    begin(rows(3))
    assert admit_waiting() == 3
    assert Submission.objects.count() == 2
    refused = ImportRow.objects.get(state="refused")
    assert (refused.number, refused.errors[0]["code"]) == (2, "internal")


def test_the_databases_own_trouble_refuses_no_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def new(*parts: Any, **more: Any) -> Submission:
        raise OperationalError("deadlock detected")

    begin(rows(2))
    with monkeypatch.context() as broken:
        broken.setattr(store, "new_submission", new)
        with pytest.raises(OperationalError):
            admit_waiting()
    assert set(ImportRow.objects.values_list("state", flat=True)) == {"waiting"}
    assert admit_waiting() == 2


def test_a_refused_row_is_kept_as_any_database_can_hold_it() -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep]
    kept = storable_json(
        {"a\x00": "\ud800", "n": float("nan"), "deep": deep, "ok": True, "no": None}
    )
    assert kept["ok"] is True
    assert kept["no"] is None
    assert kept["n"] == "nan"
    assert "\x00" not in str(kept)
    assert len(storable_json("x" * 50_000)) == 20_000
    begin([RawRow(1, {"title": "\x00\ud800", "price": [float("inf")]})])
    assert ImportRow.objects.get().state == "refused"


def test_one_listing_in_two_rows_ends_in_two_versions_in_their_order() -> None:
    first, second = (
        RawRow(n, a_listing(title=f"Stoneware mug number {n}")) for n in (1, 2)
    )
    begin([first, second])
    assert admit_waiting() == 2
    found = Submission.objects.order_by("version").values_list("title", "state")
    assert list(found) == [
        ("Stoneware mug number 1", "withdrawn"),
        ("Stoneware mug number 2", "received"),
    ]


def test_rows_are_judged_in_the_order_of_their_file() -> None:
    begin(rows(5))
    admit_waiting()
    found = Submission.objects.order_by("id").values_list("listing__external_id")
    assert [name for (name,) in found] == [f"MUG-{n}" for n in range(1, 6)]


def test_a_listing_known_already_gets_its_next_version_from_a_file() -> None:
    old = a_submission(external_id="MUG-2")
    begin(rows(3, title="Stoneware mug, green, 350 ml"))
    assert admit_waiting() == 3
    old.refresh_from_db()
    assert old.state == "withdrawn"
    assert old.listing.submissions.count() == 2


def test_going_there_and_back_in_one_file_keeps_every_step() -> None:
    a_submission(title="Stoneware mug number 1")
    titles = ["number 1", "number 2", "number 1"]
    begin(
        RawRow(n, a_listing(title=f"Stoneware mug {title}"))
        for n, title in enumerate(titles, 1)
    )
    assert admit_waiting() == 3
    states = ImportRow.objects.order_by("number").values_list("state", flat=True)
    assert list(states) == ["unchanged", "admitted", "admitted"]
    newest = Submission.objects.order_by("version").last()
    assert newest
    assert (newest.version, newest.title) == (3, "Stoneware mug number 1")


def test_a_chunk_that_fails_at_the_end_is_admitted_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_submission(external_id="MUG-1")
    real = bulk._end_together

    def end(*given: Any) -> None:
        real(*given)
        if given[1] == "admitted":
            raise IntegrityError("another process was first")

    monkeypatch.setattr(bulk, "_end_together", end)
    begin(rows(3))
    assert admit_waiting() == 3
    states = ImportRow.objects.order_by("number").values_list("state", flat=True)
    assert list(states) == ["unchanged", "admitted", "admitted"]
    assert Submission.objects.count() == 3
