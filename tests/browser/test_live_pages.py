"""What scripts add: a preview while typing, a page that turns, and no trap in it."""

from collections.abc import Callable

import pytest

from moderation.models import Submission
from moderation.states import Outcome
from tests.browser.conftest import Visitor
from tests.moderation.web.test_web import PAYLOADS, poisoned
from tests.moderation.web.world import World


def test_the_preview_follows_what_is_typed_and_keeps_the_focus(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    who = visitor()
    who.sign_in("merchant")
    page = who.go("/listings/new/")
    page.fill("#title", "Stoneware mug, blue, 350 ml")
    page.wait_for_selector("#preview .t:has-text('Stoneware mug')")
    page.focus("#price")
    page.keyboard.type("18,50")
    page.wait_for_selector("#preview:has-text('18.50')")
    assert page.evaluate("document.activeElement.id") == "price"
    assert not Submission.objects.exists()


def test_control_enter_sends_from_inside_a_text(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    who = visitor()
    who.sign_in("merchant")
    page = who.go("/listings/new/")
    for name, value in (
        ("external_id", "M-1"),
        ("title", "Stoneware mug, blue, 350 ml"),
        ("price", "18.50"),
        ("currency", "EUR"),
        ("category", "Home > Kitchen"),
        ("description", "A hand-thrown stoneware mug that holds 350 ml."),
    ):
        page.fill(f"#{name}", value)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/listings/LST-*/")
    assert Submission.objects.count() == 1


def test_the_page_of_a_listing_turns_when_there_is_an_answer(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    task = world.task(world.sent())
    who = visitor()
    who.sign_in("merchant")
    page = who.go(f"/listings/{task.submission.listing.public_id}/")
    assert "A person reads it" in page.inner_text("main")
    world.decided(task, Outcome.APPROVED)
    page.wait_for_selector("text=Live as shown here")
    assert page.title().startswith("Live: ")


def test_the_menu_opens_and_closes_on_a_small_screen_without_a_script(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    who = visitor(width=390, height=844, scripts=False)
    page = who.sign_in("merchant")
    assert not page.locator("#nav").is_visible()
    page.click("text=Menu")
    assert page.locator("#nav").is_visible()
    page.click("#nav >> text=Close")
    assert not page.locator("#nav").is_visible()


@pytest.mark.parametrize("payload", PAYLOADS[:6])
def test_a_hostile_listing_runs_nothing_and_asks_no_other_host(
    world: World, visitor: Callable[..., Visitor], payload: str
) -> None:
    task = world.knife()
    Submission.objects.update(raw=poisoned(payload), tidied=poisoned(payload))
    task.assessment.proposed = poisoned(payload)
    task.assessment.save()
    who = visitor()
    page = who.sign_in("moderator")
    page.click(".act button")
    page.wait_for_selector("#approve")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("r")
    page.wait_for_selector("#codes")
    page.wait_for_load_state("networkidle")
    # The guard of every visitor fails the test on a dialog, an error of the
    # policy, or a request to another host.
    assert who.faults == []
