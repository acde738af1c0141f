"""Sending by form: what is refused and why, what is previewed, what is stored."""

from collections.abc import Callable

import pytest
from django.test import Client

from moderation.content import Content
from moderation.models import Mode, Submission
from moderation.standardise.standard import standardise
from moderation.states import Outcome
from tests.moderation.web.world import World, listing


@pytest.fixture
def seller(client_of: Callable[[str], Client]) -> Client:
    return client_of("merchant")


def typed(**changes: str) -> dict[str, str]:
    """Return what a merchant types into the form."""
    data = {name: str(value) for name, value in listing().items()}
    return data | {"attributes": "Colour: blue", "image_urls": ""} | changes


def test_a_good_listing_is_stored_once_and_shown(world: World, seller: Client) -> None:
    response = seller.post("/listings/new/", typed())
    submission = Submission.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/listings/{submission.listing.public_id}/"
    assert submission.source == "form"
    assert submission.raw is not None
    assert submission.raw["attributes"] == {"Colour": "blue"}
    again = seller.post("/listings/new/", typed(), follow=True)
    assert "That is what you sent before" in again.content.decode()
    assert Submission.objects.count() == 1


def test_every_problem_is_named_in_the_summary_and_at_its_input(
    world: World, seller: Client
) -> None:
    data = typed(price="24,90 or best offer", image_urls="ftp://x.example/a.jpg")
    response = seller.post("/listings/new/", data)
    html = response.content.decode()
    assert response.status_code == 422
    assert "<title>Error: 2 things to mend: New listing · Reviewhub</title>" in html
    assert 'href="#price"' in html
    assert 'href="#image_urls"' in html
    assert (
        'id="price" name="price" inputmode="decimal" value="24,90 or best offer"'
        in (html)
    )
    assert html.count('aria-invalid="true"') == 2
    words = html.split('id="e-price">')[1].split("</p>")[0]
    assert html.count(words) >= 2
    assert not Submission.objects.exists()


def test_the_preview_shows_what_is_tidied_and_stores_nothing(
    world: World, seller: Client
) -> None:
    data = typed(title="STONEWARE MUG ★ BLUE", price="18,50")
    response = seller.post("/listings/preview/", data, headers={"HX-Request": "true"})
    html = response.content.decode()
    reads = standardise(Content(title="STONEWARE MUG ★ BLUE")).content.title
    assert f'<p class="t">{reads}</p>' in html
    assert "★" not in reads
    assert "18.50 EUR" in html
    assert "/rules/Q-05/" in html
    assert "<!doctype" not in html
    assert not Submission.objects.exists()


def test_the_preview_needs_no_script(world: World, seller: Client) -> None:
    response = seller.post("/listings/new/", typed(preview="1", title="MUG, BLUE BIG"))
    html = response.content.decode()
    assert response.status_code == 200
    assert "What we change, and why" in html
    assert 'value="MUG, BLUE BIG"' in html
    assert not Submission.objects.exists()


def test_an_empty_form_is_told_what_is_needed(world: World, seller: Client) -> None:
    html = seller.post("/listings/new/", {}).content.decode()
    for name in ("external_id", "title", "price", "currency", "category"):
        assert f'id="e-{name}"' in html, name


def test_sending_again_makes_the_next_version_of_the_same_listing(
    world: World, seller: Client
) -> None:
    task = world.task(world.sent())
    found = world.decided(task, Outcome.CHANGES_NEEDED, clauses=[{"code": "P-708"}])
    path = f"/listings/{found.listing.public_id}/"
    data = typed(title="Stoneware mug, green, 350 ml", external_id="ANOTHER")
    assert seller.post(f"{path}again/", data)["Location"] == path
    newest = found.listing.submissions.latest("version")
    assert newest.version == 2
    assert newest.raw is not None
    assert newest.raw["title"] == "Stoneware mug, green, 350 ml"


def test_a_bad_second_version_keeps_what_was_typed(
    world: World, seller: Client
) -> None:
    path = f"/listings/{world.sent().listing.public_id}/"
    response = seller.post(f"{path}again/", typed(price="free"))
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="free"' in html
    assert f'action="{path}again/"' in html


def test_a_closed_intake_keeps_the_form_and_says_when_to_try(
    world: World, seller: Client
) -> None:
    Mode.objects.create(mode="closed", note="Maintenance.", by_label="t")
    response = seller.post("/listings/new/", typed(title="Stoneware mug, kept, 350 ml"))
    html = response.content.decode()
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "We take no listings just now" in html
    assert "Stoneware mug, kept, 350 ml" in html


@pytest.mark.parametrize(
    "junk", ["\x00", "\ud800", "x" * 100_000, "\u202e", "{{ x }}", "'; --"]
)
def test_junk_in_any_input_is_answered_never_an_error(
    world: World, seller: Client, junk: str
) -> None:
    text = junk.encode("utf-8", "replace").decode()
    for name in (*listing(), "attributes", "image_urls", "language"):
        for path in ("/listings/new/", "/listings/preview/"):
            response = seller.post(path, typed(**{name: text}))
            assert response.status_code in (200, 303, 422), (path, name)
