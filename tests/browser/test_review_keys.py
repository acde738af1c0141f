"""The moderator's keys: few, safe, and never for another item than the one shown."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from moderation.models import Decision, ReviewTask
from moderation.states import Outcome, TaskState
from tests.browser.conftest import Visitor
from tests.moderation.web.world import World

# Longer than the guard that stops a rhythm from hitting the next item.
GUARD_MS = 400


@pytest.fixture
def mod(world: World, visitor: Callable[..., Visitor]) -> Callable[[], Page]:
    """Return a way to take the first task as the moderator."""

    def start() -> Page:
        who = visitor()
        page = who.sign_in("moderator")
        page.keyboard.press("Enter")
        page.wait_for_selector("#approve")
        # Scripts have run by then, and the guard counts from when they did.
        page.wait_for_load_state("load")
        page.wait_for_timeout(GUARD_MS)
        return page

    return start


def plain(world: World, number: int) -> ReviewTask:
    """Return a task with nothing doubtful, due in the order of its number."""
    task = world.task(
        world.sent(external_id=f"P-{number}", title=f"Plain mug {number}")
    )
    due = task.due_at + timedelta(seconds=number)
    ReviewTask.objects.filter(pk=task.pk).update(due_at=due)
    return task


def sooner(task: ReviewTask) -> ReviewTask:
    """Put a task at the head of the queue."""
    due = task.due_at - timedelta(minutes=30)
    ReviewTask.objects.filter(pk=task.pk).update(due_at=due)
    return task


def shown(page: Page) -> str:
    """Return the item on the screen."""
    return page.locator("#review").get_attribute("data-item") or ""


def next_item(page: Page, before: str) -> str:
    """Wait for another item; return it."""
    page.wait_for_function(
        "before => document.querySelector('#review')?.dataset.item !== before",
        arg=before,
    )
    return shown(page)


def the_decision(task: ReviewTask) -> Decision:
    """Return the one decision of a task."""
    return Decision.objects.get(task=task)


def test_approving_what_is_clear_takes_one_key(
    world: World, mod: Callable[[], Page]
) -> None:
    first, second = plain(world, 1), plain(world, 2)
    page = mod()
    page.keyboard.press("a")
    assert next_item(page, first.public_id) == second.public_id
    assert the_decision(first).outcome == Outcome.APPROVED
    assert page.url.endswith(f"/review/{second.public_id}/")
    assert page.locator("#live").inner_text() == "Approved. Next: Plain mug 2"
    assert "Plain mug 2" in page.title()


@pytest.mark.parametrize(
    ("digit", "category", "corrected"),
    [("1", "Kitchen > Knives > Chef's knives", 0), ("2", "Outdoor", 1)],
)
def test_accepting_and_correcting_a_doubt_cost_the_same_two_keys(
    world: World,
    mod: Callable[[], Page],
    digit: str,
    category: str,
    corrected: int,
) -> None:
    task = sooner(world.knife())
    plain(world, 1)
    page = mod()
    page.keyboard.press(digit)
    page.keyboard.press("a")
    next_item(page, task.public_id)
    decision = the_decision(task)
    assert decision.published is not None
    assert decision.published["category"] == category
    assert decision.corrections.filter(kind="field").count() == corrected
    assert [c["code"] for c in decision.clauses] == ["P-701"]


def test_approving_waits_until_the_doubt_is_settled(
    world: World, mod: Callable[[], Page]
) -> None:
    task = world.knife()
    page = mod()
    page.keyboard.press("a")
    page.wait_for_function(
        "() => document.querySelector('#live').textContent.startsWith('Pick a')"
    )
    assert "Pick a category first, 1 to 3." in page.locator("#effect").inner_text()
    assert page.evaluate("document.activeElement.name") == "pick-category"
    assert not Decision.objects.filter(task=task).exists()


def test_a_value_can_be_typed_for_what_is_doubtful(
    world: World, mod: Callable[[], Page]
) -> None:
    task = world.knife()
    plain(world, 1)
    page = mod()
    page.keyboard.press("3")
    page.keyboard.type("Home > Kitchen > Knives")
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    next_item(page, task.public_id)
    published = the_decision(task).published
    assert published is not None
    assert published["category"] == "Home > Kitchen > Knives"


def test_a_clear_field_is_corrected_by_enter_typing_enter_and_approve(
    world: World, mod: Callable[[], Page]
) -> None:
    task, _ = plain(world, 1), plain(world, 2)
    page = mod()
    page.keyboard.press("j")
    name = page.evaluate("document.activeElement.id")
    assert name == "f-category"
    page.keyboard.press("Enter")
    page.keyboard.type("Home > Mugs")
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    next_item(page, task.public_id)
    decision = the_decision(task)
    assert decision.published is not None
    assert decision.published["category"] == "Home > Mugs"
    assert [c.field for c in decision.corrections.filter(kind="field")] == ["category"]


def test_rejecting_under_the_first_clause_takes_three_keys(
    world: World, mod: Callable[[], Page]
) -> None:
    task = sooner(world.knife())
    plain(world, 1)
    page = mod()
    page.keyboard.press("r")
    page.wait_for_selector("#panel")
    page.wait_for_function("() => document.activeElement.id === 'q'")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    next_item(page, task.public_id)
    decision = the_decision(task)
    assert decision.outcome == Outcome.REJECTED
    assert decision.clauses == [
        {
            "code": "P-102",
            "field": "description",
            "quote": "kitchen or hunting trips",
        }
    ]


def test_rejecting_under_a_typed_code_takes_six_keys(
    world: World, mod: Callable[[], Page]
) -> None:
    task = plain(world, 1)
    plain(world, 2)
    page = mod()
    page.keyboard.press("r")
    page.wait_for_function("() => document.activeElement.id === 'q'")
    for key in "p31":
        page.keyboard.press(key)
    page.wait_for_function(
        "() => document.querySelector('#codes :checked')?.value === 'P-301'"
    )
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    next_item(page, task.public_id)
    assert [c["code"] for c in the_decision(task).clauses] == ["P-301"]


def test_escape_leaves_the_panel_and_gives_the_focus_back(
    world: World, mod: Callable[[], Page]
) -> None:
    plain(world, 1)
    page = mod()
    page.keyboard.press("r")
    page.wait_for_function("() => document.activeElement.id === 'q'")
    page.keyboard.press("Escape")
    page.wait_for_selector("#panel", state="detached")
    page.wait_for_function("() => document.activeElement.id === 'reject'")
    assert "Decided like this before" in page.locator("#rail").inner_text()


def test_escalating_with_a_reason_takes_two_keys(
    world: World, mod: Callable[[], Page]
) -> None:
    task = plain(world, 1)
    plain(world, 2)
    page = mod()
    page.keyboard.press("e")
    page.wait_for_selector("#panel")
    page.keyboard.press("1")
    next_item(page, task.public_id)
    escalation = ReviewTask.objects.get(kind="escalation")
    assert escalation.submission == task.submission
    assert "The policy is unclear here" in escalation.reasons[0]["message"]


def test_z_takes_the_last_decision_back_and_returns_to_it(
    world: World, mod: Callable[[], Page]
) -> None:
    first, second = plain(world, 1), plain(world, 2)
    page = mod()
    page.keyboard.press("a")
    next_item(page, first.public_id)
    page.keyboard.press("z")
    assert next_item(page, second.public_id) == first.public_id
    assert the_decision(first).undone_at is not None
    second.refresh_from_db()
    assert second.state == TaskState.OPEN
    assert page.locator("#live").inner_text() == "Undone. It is yours again."


def test_z_takes_a_skip_back_too(world: World, mod: Callable[[], Page]) -> None:
    first, second = plain(world, 1), plain(world, 2)
    page = mod()
    page.keyboard.press("s")
    assert next_item(page, first.public_id) == second.public_id
    page.keyboard.press("z")
    assert next_item(page, second.public_id) == first.public_id


def test_two_presses_of_a_decide_one_item(
    world: World, mod: Callable[[], Page]
) -> None:
    first = plain(world, 1)
    second, _ = plain(world, 2), plain(world, 3)
    page = mod()
    page.keyboard.press("a")
    page.wait_for_timeout(100)
    page.keyboard.press("a")
    next_item(page, first.public_id)
    page.keyboard.press("a")
    page.wait_for_timeout(GUARD_MS)
    assert Decision.objects.count() == 1
    assert shown(page) == second.public_id


def test_held_modified_and_typed_keys_never_decide(
    world: World, mod: Callable[[], Page]
) -> None:
    plain(world, 1)
    page = mod()
    posts: list[str] = []
    page.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    chance = random.Random(7)
    page.evaluate(
        """() => { window.dispatch = (key, init) => document.activeElement
             .dispatchEvent(new KeyboardEvent("keydown",
               {key, bubbles: true, cancelable: true, ...init})); }"""
    )
    for _ in range(200):
        how = chance.choice(["ctrlKey", "metaKey", "altKey", "repeat"])
        key = chance.choice("asz1r")
        page.evaluate("([k, h]) => window.dispatch(k, {[h]: true})", [key, how])
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.keyboard.type("aasszz")
    page.wait_for_timeout(GUARD_MS)
    assert [url for url in posts if "/lease/" not in url] == []
    assert not Decision.objects.exists()


def test_letters_can_be_switched_off_and_every_action_stays_reachable(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    task = plain(world, 1)
    who = visitor()
    page = who.sign_in("moderator")
    who.go("/account/")
    page.uncheck("[name=letter_keys]")
    page.click("button[type=submit].pri")
    page.wait_for_selector("text=Kept.")
    who.go("/review/")
    page.click(".act button")
    page.wait_for_selector("#approve")
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("a")
    page.wait_for_timeout(GUARD_MS)
    assert not Decision.objects.exists()
    page.focus("#approve")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/")
    assert the_decision(task).outcome == Outcome.APPROVED


def test_the_focus_is_never_lost_after_a_swap(
    world: World, mod: Callable[[], Page]
) -> None:
    plain(world, 1)
    plain(world, 2)
    sooner(world.knife())
    page = mod()

    def focused() -> str:
        return str(page.evaluate("document.activeElement.tagName"))

    assert focused() != "BODY"
    before = shown(page)
    page.keyboard.press("1")
    page.keyboard.press("a")
    next_item(page, before)
    page.wait_for_function("() => document.activeElement !== document.body")
    before = shown(page)
    page.wait_for_timeout(GUARD_MS)
    page.keyboard.press("s")
    next_item(page, before)
    page.wait_for_function("() => document.activeElement !== document.body")


def test_a_lost_hold_says_so_and_decides_nothing(
    world: World, mod: Callable[[], Page]
) -> None:
    task = plain(world, 1)
    page = mod()
    ReviewTask.objects.filter(pk=task.pk).update(
        lease_token="00000000-0000-4000-8000-000000000001"
    )
    page.keyboard.press("a")
    page.wait_for_selector("text=Your hold on this task ran out")
    assert not Decision.objects.exists()


def test_the_question_mark_lists_the_keys(
    world: World, mod: Callable[[], Page]
) -> None:
    plain(world, 1)
    page = mod()
    page.keyboard.press("?")
    assert page.locator("#keys[open]").count() == 1
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    assert not Decision.objects.exists()


def test_a_review_page_is_light(world: World, visitor: Callable[..., Visitor]) -> None:
    task = world.knife()
    who = visitor()
    page = who.sign_in("moderator")
    sizes: dict[str, int] = {}

    def weigh(response: object) -> None:
        url = response.url.split("?")[0]  # type: ignore[attr-defined]
        sizes[url] = len(response.body())  # type: ignore[attr-defined]

    page.on("response", weigh)
    page.keyboard.press("Enter")
    page.wait_for_selector("#approve")
    page.wait_for_load_state("networkidle")
    html = [n for url, n in sizes.items() if url.endswith(f"{task.public_id}/")]
    css = [n for url, n in sizes.items() if url.endswith(".css")]
    assert 0 < sum(html) < 40_000
    assert 0 < sum(css) < 20_000
    assert sum(sizes.values()) < 200_000
