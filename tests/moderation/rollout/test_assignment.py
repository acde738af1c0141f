"""Who is judged by what: sticky, nested, by primary key, and never by the stopped."""

import pytest
from pytest_django.fixtures import Settings

from moderation.models import Merchant, Rollout, Submission
from moderation.rollout import brake, stages
from moderation.rollout.assign import bucket
from moderation.rollout.assignment import assign, pin, stopped
from moderation.versions import served
from tests.builders import a_merchant, a_submission, a_version, claimed, forget_caches
from tests.moderation.rollout.scene import an_admin, moved_to, started, two_versions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    forget_caches()
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""


def drafts(number: int) -> list[Submission]:
    """Return submissions of so many merchants, never saved."""
    made = [Merchant(pk=n, slug=f"m{n}") for n in range(1, number + 1)]
    return [Submission(pk=row.pk, merchant=row) for row in made]


def names(rows: list[Submission]) -> dict[int, str]:
    return {pk: given.version.name for pk, given in assign(rows).items()}


def test_without_a_rollout_what_serves_judges_everyone() -> None:
    two_versions()
    given = assign(drafts(3))
    assert {one.version.name for one in given.values()} == {"old"}
    assert {(one.bucket, one.shadow, one.rollout_id) for one in given.values()} == {
        (None, None, None)
    }


def test_in_shadow_the_candidate_looks_on_at_every_listing() -> None:
    started()
    given = assign(drafts(20)).values()
    assert {one.version.name for one in given} == {"old"}
    assert {one.shadow.name for one in given if one.shadow} == {"new"}
    assert all(one.bucket is not None for one in given)


def test_each_stages_merchants_are_all_in_the_next_and_stay_there() -> None:
    rollout = started()
    rows = drafts(2_000)
    before: set[int] = set()
    for percent in (1, 5, 25, 50, 100):
        moved_to(rollout, percent)
        now = {pk for pk, name in names(rows).items() if name == "new"}
        assert before <= now
        share = percent / 100
        assert abs(len(now) / 2_000 - share) <= 4 * (share * (1 - share) / 2_000) ** 0.5
        assert now == {pk for pk, name in names(rows).items() if name == "new"}
        before = now
    assert len(before) == 2_000


def test_a_side_goes_by_primary_key_so_a_new_slug_changes_nothing() -> None:
    rollout = moved_to(started(), 50)
    row = drafts(1)[0]
    was = assign([row])[1].bucket
    row.merchant.slug = "renamed"
    assert assign([row])[1].bucket == was == bucket(rollout.salt, "1")


def test_pilots_are_on_the_candidate_in_pilot_and_after_and_not_before() -> None:
    kiln = a_merchant("kiln")
    rollout = started(pilots=["kiln"])
    row = Submission(pk=1, merchant=kiln)
    other = Submission(pk=2, merchant=a_merchant("other"))
    assert names([row, other]) == {1: "old", 2: "old"}
    Rollout.objects.update(state="pilot")
    assert names([row, other]) == {1: "new", 2: "old"}
    moved_to(rollout, 1)
    assert names([row])[1] == "new"


def test_on_the_candidates_side_nobody_looks_on() -> None:
    moved_to(started(), 100)
    assert assign(drafts(5))[1].shadow is None


def test_after_a_stop_the_baseline_judges_everyone_again() -> None:
    rollout = moved_to(started(), 100)
    brake.stop(rollout=rollout, by=an_admin())
    assert set(names(drafts(50)).values()) == {"old"}


def test_version_and_bucket_are_pinned_under_the_lease_only() -> None:
    moved_to(started(), 100)
    row = a_submission()
    held = claimed(row)
    given = assign([held])
    pin([held], given)
    row.refresh_from_db()
    assert row.pipeline is not None
    assert (row.pipeline.name, row.bucket) == ("new", given[row.pk].bucket)
    Submission.objects.update(lease_token="1" * 32, pipeline=None, bucket=None)
    held.pipeline_id = None
    pin([held], given)
    row.refresh_from_db()
    assert (row.pipeline, row.bucket) == (None, None)


def test_the_stopped_may_approve_nothing_and_the_replaced_may_finish() -> None:
    old, new = two_versions()
    both = {old.pk, new.pk}
    assert stopped(both) == set()
    Rollout.objects.create(
        baseline=old, candidate=new, salt="s", started_by="t", state="ramping"
    )
    assert stopped(both) == set()
    brake.stop(rollout=Rollout.objects.get(), by=an_admin())
    assert stopped(both) == {new.pk}
    # Taken up again, it may.
    Rollout.objects.update(state="ramping", percent=1)
    assert stopped(both) == set()


def test_a_candidate_that_cannot_be_loaded_leaves_the_baseline_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rollout = moved_to(started(), 100)
    type(rollout.candidate).objects.filter(pk=rollout.candidate_id).update(
        prompt="gone_v9"
    )
    served.cache_clear()
    assert set(names(drafts(3)).values()) == {"old"}
    forget_caches()


def test_two_rollouts_put_merchants_first_in_different_orders() -> None:
    salts = {started().salt}
    brake.stop(rollout=Rollout.objects.get(), by=an_admin())
    third = a_version(name="third", by=an_admin())
    salts.add(stages.start(candidate=third, by=an_admin()).salt)
    assert len(salts) == 2
