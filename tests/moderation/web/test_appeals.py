"""The merchant's page to disagree, and what the listing's page says of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from moderation.decisions import Ruling, overturn
from moderation.delivery.outbox import publish_due
from moderation.models import Appeal, Decision, Submission
from moderation.models.clock import database_now
from moderation.review.queue import claim_next
from moderation.states import Outcome
from tests.builders import an_assessment
from tests.moderation.web.world import World


@pytest.fixture
def refused(world: World) -> Submission:
    """A submission that the moderator refused, in effect."""
    return world.decided(
        world.task(world.sent(external_id="NO")),
        Outcome.REJECTED,
        clauses=[{"code": "P-105", "field": "title", "quote": "mug"}],
        ago=timedelta(minutes=5),
    )


def test_a_refusal_is_appealed_by_form_and_reaches_another_person(
    refused: Submission, world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("merchant")
    listing = f"/listings/{refused.listing.public_id}/"
    assert f"{listing}appeal/" in client.get(listing).content.decode()
    form = client.get(f"{listing}appeal/").content.decode()
    assert "P-105" in form
    bad = client.post(f"{listing}appeal/", {"text": " "})
    assert bad.status_code == 422
    assert "Say why you disagree." in bad.content.decode()
    good = client.post(f"{listing}appeal/", {"text": "A <b>glaze</b>.", "quote": "mug"})
    assert good.status_code == 303
    html = client.get(listing).content.decode()
    assert "You appealed" in html
    assert f"{listing}appeal/" not in html
    assert client.post(f"{listing}appeal/", {"text": "Again"}).status_code == 303
    appeal = Appeal.objects.get()
    assert appeal.task
    assert claim_next(by=world.actor("moderator"), queue="appeals") is None
    assert claim_next(by=world.actor("senior"), queue="appeals") == appeal.task
    page = client_of("senior").get(f"/review/{appeal.task.public_id}/")
    assert "A &lt;b&gt;glaze&lt;/b&gt;." in page.content.decode()


def test_a_listing_taken_down_says_so_with_its_reason(
    world: World, client_of: Callable[[str], Client]
) -> None:
    row = an_assessment(world.sent(external_id="UP"))
    publish_due(by="machine")
    now = database_now()
    new = overturn(
        decision=Decision.objects.get(submission=row),
        ruling=Ruling(
            Outcome.REJECTED,
            clauses=[{"code": "P-105", "field": "title", "quote": "mug"}],
        ),
        by=world.actor("moderator"),
        at=now,
        effective_at=now + timedelta(hours=1),
    )
    assert new
    client, path = client_of("merchant"), f"/listings/{row.listing.public_id}/"
    html = client.get(path).content.decode()
    assert "Live as shown here" in html
    assert "taken down" not in html
    Decision.objects.filter(pk=new.pk).update(effective_at=now)
    html = client.get(path).content.decode()
    assert "taken down" in html
    assert "Not accepted" in html
    assert "P-105" in html


def test_the_page_names_the_version_that_stays_live(
    world: World, client_of: Callable[[str], Client]
) -> None:
    row = an_assessment(world.sent(external_id="UP"))
    publish_due(by="machine")
    world.task(world.sent(external_id="UP", title="Stoneware mug, green, 350 ml"))
    path = f"/listings/{row.listing.public_id}/"
    html = client_of("merchant").get(path).content.decode()
    assert "Version 1 stays live while version 2 is checked." in html
