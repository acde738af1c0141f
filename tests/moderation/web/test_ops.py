"""The admin's first page answers its questions, and the switch asks for a reason."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from moderation.models import AuditEvent, Mode
from tests.moderation.web.world import World


def overview(client: Client) -> str:
    response = client.get("/ops/")
    assert response.status_code == 200
    return response.content.decode()


def test_a_quiet_installation_says_so(client_of: Callable[[str], Client]) -> None:
    html = overview(client_of("admin"))
    assert "Nothing failed." in html
    assert "Nobody waits." in html
    assert "No decision in the last 24 hours." in html
    assert "No budget set" in html


def test_failures_are_counted_by_kind_with_what_was_received(
    world: World, client_of: Callable[[str], Client]
) -> None:
    for number in range(3):
        world.task(world.sent(external_id=f"F-{number}"), failure="model_timeout")
    html = overview(client_of("admin"))
    assert "3 failures" in html
    assert "The model did not answer in time: 3." in html
    assert '<b class="b num">3</b> listings received' in html


def test_a_late_queue_is_red_and_links_to_the_oldest(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.task(world.sent())
    task.created_at = timezone.now() - timedelta(hours=2)
    task.due_at = timezone.now() - timedelta(hours=1)
    task.save()
    html = overview(client_of("admin"))
    assert "1 late" in html
    assert "the oldest for" in html
    assert f"/review/{task.public_id}/" in html


def test_the_mode_changes_with_a_note_and_is_written_down(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    data = {"mode": "humans_only", "note": "The provider acts up."}
    response = client.post("/ops/mode/", data, follow=True)
    assert "Mode is humans only." in response.content.decode()
    assert Mode.objects.get().note == "The provider acts up."
    assert AuditEvent.objects.filter(action="set_mode").count() == 1


def test_a_change_without_a_note_or_of_no_mode_changes_nothing(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    for data in ({"mode": "closed", "note": "  "}, {"mode": "off", "note": "x"}, {}):
        client.post("/ops/mode/", data)
    assert not Mode.objects.exists()


def test_an_auditor_reads_and_has_no_switch(
    client_of: Callable[[str], Client],
) -> None:
    html = overview(client_of("auditor"))
    assert "Change mode" not in html
    assert "disabled" in html
