"""A spot check finds what should not be live: it goes down and the merchant is told."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from moderation.delivery.outbox import publish_due
from moderation.models import Delivery, EvalCase, Listing
from moderation.states import Outcome
from tests.builders import an_endpoint
from tests.moderation.web.conftest import client_of, world  # noqa: F401
from tests.moderation.web.world import World


@pytest.mark.django_db
def test_a_check_that_disagrees_takes_the_listing_down_with_a_statement(
    world: World,  # noqa: F811
    client_of: Callable[[str], Client],  # noqa: F811
    settings: Any,
) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 0
    endpoint = an_endpoint(world.merchant)
    check = world.live()
    publish_due(by="machine")
    listing = Listing.objects.get()
    assert listing.live_decision == check.about
    page = f"/listings/{listing.public_id}/"
    assert "Live as shown here" in client_of("merchant").get(page).content.decode()

    world.checked(check, Outcome.REJECTED)
    publish_due(by="machine")

    listing.refresh_from_db()
    assert listing.live_decision is None
    html = client_of("merchant").get(page).content.decode()
    assert "Not accepted" in html
    assert "P-105" in html
    assert "A person decided" in html
    events = Delivery.objects.filter(endpoint=endpoint).values_list("event", flat=True)
    assert {"listing.rejected", "listing.taken_down"} <= set(events)
    case = EvalCase.objects.get()
    assert (case.provenance, case.sampling_probability) == ("spot_check", 1.0)
    assert case.expected["decision"] == "reject"
