"""The audit log's page: filters, pages, links, export, and the state of the chain."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from django.test import Client

from moderation import ledger
from moderation.models import AuditEvent
from moderation.states import Outcome
from tests.moderation.test_ledger import events, forget_the_head, row
from tests.moderation.web.world import World


def html(client: Client, query: str = "") -> str:
    response = client.get(f"/ops/audit/{query}")
    assert response.status_code == 200
    return response.content.decode()


def exported(client: Client, query: str) -> str:
    response = client.get(f"/ops/audit/export/{query}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]


def test_an_event_shows_who_what_before_and_after_and_why(
    world: World, client_of: Callable[[str], Client]
) -> None:
    world.decided(world.task(), Outcome.REJECTED, clauses=[{"code": "P-105"}])
    client = client_of("admin")
    client.post("/ops/mode/", {"mode": "closed", "note": "The provider acts up."})
    page = html(client)
    assert "person:moderator" in page
    assert 'in_review <span class="mute">to</span> <b class="b">decided</b>' in page
    assert "The provider acts up." in page
    assert "req_world" in page
    assert 'href="/review/TSK-' in page
    assert 'href="/ops/"' in page


def test_an_auditor_reads_and_is_sent_nowhere_they_may_not_go(
    world: World, client_of: Callable[[str], Client]
) -> None:
    world.decided(world.task(), Outcome.APPROVED)
    assert 'href="/review/TSK-' not in html(client_of("auditor"))


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("?actor=ines", 2),
        ("?actor=person:ines&action=seal", 1),
        ("?subject=SUB-1", 1),
        ("?action=nothing", 0),
        ("?since=2026-03-02", 2),
        ("?until=2026-03-01", 1),
        ("?since=2026-03-01&until=2026-03-01", 1),
        ("?since=yesterday", 3),
    ],
)
def test_each_filter_leaves_what_it_names(
    world: World, client_of: Callable[[str], Client], query: str, number: int
) -> None:
    AuditEvent.objects.all().delete()
    for place, (actor, action) in enumerate(
        [("person:ines", "seal"), ("person:ines", "move"), ("machine", "move")], 1
    ):
        AuditEvent.objects.create(
            at=f"2026-03-0{place}T12:00:00Z",
            actor=actor,
            action=action,
            subject_type="Submission",
            subject_id=f"SUB-{place}",
        )
    client = client_of("admin")
    assert html(client, query).count('<td class="num">') == number
    lines = exported(client, f"{query}&format=jsonl").splitlines()
    assert len(lines) == number


def test_pages_follow_each_other_without_a_gap(
    world: World, client_of: Callable[[str], Client]
) -> None:
    AuditEvent.objects.all().delete()
    made = events(60)
    client = client_of("admin")
    first = html(client, "?action=claim")
    older = f"?action=claim&amp;before={made[10].pk}"
    assert older in first
    second = html(client, f"?action=claim&before={made[10].pk}")
    assert first.count('<td class="num">') == 50
    assert second.count('<td class="num">') == 10
    assert "Back to the newest" in second
    assert html(client, "?before=x").count('<td class="num">') == 50


def test_no_cell_of_the_export_starts_a_formula(
    world: World, client_of: Callable[[str], Client]
) -> None:
    AuditEvent.objects.all().delete()
    events(1, reason='=HYPERLINK("http://x")', actor="@evil")
    events(1, reason="+1+1", actor="-cmd")
    rows = list(csv.DictReader(io.StringIO(exported(client_of("admin"), ""))))
    assert [r["reason"][:2] for r in rows] == ["'+", "'="]
    assert [r["actor"][:2] for r in rows] == ["'-", "'@"]


def test_a_line_of_the_export_holds_every_fact(
    world: World, client_of: Callable[[str], Client]
) -> None:
    AuditEvent.objects.all().delete()
    events(1)
    ledger.seal()
    (line,) = exported(client_of("auditor"), "?format=jsonl").splitlines()
    data = json.loads(line)
    assert data["data"] == {"n": 0, "share": 0.1, "words": "für €"}
    assert data["sequence"] == 1
    assert data["sha256"] == row(1).get().sha256


def test_the_page_says_how_the_chain_stands(
    world: World, client_of: Callable[[str], Client]
) -> None:
    AuditEvent.objects.all().delete()
    client = client_of("admin")
    assert "Nothing is sealed yet" in html(client)
    events(12)
    ledger.seal()
    events(1)
    page = html(client)
    assert "Sealed up to row 12; 1 wait for the next second." in page
    assert "The newest 12 were checked just now: unbroken." in page
    row(9).update(reason="another")
    page = html(client)
    assert "The chain is broken. Row 9" in page
    assert 'role="alert"' in page
    row(9).update(reason="because")
    forget_the_head()
    assert "the head of the chain is gone" in html(client)


def test_rows_that_wait_long_are_told_here_and_on_the_overview(
    world: World, client_of: Callable[[str], Client]
) -> None:
    events(2, at="2026-03-01T12:00:00Z")
    client = client_of("admin")
    assert "is a scheduler running?" in html(client)
    assert "have waited for their seal" in client.get("/ops/").content.decode()


def test_words_of_an_event_are_text_and_never_markup(
    world: World, client_of: Callable[[str], Client]
) -> None:
    events(1, reason="<script>alert(1)</script>", data={"x": "<b>"})
    page = html(client_of("admin"), '?actor="><script>alert(2)</script>')
    assert "<script>alert" not in page
