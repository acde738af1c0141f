"""Many listings in one call: good rows go in, bad rows come back with reasons."""

import json
from typing import Any

import pytest

from moderation.api import bulk as subject
from moderation.intake.bulk import admit_waiting
from moderation.models import Import, ImportRow
from tests.moderation.api.conftest import Caller, listing, problem_of

pytestmark = pytest.mark.django_db

LINES = "application/x-ndjson"


def lines(*rows: Any) -> bytes:
    """Return rows as NDJSON; a row of text is taken as it is."""
    return b"\n".join(
        row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows
    )


def test_good_rows_go_in_and_bad_ones_come_back_with_reasons(seller: Caller) -> None:
    rows = [
        listing(external_id="1"),
        listing(external_id="2", price="cheap", colour="x"),
        "no object",
        listing(external_id="4"),
    ]
    response = seller.post("/listings/bulk", rows)
    assert response.status_code == 202, response.content
    found = json.loads(response.content)
    batch = Import.objects.get()
    assert found["import_id"] == batch.public_id
    assert (found["accepted"], found["refused"]) == (2, 2)
    assert [row["row"] for row in found["rows"]] == [1, 2, 3, 4]
    assert set(found["rows"][0]) == {"row", "id"}
    assert found["rows"][0]["id"].startswith("SUB-")
    assert set(found["rows"][1]) == {"row", "errors"}
    pointers = {error["pointer"]: error["code"] for error in found["rows"][1]["errors"]}
    assert pointers["/colour"] == "unknown_field"
    assert found["rows"][2]["errors"][0]["code"] == "wrong_type"
    assert ImportRow.objects.count() == 4


def test_a_broken_line_costs_that_line_alone(seller: Caller) -> None:
    twice = json.dumps(listing(external_id="2"))[:-1] + ', "price": "1"}'
    body = lines(
        listing(external_id="1"),
        b"",
        twice.encode(),
        b'{"external_id": ',
        listing(external_id="3", title="a\x00b"),
        listing(external_id="4", price=float("nan")),
        b"[" * 5000,
        listing(external_id="5"),
    )
    response = seller.post("/listings/bulk", raw=body, content_type=LINES)
    assert response.status_code == 202, response.content
    rows = json.loads(response.content)["rows"]
    assert [row["row"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    found = [row["errors"][0]["code"] if "errors" in row else "" for row in rows]
    assert found == [
        "",
        "duplicate_key",
        "malformed",
        "nul_character",
        "bad_number",
        "too_deep",
        "",
    ]


def test_lines_are_taken_as_plain_json_too_and_one_object_is_one_row(
    seller: Caller,
) -> None:
    body = lines(listing(external_id="1"), listing(external_id="2"))
    response = seller.post("/listings/bulk", raw=body)
    assert json.loads(response.content)["accepted"] == 2
    response = seller.post("/listings/bulk", listing(external_id="3"))
    assert json.loads(response.content)["accepted"] == 1


@pytest.mark.parametrize(
    "body", [b" ", b"7", b"null", b'"x"', b"[{}", b"{\n}", b"[1] [2]", b"\xff\xfe"]
)
def test_what_is_no_array_at_all_is_refused_whole(seller: Caller, body: bytes) -> None:
    problem_of(seller.post("/listings/bulk", raw=body), 400)
    assert not Import.objects.exists()


@pytest.mark.parametrize("content_type", ["application/json", LINES])
def test_no_rows_are_too_few(seller: Caller, content_type: str) -> None:
    body = b"[]" if content_type == "application/json" else b"\n\n"
    response = seller.post("/listings/bulk", raw=body, content_type=content_type)
    assert problem_of(response, 422)["errors"][0]["code"] == "too_short"


def test_more_rows_than_the_limit_are_refused_whole(
    seller: Caller, monkeypatch: Any
) -> None:
    monkeypatch.setattr(subject, "MAX_ROWS", 2)
    problem_of(seller.post("/listings/bulk", [{}, {}, {}]), 413)
    assert not Import.objects.exists()


def test_a_bulk_call_counts_once(seller: Caller) -> None:
    before = int(seller.get("/listings")["RateLimit-Remaining"])
    response = seller.post("/listings/bulk", [listing(external_id=x) for x in "abc"])
    assert int(response["RateLimit-Remaining"]) == before - 1


def test_a_row_can_be_followed_by_its_id_before_and_after_its_turn(
    seller: Caller, rival: Caller
) -> None:
    known = seller.post("/listings", listing(external_id="1"))
    rows = [listing(external_id="1"), listing(external_id="2")]
    answer = json.loads(seller.post("/listings/bulk", rows).content)
    unchanged, new = (f"/listings/{row['id']}" for row in answer["rows"])
    found = json.loads(seller.get(new).content)
    assert found["status"] == "received"
    assert found["external_id"] == "2"
    assert found["listing_id"] is None
    problem_of(rival.get(new), 404)
    admit_waiting()
    found = json.loads(seller.get(new).content)
    assert found["id"] == answer["rows"][1]["id"]
    assert found["version"] == 1
    found = json.loads(seller.get(unchanged).content)
    assert found["id"] == json.loads(known.content)["id"]
    problem_of(rival.get(new), 404)
    problem_of(rival.get(unchanged), 404)
