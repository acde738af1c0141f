"""The queues, what comes next, and the screen in each state."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from moderation.models import ReviewTask
from tests.moderation.web.world import World


@pytest.fixture
def mod(client_of: Callable[[str], Client]) -> Client:
    return client_of("moderator")


def page_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_queue_is_said_to_be_clear(mod: Client) -> None:
    html = page_of(mod, "/review/")
    assert "<title>All clear: Review · Reviewhub</title>" in html
    assert "Start with" not in html


def test_the_queue_lists_what_comes_next_in_the_order_it_is_given_out(
    world: World, mod: Client
) -> None:
    for number, minutes in enumerate((50, 10, 30)):
        world.task(
            world.sent(external_id=f"N-{number}", title=f"Mug number {number}"),
            due_at=timezone.now() + timedelta(minutes=minutes),
            clause="P-102",
        )
    html = page_of(mod, "/review/")
    places = [html.index(f"Mug number {number}") for number in (1, 2, 0)]
    assert places == sorted(places)
    assert '<b class="b">3</b> wait in your queues' in html
    assert "Closest to due" in html
    assert "due in 9 min" in html


def test_an_overdue_task_turns_the_queue_late(world: World, mod: Client) -> None:
    world.task(world.sent(), due_at=timezone.now() - timedelta(minutes=4))
    html = page_of(mod, "/review/")
    assert "past its due time" in html
    assert "late by 4 min" in html


def test_the_numbers_renew_themselves(world: World, mod: Client) -> None:
    assert 'data-look="15"' in page_of(mod, "/review/")
    world.task(world.sent())
    part = mod.get("/review/counts/", headers={"HX-Request": "true"}).content.decode()
    assert '<b class="b">1</b> <span class="mute">waiting</span>' in part
    assert "<!doctype" not in part


def test_escalations_are_shown_to_seniors_alone(
    client_of: Callable[[str], Client], mod: Client
) -> None:
    assert "Asked of senior moderators" not in page_of(mod, "/review/")
    assert "Asked of senior moderators" in page_of(client_of("senior"), "/review/")


def test_a_held_task_is_offered_to_go_on_with(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    mod.post("/review/next/", {"task": task.public_id})
    html = page_of(mod, "/review/")
    assert "Go on with yours" in html
    assert f'href="/review/{task.public_id}/"' in html


def test_the_screen_shows_doubt_first_evidence_clause_and_consequence(
    world: World, mod: Client
) -> None:
    task = world.knife()
    mod.post("/review/next/", {"task": task.public_id})
    html = page_of(mod, f"/review/{task.public_id}/")
    assert html.index('id="f-category"') < html.index('id="f-title"')
    assert "One thing to settle." in html
    assert "<mark>kitchen or hunting trips</mark>" in html
    assert "Knives and hand weapons" in html
    assert "Mended under" in html
    assert "checked" not in html.split('id="f-category"')[1].split("</fieldset>")[0]
    assert len(html) < 40_000


def test_a_failure_is_explained_and_can_be_decided(world: World, mod: Client) -> None:
    task = world.task(
        world.sent(),
        failure="model_timeout",
        reasons=[{"code": "model_timeout", "message": "No answer in time."}],
    )
    mod.post("/review/next/", {"task": task.public_id})
    html = page_of(mod, f"/review/{task.public_id}/")
    assert "No answer in time." in html
    assert "Read it as the merchant sent it" in html
    assert 'id="approve"' in html


def test_the_merchant_is_hidden_until_asked_for(world: World, mod: Client) -> None:
    path = f"/review/{world.task(world.sent()).public_id}/"
    assert "Kiln &amp; Stone" not in page_of(mod, path)
    shown = mod.post(f"{path}merchant/").content.decode()
    assert "Kiln &amp; Stone, established" in shown
    part = mod.post(f"{path}merchant/", headers={"HX-Request": "true"}).content.decode()
    assert "Kiln &amp; Stone" in part
    assert "<main" not in part


def test_a_free_task_can_be_read_before_it_is_taken(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    html = page_of(mod, f"/review/{task.public_id}/")
    assert "Nobody holds this item" in html
    assert 'id="approve"' not in html


def test_ten_thousand_waiting_tasks_cost_no_more_queries(
    world: World, mod: Client, django_assert_max_num_queries: Callable
) -> None:
    task = world.knife()
    mod.post("/review/next/", {"task": task.public_id})
    mod.get(f"/review/{task.public_id}/")
    submission = world.sent(external_id="MANY")
    ReviewTask.objects.bulk_create(
        ReviewTask(
            submission=submission,
            merchant=submission.merchant,
            kind="routed",
            state="cancelled" if number else "open",
            due_at=timezone.now(),
        )
        for number in range(50)
    )
    with django_assert_max_num_queries(14):
        mod.get(f"/review/{task.public_id}/")
    with django_assert_max_num_queries(20):
        mod.get("/review/")


def test_the_first_queue_with_work_is_the_one_to_start_with(
    world: World, client_of: Callable[[str], Client]
) -> None:
    html = client_of("moderator").get("/review/").content.decode()
    assert "Start with" not in html
    world.live()
    html = client_of("moderator").get("/review/").content.decode()
    assert "Start with Spot checks" in html
