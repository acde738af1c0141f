"""Files in, progress, and the file back with an answer in each row."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse
from django.test import Client

from moderation.intake.bulk import admit_waiting
from moderation.models import Import, Submission
from moderation.states import Outcome
from moderation.web.import_read import safe_cell
from tests.moderation.web.world import World

HEAD = "external_id,title,price,currency,category,shelf"
GOOD = "A-1,Linen towel of natural flax,12.00,EUR,Home > Textiles,top"
BAD = "A-2,Linen towel of natural flax,oops,EUR,Home > Textiles,low"


@pytest.fixture
def seller(client_of: Callable[[str], Client]) -> Client:
    return client_of("merchant")


def upload(client: Client, *rows: str, name: str = "towels.csv") -> str:
    """Send a file; return where the browser is sent."""
    text = "\n".join(rows)
    file = SimpleUploadedFile(name, text.encode())
    response = client.post("/imports/", {"file": file})
    assert response.status_code == 303, response.content.decode()[:2000]
    return str(response["Location"])


def answers(client: Client, path: str) -> str:
    """Return the answer file."""
    response = client.get(f"{path}answers/")
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(response.streaming_content).decode()  # type: ignore[arg-type]


def test_good_rows_go_in_and_bad_ones_say_why(world: World, seller: Client) -> None:
    path = upload(seller, HEAD, GOOD, BAD)
    html = seller.get(path).content.decode()
    assert "towels.csv is being read" in html
    assert "1 of 2" in html
    assert "1 row could not be read" in html
    assert "/rules/Q-09/" in html
    assert "Passed over:" in html
    assert "shelf" in html
    admit_waiting()
    assert Submission.objects.get().listing.external_id == "A-1"


def test_the_file_comes_back_with_three_columns_at_its_end(
    world: World, seller: Client
) -> None:
    path = upload(seller, HEAD, GOOD, BAD)
    rows = list(csv.DictReader(io.StringIO(answers(seller, path))))
    assert list(rows[0]) == [*HEAD.split(","), "rh_outcome", "rh_field", "rh_reason"]
    assert rows[0]["rh_outcome"] == "waiting"
    assert rows[1]["rh_outcome"] == "not readable"
    assert rows[1]["rh_field"] == "price"
    assert rows[1]["rh_reason"].startswith("Q-09: ")
    assert rows[1]["price"] == "oops"


def test_a_decided_row_says_what_became_of_it(world: World, seller: Client) -> None:
    path = upload(seller, HEAD, GOOD)
    admit_waiting()
    task = world.task(Submission.objects.get())
    world.decided(
        task,
        Outcome.CHANGES_NEEDED,
        clauses=[{"code": "P-708", "field": "title", "quote": "flax"}],
    )
    (row,) = csv.DictReader(io.StringIO(answers(seller, path)))
    assert row["rh_outcome"] == "your turn"
    assert row["rh_field"] == "title"
    assert "P-708" in row["rh_reason"]
    html = seller.get(path).content.decode()
    assert "1 need you" in html or "1 needs you" in html


def test_jsonl_comes_back_as_jsonl(world: World, seller: Client) -> None:
    row = dict(zip(HEAD.split(",")[:5], GOOD.split(",")[:5], strict=True))
    path = upload(seller, json.dumps(row), name="towels.jsonl")
    (line,) = answers(seller, path).splitlines()
    assert json.loads(line)["external_id"] == "A-1"
    assert json.loads(line)["rh_outcome"] == "waiting"


def test_the_progress_ends_with_a_reload(world: World, seller: Client) -> None:
    path = upload(seller, HEAD, GOOD)
    ask = seller.get(f"{path}progress/", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in ask.content.decode()
    admit_waiting()
    world.task(Submission.objects.get())
    final = seller.get(f"{path}progress/", headers={"HX-Request": "true"})
    assert final["HX-Redirect"] == path


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "Choose a CSV or JSONL file"),
        ("blank.csv", b"\n\n", "empty"),
        ("book.xlsx", b"PK\x03\x04....", "workbook"),
        ("wide.csv", "a,b".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(
    seller: Client, name: str, content: bytes, words: str
) -> None:
    file = SimpleUploadedFile(name, content)
    response = seller.post("/imports/", {"file": file})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Import.objects.exists()


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t", "\r", " =", '"=', "＝"])
def test_no_cell_can_start_a_formula(lead: str) -> None:
    assert safe_cell(f"{lead}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("number", ["-5", "+3.20", "12.00", "-1,200.50", "1e5", ""])
def test_numbers_stay_numbers(number: str) -> None:
    assert safe_cell(number) == number


def test_a_hostile_file_comes_back_harmless(world: World, seller: Client) -> None:
    path = upload(
        seller,
        HEAD,
        "=A-1,@SUM of all linen towels,12.00,EUR,Home > Textiles,+1|x",
        "A-2,-2+3+cmd|calc linen towel,oops,EUR,Home > Textiles,low",
    )
    for cells in csv.reader(io.StringIO(answers(seller, path))):
        for cell in cells:
            assert not cell.startswith(("=", "+", "@", "-", "\t")), cells
