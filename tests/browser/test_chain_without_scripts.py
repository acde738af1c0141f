"""The chain by plain forms: webhooks, appeals, checks, cases, runs and rollouts."""

from collections.abc import Callable
from typing import Any

import pytest

from moderation.models import (
    Appeal,
    Decision,
    Delivery,
    EvalCase,
    EvalDataset,
    EvalRun,
    Rollout,
    WebhookEndpoint,
)
from moderation.states import Outcome
from moderation.versions import derive_version
from tests.browser.conftest import Visitor
from tests.builders import forget_caches
from tests.moderation.rollout.scene import a_run
from tests.moderation.web.world import World


@pytest.fixture
def plain(visitor: Callable[..., Visitor]) -> Callable[[str], Visitor]:
    """Return a maker of signed-in visitors without scripts."""

    def make(role: str) -> Visitor:
        who = visitor(scripts=False)
        who.sign_in(role)
        return who

    return make


def test_a_merchant_adds_an_endpoint_tests_it_resends_and_rolls_its_secret(
    world: World, plain: Callable[[str], Visitor], settings: Any
) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)
    page = plain("merchant").go("/developers/webhooks/")
    page.fill("input[name=url]", "ftp://127.0.0.1/hook")
    page.click("main button[type=submit]")
    assert page.title().startswith("Error:")
    page.fill("input[name=url]", "http://127.0.0.1:9/hook")
    page.click("main button[type=submit]")
    page.wait_for_url("**/developers/webhooks/WHE-*/")
    assert "whsec_" in page.inner_text("main")
    page.reload()
    assert "whsec_" not in page.inner_text("main")
    page.click("text=Send test")
    sent = Delivery.objects.get()
    assert sent.event == "webhook.test"
    sent.tries.create(number=1, error="Nobody answered.")
    Delivery.objects.update(state="dead", attempts=1)
    page.locator("main a:has-text('webhook.test')").first.click()
    page.click("text=Resend now")
    first, again = Delivery.objects.order_by("id")
    assert (again.event_id, again.resend_of) == (first.event_id, first)
    page.click("summary:has-text('secret')")
    page.click("text=Make a new secret")
    assert "whsec_" in page.inner_text("main")
    assert WebhookEndpoint.objects.get().old_secret


def test_a_merchant_appeals_and_another_moderator_agrees(
    world: World, plain: Callable[[str], Visitor], settings: Any
) -> None:
    task = world.decided(
        world.task(world.sent()),
        Outcome.REJECTED,
        clauses=[{"code": "P-105", "field": "title", "quote": "mug"}],
    )
    page = plain("merchant").go(f"/listings/{task.listing.public_id}/")
    page.click("text=Appeal this decision")
    page.fill("[name=text]", "It is a mug.")
    page.click("main button[type=submit]")
    assert Appeal.objects.get().state == "open"
    senior = plain("senior").go("/review/")
    senior.click(".act button")
    assert "It is a mug." in senior.inner_text("main")
    senior.click("#approve")
    assert Appeal.objects.get().state == "upheld"


def test_a_moderator_answers_a_spot_check(
    world: World, plain: Callable[[str], Visitor]
) -> None:
    check = world.live()
    page = plain("moderator").go("/review/spot-checks/")
    page.click("main form button[type=submit]")
    page.wait_for_url(f"**/review/{check.public_id}/")
    page.click("#approve")
    check.refresh_from_db()
    assert check.resolution == "confirmed"
    assert EvalCase.objects.get().provenance == "spot_check"


def test_an_admin_curates_freezes_and_starts_a_run(
    world: World, plain: Callable[[str], Visitor]
) -> None:
    world.checked(world.live(), Outcome.APPROVED)
    page = plain("admin").go("/ops/evals/cases/")
    page.click("text=Accept the ticked ones")
    assert EvalCase.objects.get().state == "accepted"
    page.goto(page.url.split("/ops/")[0] + "/ops/evals/")
    page.fill("#fn", "live")
    page.click("button:has-text('Freeze')")
    page.wait_for_url("**/ops/evals/datasets/live/1/")
    assert EvalDataset.objects.get().state == "frozen"
    page.click("text=Run eval")
    page.wait_for_url("**/ops/evals/runs/RUN-*/")
    assert EvalRun.objects.get().state == "planned"
    page.reload()
    assert "0 of 1 cases" in page.inner_text("main")


def test_an_admin_starts_advances_holds_and_stops_a_rollout(
    world: World, plain: Callable[[str], Visitor]
) -> None:
    forget_caches()
    type(world.pipeline).objects.update(created_by="system")
    candidate = derive_version(
        name="v16", by=world.actor("admin"), made_from=world.pipeline, threshold=0.5
    )
    a_run(candidate)
    page = plain("admin").go("/ops/rollout/")
    page.select_option("#cand", "v16")
    page.click("text=Start in shadow")
    page.wait_for_url("**/ops/rollout/ROL-*/")
    page.click(".act a")
    page.check("[name=override]")
    page.fill("#why", "Short")
    page.click("[data-send]")
    assert Rollout.objects.get().state == "shadow"
    page.fill("#why", "A test of the plain forms.")
    page.check("[name=override]")
    page.click("[data-send]")
    row = Rollout.objects.get()
    assert (row.state, row.percent) == ("ramping", 1)
    page.click("text=Hold here")
    assert Rollout.objects.get().is_held
    page.click("text=Stop v16 now")
    assert Rollout.objects.get().state == "halted"
    assert "v16 is stopped" in page.inner_text("body")
    assert not Decision.objects.exists()
