"""The pages of spot checks: the queue, the blind screen, and what is shown after."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from moderation.delivery.outbox import publish_due
from moderation.models import Decision, Delivery, EvalCase, Listing, ReviewTask
from moderation.review.queue import claim_task
from moderation.states import Outcome
from tests.builders import an_endpoint
from tests.moderation.web.world import World

SECRETS = ("compliant", "0.96", "0.95", "0.93", "Q-05", "v15", "The title was tidied")


def html(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def held(world: World, role: str = "moderator") -> ReviewTask:
    return claim_task(task=world.live(), by=world.actor(role))


def post(client: Client, task: ReviewTask, **data: str) -> str:
    path = f"/review/{task.public_id}/decide/"
    data = {"lease_token": str(task.lease_token), **data}
    response = client.post(path, data, follow=True)
    assert response.redirect_chain[-1][0] == f"/review/{task.public_id}/"
    return response.content.decode()


def test_an_empty_queue_tells_the_target_and_the_count(
    client_of: Callable[[str], Client], settings: LazySettings
) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 0.05
    page = html(client_of("moderator"), "/review/spot-checks/")
    assert "Target: 5.0% of what goes live by itself" in page
    assert "0 went live by themselves, 0 of them were drawn, 0 are answered." in page
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 0.0
    page = html(client_of("moderator"), "/review/spot-checks/")
    assert "No checks are drawn: the share is set to 0." in page


def test_the_queue_shows_what_waits_and_the_home_its_bar(
    world: World, client_of: Callable[[str], Client]
) -> None:
    world.live()
    client = client_of("moderator")
    assert '<b class="b">1</b> waits' in html(client, "/review/spot-checks/")
    home = html(client, "/review/")
    assert "A random share of what went live by itself" in home
    data = {"queue": "spot-checks"}
    answer = client.post("/review/next/", data)
    assert answer["Location"] == f"/review/{ReviewTask.objects.get().public_id}/"


@pytest.mark.parametrize("is_mine", [True, False])
def test_the_screen_shows_nothing_of_the_models_answer(
    world: World, client_of: Callable[[str], Client], is_mine: bool
) -> None:
    task = held(world, "moderator" if is_mine else "senior")
    page = html(client_of("moderator"), f"/review/{task.public_id}/")
    found = [word for word in SECRETS if word in page]
    assert found == []
    assert "went live" not in page
    assert "so your answer can judge the model" in page
    assert task.submission.tidied
    assert task.submission.tidied["title"] in page


def test_the_panel_of_clauses_is_blind_too(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = held(world)
    page = html(client_of("moderator"), f"/review/{task.public_id}/reject/")
    assert [word for word in SECRETS if word in page] == []


def test_agreeing_shows_what_the_model_had_said_and_the_next_check(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = held(world)
    page = post(client_of("moderator"), task, outcome="approved")
    assert "What the model had said" in page
    assert "It found nothing against it, 0.96 sure (v15)" in page
    assert "You agree: it stays live." in page
    assert "Next check" in page
    assert Decision.objects.count() == 1


def test_disagreeing_says_that_it_is_replaced_and_can_be_undone(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task, client = held(world), client_of("moderator")
    page = post(client, task, outcome="rejected", clauses="P-105")
    assert "You disagree: the machine" in page
    made = Decision.objects.effective().get()
    assert made.moderator == world.people["moderator"]
    undone = client.post(
        f"/review/{task.public_id}/undo/", {"decision": made.public_id}, follow=True
    )
    assert "Approve" in undone.content.decode()
    assert Decision.objects.effective().get() == task.about


def test_an_agreement_can_be_undone_by_the_one_who_gave_it(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task, client = held(world), client_of("moderator")
    page = post(client, task, outcome="approved")
    assert task.about
    code = task.about.public_id
    assert f'name="decision" value="{code}"' in page
    path = f"/review/{task.public_id}/undo/"
    client_of("senior").post(path, {"decision": code})
    assert ReviewTask.objects.get().state == "resolved"
    client.post(path, {"decision": code})
    assert ReviewTask.objects.get().state == "claimed"


def test_a_correction_overturns_and_is_published(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = held(world)
    post(client_of("moderator"), task, outcome="approved", **{"edit-title": "Blue mug"})
    made = Decision.objects.effective().get()
    assert made.published
    assert made.published["title"] == "Blue mug"
    assert ReviewTask.objects.get().resolution == "overturned"


def test_the_same_answer_twice_says_when_it_was_given(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task, client = held(world), client_of("moderator")
    post(client, task, outcome="approved")
    again = client.post(
        f"/review/{task.public_id}/decide/",
        {"lease_token": str(task.lease_token), "outcome": "approved"},
    )
    assert again.status_code == 409
    assert "Nothing was sent twice." in again.content.decode()


def test_a_moderator_of_the_merchant_sees_no_check_of_theirs(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.live()
    world.merchant.members.create(user=world.people["moderator"])
    client = client_of("moderator")
    assert client.get(f"/review/{task.public_id}/").status_code == 404
    page = html(client, "/review/spot-checks/")
    assert "What waits is for others" in page


def test_the_overview_reads_the_answers(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    assert "We say nothing before <b" in html(client, "/ops/")
    for number in range(3):
        task = world.live(world.sent(external_id=f"L-{number}"))
        world.checked(task, Outcome.REJECTED if number == 0 else Outcome.APPROVED)
    page = html(client, "/ops/")
    assert '<b class="b num">33.3%</b> of what went live by itself was wrong' in page
    assert "1 wrong in 3 of 3 drawn from 3 in 28 days; 0 unanswered" in page
    assert "Too early to say" in page
    assert "149 without an error would keep the promise." in page
    assert "The same as a table" in page


def test_a_check_that_disagrees_takes_the_listing_down_with_a_statement(
    world: World,
    client_of: Callable[[str], Client],
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


def test_the_decision_under_a_check_is_not_shown_before_the_answer(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = held(world)
    assert task.about
    path = f"/decisions/{task.about.public_id}/"
    answer = client_of("moderator").get(path, follow=True)
    assert answer.redirect_chain == [("/review/history/", 303)]
    assert "Q-05" not in answer.content.decode()
    post(client_of("moderator"), task, outcome="approved")
    assert "Approved" in html(client_of("moderator"), path)
