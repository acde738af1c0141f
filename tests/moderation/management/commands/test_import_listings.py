"""import_listings: a file in, every row with its end, the sums right."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from moderation import upkeep
from moderation.intake.bulk import admit_waiting
from moderation.management.commands import import_listings
from moderation.models import Decision, Listing, Submission
from moderation.worker import Worker
from tests.builders import (
    ScriptedClient,
    a_listing,
    a_merchant,
    a_verdict,
    forget_caches,
    serving,
)

# Others read these: product.md fixes them. Keys may be added, none renamed.
KEYS = {
    *("received", "refused", "auto_approved", "in_review", "unchanged"),
    *("ignored_columns", "seconds", "refusals"),
}


@pytest.fixture(autouse=True)
def _scripted(
    monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[None]:
    """Have a model answer that doubts every pot."""
    forget_caches()
    client = ScriptedClient(
        lambda listing: (
            a_verdict(doubt="Is it food-safe?")
            if "pot" in listing["title"]
            else a_verdict()
        )
    )

    def worker(**options: Any) -> Worker:
        return Worker(client_factory=client, **options)

    monkeypatch.setattr(import_listings, "Worker", worker)
    monkeypatch.setattr(import_listings, "POLL_S", 0.01)
    a_merchant("demo")
    serving()
    yield
    if connection.vendor == "postgresql":
        connections.close_all()


def a_file(path: Path, *rows: dict[str, Any]) -> str:
    """Write rows as JSONL; return the path."""
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def run(*arguments: str) -> dict[str, Any]:
    """Run the command for the demo merchant and return its JSON."""
    out = StringIO()
    named = ("--merchant", "demo", "--json")
    call_command("import_listings", *arguments, *named, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def rows() -> list[dict[str, Any]]:
    """Return two mugs, a pot and a listing without a title."""
    return [
        a_listing(external_id="a", title="Blue mug of clay"),
        a_listing(external_id="b", title="Green mug of clay", colour="green"),
        a_listing(external_id="c", title="Blue pot of clay"),
        a_listing(external_id="d", title=""),
    ]


def test_waiting_stays_until_each_row_has_an_end(tmp_path: Path) -> None:
    told = run(a_file(tmp_path / "mugs.jsonl", *rows()), "--wait")
    assert set(told) >= KEYS
    assert (told["received"], told["refused"]) == (4, 1)
    assert (told["auto_approved"], told["in_review"], told["unchanged"]) == (2, 1, 0)
    assert told["ignored_columns"] == ["colour"]
    (refusal,) = told["refusals"]
    assert refusal["row"] == 4
    assert set(refusal["errors"][0]) == {"field", "code", "message"}
    assert refusal["errors"][0]["field"] == "title"
    assert Listing.objects.filter(live_decision__isnull=False).count() == 2


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    path = a_file(tmp_path / "mugs.jsonl", *rows())
    run(path, "--wait")
    before = Decision.objects.count()
    told = run(path, "--wait")
    assert (told["received"], told["refused"], told["unchanged"]) == (4, 1, 3)
    assert (told["auto_approved"], told["in_review"]) == (0, 0)
    assert Decision.objects.count() == before
    assert Submission.objects.count() == 3


def test_a_csv_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "mugs.csv"
    path.write_text(
        "external_id,title,price,currency,category,stock\n"
        'a,"Blue mug, of clay","18,50",EUR,Home,7\n'
    )
    told = run(str(path), "--wait")
    assert (told["received"], told["auto_approved"]) == (1, 1)
    assert told["ignored_columns"] == ["stock"]
    assert str(Submission.objects.get().price) == "18.50"


def test_without_waiting_the_rows_are_left_to_the_server(tmp_path: Path) -> None:
    told = run(a_file(tmp_path / "mugs.jsonl", *rows()))
    assert (told["received"], told["waiting"]) == (4, 3)
    assert set(Submission.objects.values_list("state", flat=True)) == {"received"}


def test_a_running_server_is_left_to_do_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upkeep.beat_heart("embedded:1", "worker")
    rounds: list[float] = []

    def sleep(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            admit_waiting()
            Submission.objects.update(state="in_review")

    def worker(**options: Any) -> Worker:
        raise AssertionError("two workers at one work")

    monkeypatch.setattr(import_listings.time, "sleep", sleep)
    monkeypatch.setattr(import_listings, "Worker", worker)
    told = run(a_file(tmp_path / "mugs.jsonl", *rows()), "--wait")
    assert told["in_review"] == 3
    assert len(rounds) >= 3


def test_an_empty_file_is_refused_in_words_and_waits_for_nothing(
    tmp_path: Path,
) -> None:
    told = run(a_file(tmp_path / "none.jsonl"), "--wait")
    assert (told["received"], told["refused"]) == (1, 1)
    assert "rows" in told["refusals"][0]["errors"][0]["message"]


def test_a_person_reads_sentences(tmp_path: Path) -> None:
    out = StringIO()
    path = a_file(tmp_path / "mugs.jsonl", *rows())
    call_command("import_listings", path, "--merchant", "demo", "--wait", stdout=out)
    assert "4 rows: 2 approved by themselves, 1 wait for a person" in out.getvalue()
    assert "Row 4 refused. title:" in out.getvalue()
    assert "Ignored columns: colour" in out.getvalue()


def test_an_unknown_merchant_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = a_file(tmp_path / "mugs.jsonl", *rows())
    with pytest.raises(CommandError, match=r"no merchant nobody.*demo"):
        call_command("import_listings", path, "--merchant", "nobody")


def test_a_file_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("nowhere.jsonl")
