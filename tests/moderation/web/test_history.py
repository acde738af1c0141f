"""One's own decisions, what they rest on, and what can still be taken back."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from moderation.models import Decision
from moderation.states import Outcome
from moderation.web.review_read import decision_rows
from tests.moderation.web.world import World


def test_only_ones_own_decisions_are_listed(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.task(world.sent(title="Mug of the moderator"))
    world.decided(task, Outcome.APPROVED)
    other = world.task(world.sent(external_id="B", title="Mug of the senior"))
    world.decided(other, Outcome.APPROVED, role="senior")
    html = client_of("moderator").get("/review/history/").content.decode()
    assert "Mug of the moderator" in html
    assert "Mug of the senior" not in html


def test_undo_stands_beside_the_decision_while_it_lasts(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("moderator")
    world.decided(world.task(world.sent()), Outcome.APPROVED, ago=timedelta(minutes=1))
    assert ">Undo</button>" not in client.get("/review/history/").content.decode()
    late = world.task(world.sent(external_id="B"))
    world.decided(late, Outcome.APPROVED, ago=timedelta(seconds=1))
    html = client.get("/review/history/").content.decode()
    assert html.count(">Undo</button>") == 1
    assert Decision.objects.get(task=late).public_id in html


def test_the_list_goes_on_without_loss_or_repeat(world: World) -> None:
    for number in range(5):
        task = world.task(world.sent(external_id=f"N-{number}"))
        world.decided(task, Outcome.APPROVED, ago=timedelta(minutes=9 - number))
    by, seen, cursor = world.actor("moderator"), [], ""
    for _ in range(3):
        rows, cursor = decision_rows(by, undo=None, size=2, after=cursor)
        seen += [row.decision.pk for row in rows]
    assert cursor == ""
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
