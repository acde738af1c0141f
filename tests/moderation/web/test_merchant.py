"""What a merchant sees: what needs them, where each listing stands, and why."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from moderation.models import Submission
from moderation.states import Outcome
from moderation.web import merchant_read
from tests.moderation.web.world import World


@pytest.fixture
def seller(client_of: Callable[[str], Client]) -> Client:
    return client_of("merchant")


def page_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def decided(world: World, name: str, outcome: Outcome, **options: object) -> Submission:
    """Return a submission decided some minutes ago."""
    clauses = options.pop("clauses", None)
    if clauses is None and outcome != Outcome.APPROVED:
        clauses = [{"code": "P-708", "field": "description", "quote": "holds 350 ml"}]
    task = world.task(world.sent(external_id=name, title=f"Mug called {name}"))
    return world.decided(task, outcome, clauses=clauses, **options)  # type: ignore[arg-type]


def test_home_counts_what_needs_the_merchant(world: World, seller: Client) -> None:
    decided(world, "ASK", Outcome.CHANGES_NEEDED, statement="Say what it holds.")
    decided(world, "LIVE", Outcome.APPROVED)
    world.sent(external_id="NEW")
    html = page_of(seller, "/")
    assert "One thing needs you" in html
    assert "Of 3 listings, 1 is live, 1 is being checked, 0 are closed" in html
    assert "Say what it holds, rule" in html
    assert "<title>1 thing needs you: Home · Reviewhub</title>" in html


def test_home_of_a_new_merchant_shows_three_ways_to_send(seller: Client) -> None:
    html = page_of(seller, "/")
    assert "Welcome, Kiln &amp; Stone" in html
    assert "curl -X POST http://testserver/api/v1/listings" in html


@pytest.mark.parametrize(
    ("tab", "name"),
    [("needs", "ASK"), ("checking", "NEW"), ("live", "LIVE"), ("closed", "NO")],
)
def test_each_tab_holds_its_own_listings(
    world: World, seller: Client, tab: str, name: str
) -> None:
    decided(world, "ASK", Outcome.CHANGES_NEEDED)
    decided(world, "LIVE", Outcome.APPROVED)
    decided(world, "NO", Outcome.REJECTED)
    world.sent(external_id="NEW")
    html = page_of(seller, f"/listings/?tab={tab}")
    found = [n for n in ("ASK", "LIVE", "NO", "NEW") if f">{n}</td>" in html]
    assert found == [name]
    assert html.count("<span>1</span>") == 4


def test_a_decision_in_its_undo_window_is_not_shown_yet(
    world: World, seller: Client
) -> None:
    found = decided(world, "WAIT", Outcome.REJECTED, ago=timedelta(seconds=2))
    html = page_of(seller, f"/listings/{found.listing.public_id}/")
    assert "A person reads it" in html
    assert "P-708" not in html


def test_search_looks_in_references_and_titles_of_every_state(
    world: World, seller: Client
) -> None:
    decided(world, "AX-7", Outcome.REJECTED)
    world.sent(external_id="BX-8", title="Copper kettle, 2 litres")
    assert "Copper kettle" in page_of(seller, "/listings/?q=copper")
    assert "AX-7" in page_of(seller, "/listings/?q=ax-")
    nothing = page_of(seller, "/listings/?q=%25")
    assert "Nothing found for" in nothing


def test_lists_go_on_page_by_page_without_loss_or_repeat(world: World) -> None:
    for number in range(7):
        world.sent(external_id=f"N-{number}", title=f"Mug number {number}")
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        rows, cursor = merchant_read.rows(world.merchant, after=cursor, size=3)
        seen += [row.submission.listing.external_id for row in rows]
    assert cursor == ""
    assert seen == [f"N-{n}" for n in reversed(range(7))]


def test_changes_needed_quotes_the_words_and_offers_the_input_that_mends_them(
    world: World, seller: Client
) -> None:
    found = decided(
        world, "ASK", Outcome.CHANGES_NEEDED, statement="Say what it holds."
    )
    html = page_of(seller, f"/listings/{found.listing.public_id}/")
    assert "One change and it can go live" in html
    assert "<mark>holds 350 ml</mark>" in html
    assert "/rules/P-708/" in html
    assert "Say what it holds." in html
    assert html.index('id="description"') < html.index("Everything else")
    assert "A person, after our checker asked for one." in html
    assert "<title>1 change needed: Mug called ASK · Reviewhub</title>" in html


def test_a_refusal_says_which_words_which_rule_who_and_how_to_disagree(
    world: World, seller: Client
) -> None:
    found = decided(world, "NO", Outcome.REJECTED)
    html = page_of(seller, f"/listings/{found.listing.public_id}/")
    for words in (
        "Not accepted",
        "Your words in the description",
        "<mark>holds 350 ml</mark>",
        "P-708",
        "A person decided.",
        "If you disagree",
        "Send a corrected version",
    ):
        assert words in html, words


def test_what_was_tidied_is_shown_before_and_after(
    world: World, seller: Client
) -> None:
    task = world.task(world.sent(external_id="T", title="  STONEWARE   MUG, BLUE "))
    found = world.decided(task, Outcome.APPROVED)
    html = page_of(seller, f"/listings/{found.listing.public_id}/")
    assert "What we tidied, nothing for you to do" in html
    assert found.tidied is not None
    assert f"<h1>{found.tidied['title']}</h1>" in html
    assert "<del>  STONEWARE   MUG, BLUE </del>" in html
    assert "We tidied the title." in page_of(seller, "/listings/?tab=live")


def test_an_unchanged_listing_says_so(world: World, seller: Client) -> None:
    found = decided(world, "SAME", Outcome.APPROVED)
    html = page_of(seller, f"/listings/{found.listing.public_id}/")
    assert "We changed nothing" in html
    assert "Live as shown here" in html


def test_the_status_is_polled_until_there_is_an_answer_then_reloads(
    world: World, seller: Client
) -> None:
    task = world.task(world.sent())
    path = f"/listings/{task.submission.listing.public_id}/"
    assert 'hx-trigger="every 2s"' in page_of(seller, path)
    ask = {"headers": {"HX-Request": "true"}}
    first = seller.get(f"{path}status/?n=1", **ask).content.decode()  # type: ignore[arg-type]
    later = seller.get(f"{path}status/?n=90", **ask).content.decode()  # type: ignore[arg-type]
    assert 'hx-trigger="every 2s"' in first
    assert 'hx-trigger="every 15s"' in later
    world.decided(task, Outcome.APPROVED)
    final = seller.get(f"{path}status/?n=2", **ask)  # type: ignore[arg-type]
    assert final["HX-Redirect"] == path
    assert "hx-trigger" not in page_of(seller, path)


@pytest.mark.parametrize("n", ["", "x", "-5", "99999999999999999999"])
def test_a_strange_poll_number_is_no_error(
    world: World, seller: Client, n: str
) -> None:
    path = f"/listings/{world.sent().listing.public_id}/status/"
    assert seller.get(path, {"n": n}).status_code == 200


def test_taking_a_listing_back_ends_its_review(world: World, seller: Client) -> None:
    task = world.task(world.sent())
    path = f"/listings/{task.submission.listing.public_id}/"
    response = seller.post(f"{path}withdraw/", follow=True)
    assert "Taken back. Nobody reads it now." in response.content.decode()
    task.refresh_from_db()
    assert task.state == "cancelled"
    again = seller.post(f"{path}withdraw/", follow=True)
    assert "stays as it is" in again.content.decode()


def test_lists_cost_the_same_queries_however_long(
    world: World, seller: Client, django_assert_max_num_queries: Callable
) -> None:
    for number in range(12):
        world.sent(external_id=f"N-{number}", title=f"Mug number {number}")
    seller.get("/listings/")
    with django_assert_max_num_queries(12):
        seller.get("/listings/?tab=checking")
    with django_assert_max_num_queries(14):
        seller.get("/")
