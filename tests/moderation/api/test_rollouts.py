"""Rollouts over the wire: the revision guards, evidence counts, a stop is a stop."""

import json
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from moderation.models import AuditEvent, Rollout
from tests.builders import forget_caches
from tests.moderation.api.conftest import Caller, caller_of, problem_of
from tests.moderation.rollout.scene import moved_to, started

pytestmark = pytest.mark.django_db
NOTE = "No limit is near."


@pytest.fixture(autouse=True)
def _small(settings: Settings) -> None:
    forget_caches()
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 0


def shown(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def path(rollout: Rollout, verb: str = "") -> str:
    return f"/rollouts/{rollout.public_id}" + (f"/{verb}" if verb else "")


def test_a_rollout_reads_the_same_in_the_list_and_alone(admin: Caller) -> None:
    assert shown(admin.get("/rollouts")) == {"rollouts": []}
    rollout = started()
    alone = shown(admin.get(path(rollout)))
    assert shown(admin.get("/rollouts")) == {"rollouts": [alone]}
    assert (alone["candidate"], alone["state"], alone["revision"]) == (
        *("new", "shadow"),
        1,
    )
    assert alone["next"] == {"state": "ramping", "percent": 1}
    assert alone["evidence"]["gate_passed"] is True
    assert alone["threshold_status"] == "not certified"


def test_an_advance_moves_one_stage_under_the_revision_that_was_read(
    admin: Caller,
) -> None:
    rollout = started()
    body = {"revision": 1, "note": NOTE}
    found = shown(admin.post(path(rollout, "advance"), body))
    assert (found["percent"], found["revision"]) == (1, 2)
    assert found["steps"][-1]["note"] == NOTE
    problem = problem_of(admin.post(path(rollout, "advance"), body), 409)
    assert problem["type"].endswith("stale-revision")
    assert Rollout.objects.get().percent == 1
    event = AuditEvent.objects.get(action="advance")
    assert event.actor.startswith("key:")
    assert event.request_id


def test_the_revision_may_come_as_if_match(admin: Caller) -> None:
    rollout = started()
    go = path(rollout, "advance")
    stale = admin.post(go, {"note": NOTE}, headers={"If-Match": '"9"'})
    assert problem_of(stale, 409)
    bad = admin.post(go, {"note": NOTE}, headers={"If-Match": "new"})
    assert problem_of(bad, 422)["errors"][0]["field"] == "If-Match"
    none = problem_of(admin.post(go, {"note": NOTE}), 422)
    assert none["errors"][0]["pointer"] == "/revision"
    good = admin.post(go, {"note": NOTE}, headers={"If-Match": '"1"'})
    assert shown(good)["percent"] == 1


def test_without_evidence_it_is_refused_and_says_what_is_missing(
    admin: Caller,
) -> None:
    rollout = started(gate=False)
    body = {"revision": 1, "note": NOTE}
    problem = problem_of(admin.post(path(rollout, "advance"), body), 409)
    assert problem["type"].endswith("rollout-refused")
    assert "gate" in problem["detail"]
    found = shown(admin.post(path(rollout, "advance"), {**body, "override": True}))
    assert found["steps"][-1]["is_override"]


def test_a_second_admin_is_asked_for_here_too(
    admin: Caller, settings: Settings
) -> None:
    settings.REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT = 0
    rollout = started()
    body = {"revision": 1, "note": NOTE}
    first = shown(admin.post(path(rollout, "advance"), body), 202)
    assert (first["percent"], first["awaits_second_admin"]) == (0, True)
    other = caller_of("admin", name="another admin's key")
    assert shown(other.post(path(rollout, "advance"), body))["percent"] == 1


def test_a_hold_and_its_end(admin: Caller) -> None:
    rollout = started()
    assert shown(admin.post(path(rollout, "hold"), {}))["is_held"]
    assert problem_of(admin.post(path(rollout, "hold"), {}), 409)
    ended = admin.post(path(rollout, "hold"), {"on": False, "revision": 2})
    assert not shown(ended)["is_held"]


def test_a_stop_needs_neither_a_note_nor_the_newest_revision(admin: Caller) -> None:
    rollout = moved_to(started(), 25)
    stale = admin.post(path(rollout, "stop"), {"revision": 9})
    assert problem_of(stale, 409)
    found = shown(admin.post(path(rollout, "stop"), {}))
    assert (found["state"], found["percent"]) == ("halted", 0)
    assert problem_of(admin.post(path(rollout, "stop"), {}), 409)


@pytest.mark.parametrize(
    "body",
    [{"revision": "1", "note": NOTE}, {"revision": 1}, {"revision": 1, "who": "me"}],
)
def test_a_broken_body_moves_nothing(admin: Caller, body: Any) -> None:
    rollout = started()
    problem_of(admin.post(path(rollout, "advance"), body), 422)
    assert Rollout.objects.get().revision == 1


def test_the_list_asks_the_database_no_more_for_more_rollouts(
    admin: Caller, django_assert_max_num_queries: Any
) -> None:
    first = started()
    Rollout.objects.filter(pk=first.pk).update(
        state="halted", halted_at=first.started_at, halted_by="t"
    )
    for number in range(20):
        Rollout.objects.create(
            baseline=first.baseline,
            candidate=first.candidate,
            state="halted",
            salt=str(number),
            started_by="t",
            halted_at=first.started_at,
        )
    with django_assert_max_num_queries(10):
        assert len(shown(admin.get("/rollouts"))["rollouts"]) == 21
