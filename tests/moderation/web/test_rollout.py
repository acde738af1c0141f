"""The switch on its pages: honest figures, one-click stop, consequences first."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from moderation.access.actor import Actor
from moderation.models import Rollout, RolloutStep
from moderation.rollout import brake, stages
from moderation.versions import create_version
from tests.builders import forget_caches
from tests.moderation.rollout.scene import a_run, moved_to
from tests.moderation.web.world import World

NOTE = "No limit is near, 200 seen."
INES = Actor("person:ines")


@pytest.fixture(autouse=True)
def _small(settings: Settings) -> Iterator[None]:
    forget_caches()
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 0
    yield
    forget_caches()


@pytest.fixture
def rollout(world: World) -> Rollout:
    world.pipeline.created_by = "system"
    world.pipeline.save()
    new = create_version(
        name="v16",
        by=INES,
        provider="offline",
        model="reviewhub-offline-1",
        threshold=0.95,
        policy=world.pipeline.policy,
        prompt="listing_v2",
        made_from=world.pipeline,
    )
    a_run(new)
    return stages.start(candidate=new, by=INES)


def url(rollout: Rollout, verb: str = "") -> str:
    return f"/ops/rollout/{rollout.public_id}/" + (f"{verb}/" if verb else "")


def html(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def test_starting_is_a_form_where_nothing_is_under_way(
    world: World, rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    brake.stop(rollout=rollout, by=INES)
    client = client_of("admin")
    assert "Start in shadow" in html(client, "/ops/rollout/")
    data = {"candidate": "v16", "pilots": "kiln, rival", "note": "Again"}
    response = client.post("/ops/rollout/start/", data, follow=True)
    assert "v16 looks on from now" in response.content.decode()
    row = Rollout.objects.latest("id")
    assert set(row.pilot_merchants.values_list("slug", flat=True)) == {"kiln", "rival"}
    assert "Start in shadow" not in html(client, "/ops/rollout/")


def test_a_start_that_is_refused_says_why(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    for data, words in (
        ({"candidate": "v16"}, "A rollout is under way"),
        ({"candidate": "none"}, "Choose the version"),
    ):
        response = client.post("/ops/rollout/start/", data, follow=True)
        assert words in response.content.decode()
    assert Rollout.objects.count() == 1


def test_with_nothing_checked_the_page_says_nothing_of_quality(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    page = html(client_of("auditor"), url(rollout))
    assert "0 of 200 checked." in page
    assert "We say nothing before 200." in page
    assert "Too early to say" in page
    assert "Threshold not certified" in page
    assert "No listing was judged by both yet." in page
    assert "not known yet" in page
    assert "Stop v16 now" not in page


def test_an_advance_repeats_its_consequences_and_asks_for_words(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    page = html(client, url(rollout, "advance"))
    assert "Advance v16 to 1%" in page
    assert "Merchants who change version" in page
    assert "listings a day to v16" in page
    short = {"revision": 1, "note": "short"}
    assert client.post(url(rollout, "advance"), short).status_code == 422
    data = {"revision": 1, "note": NOTE}
    response = client.post(url(rollout, "advance"), data, follow=True)
    assert response.redirect_chain[-1][1] == 303
    assert "v16 moved to 1%." in response.content.decode()
    assert RolloutStep.objects.latest("id").figures["merchants"] == 0
    stale = client.post(url(rollout, "advance"), data)
    assert stale.status_code == 409
    assert "Somebody else moved this rollout" in stale.content.decode()


def test_missing_evidence_has_to_be_overridden_by_a_tick_and_is_marked(
    rollout: Rollout, client_of: Callable[[str], Client], settings: Settings
) -> None:
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 200
    client = client_of("admin")
    assert "0 of 200 assessments" in html(client, url(rollout, "advance"))
    data = {"revision": "1", "note": NOTE}
    assert client.post(url(rollout, "advance"), data).status_code == 422
    client.post(url(rollout, "advance"), {**data, "override": "on"})
    assert "Without the evidence" in html(client, url(rollout))


def test_stop_is_one_click_and_its_reason_may_follow(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    moved_to(rollout, 25)
    client = client_of("admin")
    page = html(client, url(rollout))
    assert "Stop v16 now" in page
    response = client.post(url(rollout, "stop"), follow=True)
    page = response.content.decode()
    assert "v16 is stopped. v15 judges everyone, in every process." in page
    assert "Add the reason" in page
    assert "Later" not in page
    client.post(url(rollout, "note"), {"note": "Too many doubts."})
    page = html(client, url(rollout))
    assert "Reason: Too many doubts." in page
    assert "Add the reason" not in page
    again = client.post(url(rollout, "stop"))
    assert again.status_code == 409


def test_hold_complete_resume_and_close_are_forms_of_their_own(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    client = client_of("admin")
    client.post(url(rollout, "hold"), {"revision": 1, "on": "1"})
    assert "End the hold" in html(client, url(rollout))
    assert "End the hold before it advances" in html(client, url(rollout, "advance"))
    client.post(url(rollout, "hold"), {"revision": 2, "on": "0"})
    moved_to(rollout, 100)
    assert "serves everyone" in html(client, url(rollout))
    client.post(url(rollout, "complete"), {"revision": 3, "note": "Done."})
    assert Rollout.objects.get().state == "complete"
    client.post(url(rollout, "stop"))
    client.post(url(rollout, "resume"), {"revision": 5, "note": NOTE})
    assert Rollout.objects.get().percent == 1
    client.post(url(rollout, "stop"))
    client.post(url(rollout, "close"), {"revision": 7})
    assert Rollout.objects.get().state == "closed"
    assert "gave v16" in html(client, url(rollout))


def test_the_panel_is_a_fragment_that_says_the_same(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    client = client_of("auditor")
    panel = client.get(url(rollout, "panel"), headers={"HX-Request": "true"})
    assert "<html" not in panel.content.decode()
    assert "We say nothing before 200." in panel.content.decode()
    assert client.get(url(rollout, "panel")).status_code == 303


def test_a_note_from_a_stranger_is_escaped(
    rollout: Rollout, client_of: Callable[[str], Client]
) -> None:
    brake.stop(rollout=rollout, by=INES, note="<script>alert(1)</script>")
    assert "<script>alert" not in html(client_of("admin"), url(rollout))
    assert "<script>alert" not in html(client_of("admin"), "/ops/rollout/")


def test_a_missing_rollout_is_not_found(client_of: Callable[[str], Client]) -> None:
    html(client_of("admin"), "/ops/rollout/ROL-NOTHING/", 404)
