"""Decisions by plain form posts, as a browser without scripts sends them."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from moderation.models import Decision, ReviewTask, TaskSkip
from moderation.states import Outcome, TaskState
from tests.moderation.web.world import World


class Form(HTMLParser):
    """Reads the inputs that one form of a page would post."""

    def __init__(self, html: str, action: str) -> None:
        super().__init__()
        self.action, self.inside = action, False
        self.values: dict[str, list[str]] = {}
        self.area: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.inside = self.inside or found.get("action") == self.action
        name = found.get("name")
        if not self.inside or not name:
            return
        kind = found.get("type", "text")
        if tag == "input" and (
            kind not in ("radio", "checkbox", "submit") or "checked" in found
        ):
            self.values.setdefault(name, []).append(found.get("value") or "")
        if tag == "textarea":
            self.area = name
            self.values.setdefault(name, []).append("")

    def handle_data(self, data: str) -> None:
        if self.inside and self.area:
            self.values[self.area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = None
        if tag == "form":
            self.inside = False


def form_of(client: Client, path: str, action: str) -> dict[str, Any]:
    """Return what a form on a page would post if nothing were touched."""
    response = client.get(path)
    assert response.status_code == 200
    return dict(Form(response.content.decode(), action).values)


@pytest.fixture
def mod(client_of: Callable[[str], Client]) -> Client:
    return client_of("moderator")


def take(client: Client, task: ReviewTask) -> str:
    """Claim a task by form; return its address."""
    response = client.post("/review/next/", {"task": task.public_id})
    assert response.status_code == 303
    assert response["Location"] == f"/review/{task.public_id}/"
    return str(response["Location"])


def test_start_leases_the_task_that_is_due_first(world: World, mod: Client) -> None:
    world.task(world.sent(external_id="LATER"))
    first = world.task(
        world.sent(external_id="FIRST"), due_at=timezone.now() + timedelta(minutes=1)
    )
    response = mod.post("/review/next/", {"queue": "general"})
    assert response["Location"] == f"/review/{first.public_id}/"
    first.refresh_from_db()
    assert first.state == TaskState.CLAIMED


def test_start_on_an_empty_queue_says_all_clear(world: World, mod: Client) -> None:
    response = mod.post("/review/next/", {"queue": "general"}, follow=True)
    assert response.redirect_chain == [("/review/", 303)]
    assert "All clear" in response.content.decode()


def test_approving_as_shown_corrects_nothing_and_goes_on(
    world: World, mod: Client
) -> None:
    task = world.task(world.sent(), proposed={"title": "Stoneware mug, 350 ml"})
    following = world.task(world.sent(external_id="NEXT"))
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}decide/") | {"outcome": "approved"}
    response = mod.post(f"{path}decide/", posted)
    assert response.status_code == 303
    assert response["Location"] == f"/review/{following.public_id}/"
    decision = Decision.objects.get()
    assert decision.published is not None
    assert decision.published["title"] == "Stoneware mug, 350 ml"
    assert not decision.corrections.filter(kind="field").exists()


def test_a_field_typed_anew_is_kept_as_a_correction(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}decide/")
    posted |= {
        "outcome": "approved",
        "edit-title": "Blue stoneware mug, 350 ml",
        "edit-price": "19.00 USD",
        "edit-attributes": "Colour: blue",
    }
    mod.post(f"{path}decide/", posted)
    decision = Decision.objects.get()
    assert decision.published is not None
    assert decision.published["title"] == "Blue stoneware mug, 350 ml"
    assert decision.published["price"] == "19.00"
    assert decision.published["currency"] == "USD"
    assert sorted(c.field for c in decision.corrections.filter(kind="field")) == [
        "currency",
        "price",
        "title",
    ]


def test_what_is_doubtful_must_be_settled_before_approving(
    world: World, mod: Client
) -> None:
    task = world.knife()
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}decide/") | {"outcome": "approved"}
    assert "pick-category" not in posted
    response = mod.post(f"{path}decide/", posted)
    assert response.status_code == 422
    assert "Pick the category first." in response.content.decode()
    assert not Decision.objects.exists()
    response = mod.post(f"{path}decide/", posted | {"pick-category": "2"})
    assert response.status_code == 303
    published = Decision.objects.get().published
    assert published is not None
    assert published["category"] == "Outdoor"


def test_a_pick_that_was_never_offered_settles_nothing(
    world: World, mod: Client
) -> None:
    path = take(mod, world.knife())
    posted = form_of(mod, path, f"{path}decide/")
    posted |= {"outcome": "approved", "pick-category": "9"}
    assert mod.post(f"{path}decide/", posted).status_code == 422


def test_rejecting_has_a_page_of_its_own(world: World, mod: Client) -> None:
    task = world.knife()
    path = take(mod, task)
    posted = form_of(mod, f"{path}reject/", f"{path}decide/")
    assert posted["outcome"] == ["rejected"]
    posted |= {"clauses": "P-102", "statement": "Hunting knives are not taken."}
    assert mod.post(f"{path}decide/", posted).status_code == 303
    decision = Decision.objects.get()
    assert decision.outcome == Outcome.REJECTED
    assert decision.statement == "Hunting knives are not taken."
    assert decision.clauses[0]["quote"] == "kitchen or hunting trips"


def test_asking_for_changes_needs_a_clause_and_names_the_lack(
    world: World, mod: Client
) -> None:
    path = take(mod, world.task(world.sent()))
    posted = form_of(mod, f"{path}reject/", f"{path}decide/")
    posted |= {"outcome": "changes_needed"}
    response = mod.post(f"{path}decide/", posted)
    assert response.status_code == 422
    assert "Name at least one clause" in response.content.decode()
    posted |= {"clauses": "P-708"}
    assert mod.post(f"{path}decide/", posted).status_code == 303
    assert Decision.objects.get().outcome == Outcome.CHANGES_NEEDED


@pytest.mark.parametrize(
    ("words", "code"),
    [("p12", "P-102"), ("firearms", "P-101"), ("P-708", "P-708"), ("zzz", "")],
)
def test_clauses_are_found_by_letters_of_the_code_or_by_words(
    world: World, mod: Client, words: str, code: str
) -> None:
    path = take(mod, world.task(world.sent()))
    html = mod.get(f"{path}reject/", {"q": words}).content.decode()
    found = Form(html, f"{path}decide/").values.get("clauses", [""])
    assert found[0] == code


def test_undo_takes_the_decision_back_and_returns_to_the_task(
    world: World, mod: Client
) -> None:
    task = world.task(world.sent())
    other = world.task(world.sent(external_id="NEXT"))
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}decide/") | {"outcome": "approved"}
    mod.post(f"{path}decide/", posted)
    following = f"/review/{other.public_id}/"
    undo = form_of(mod, following, f"{path}undo/")
    assert undo["held"] == [other.public_id]
    response = mod.post(f"{path}undo/", undo)
    assert response["Location"] == path
    assert Decision.objects.get().undone_at is not None
    task.refresh_from_db()
    other.refresh_from_db()
    assert (task.state, other.state) == (TaskState.CLAIMED, TaskState.OPEN)


def test_undo_after_its_window_explains_and_changes_nothing(
    world: World, mod: Client
) -> None:
    task = world.task(world.sent())
    world.decided(task, Outcome.APPROVED, ago=timedelta(minutes=5))
    decision = Decision.objects.get()
    response = mod.post(
        f"/review/{task.public_id}/undo/",
        {"decision": decision.public_id},
        follow=True,
    )
    assert "can no longer be undone" in response.content.decode()
    decision.refresh_from_db()
    assert decision.undone_at is None


def test_skipping_goes_on_and_can_be_taken_back(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    other = world.task(world.sent(external_id="NEXT"))
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}skip/")
    response = mod.post(f"{path}skip/", posted)
    following = f"/review/{other.public_id}/"
    assert response["Location"] == following
    assert TaskSkip.objects.filter(task=task).exists()
    undo = form_of(mod, following, f"{path}undo/")
    assert mod.post(f"{path}undo/", undo)["Location"] == path
    task.refresh_from_db()
    assert task.claimed_by == world.people["moderator"]


def test_escalating_opens_a_task_for_seniors(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    path = take(mod, task)
    posted = form_of(mod, f"{path}escalate/", f"{path}escalate/")
    response = mod.post(f"{path}escalate/", posted | {"reason": "Who knows coins?"})
    assert response["Location"] == "/review/"
    escalation = ReviewTask.objects.get(kind="escalation")
    assert escalation.senior_only
    assert "Who knows coins?" in escalation.reasons[0]["message"]


def test_the_same_press_twice_is_answered_with_what_was_decided(
    world: World, mod: Client
) -> None:
    path = take(mod, world.task(world.sent()))
    posted = form_of(mod, path, f"{path}decide/") | {"outcome": "approved"}
    mod.post(f"{path}decide/", posted)
    again = mod.post(f"{path}decide/", posted)
    assert again.status_code == 409
    assert "Approved already at" in again.content.decode()
    assert Decision.objects.count() == 1


def test_a_task_that_another_took_is_shown_to_read_only(
    world: World, client_of: Callable[[str], Client], mod: Client
) -> None:
    task = world.task(world.sent())
    path = take(mod, task)
    html = client_of("senior").get(path).content.decode()
    assert "holds this item until" in html
    assert 'id="approve"' not in html
    assert "lease_token" not in html.replace('name="lease_token" value=""', "")


def test_a_listing_withdrawn_meanwhile_cannot_be_decided(
    world: World, client_of: Callable[[str], Client], mod: Client
) -> None:
    task = world.task(world.sent())
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}decide/") | {"outcome": "approved"}
    listing = task.submission.listing.public_id
    client_of("merchant").post(f"/listings/{listing}/withdraw/")
    response = mod.post(f"{path}decide/", posted)
    assert response.status_code == 409
    assert "took this version back" in response.content.decode()


def test_a_hold_is_renewed_and_its_loss_is_said(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    path = take(mod, task)
    task.refresh_from_db()
    before = task.lease_until
    token = {"lease_token": str(task.lease_token)}
    headers = {"HX-Request": "true"}
    assert mod.post(f"{path}lease/", token, headers=headers).status_code == 200
    task.refresh_from_db()
    assert task.lease_until > before
    lost = mod.post(f"{path}lease/", {"lease_token": "nonsense"}, headers=headers)
    assert lost.status_code == 409
    assert "Hold ended" in lost.content.decode()


def test_giving_a_task_back_opens_it(world: World, mod: Client) -> None:
    task = world.task(world.sent())
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}release/")
    assert mod.post(f"{path}release/", posted)["Location"] == "/review/"
    task.refresh_from_db()
    assert task.state == TaskState.OPEN


def test_htmx_gets_the_next_task_as_a_part_of_the_page(
    world: World, mod: Client
) -> None:
    task = world.task(world.sent())
    other = world.task(world.sent(external_id="NEXT", title="Another mug, 200 ml"))
    path = take(mod, task)
    posted = form_of(mod, path, f"{path}decide/") | {"outcome": "approved"}
    response = mod.post(f"{path}decide/", posted, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert response["HX-Push-Url"] == f"/review/{other.public_id}/"
    assert response["HX-Retarget"] == "#review"
    assert "<!doctype" not in html
    assert 'data-say="Approved. Next: Another mug, 200 ml"' in html


def test_the_consequence_is_said_before_the_decision(world: World, mod: Client) -> None:
    path = take(mod, world.knife())
    unsettled = mod.get(f"{path}effect/").content.decode()
    assert "Pick a" in unsettled
    settled = mod.get(f"{path}effect/", {"pick-category": "2"}).content.decode()
    assert "Approve publishes it with your category." in settled
    assert 'mended under <span class="cd">P-701</span>' in settled
