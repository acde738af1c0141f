"""Evals by API: what is frozen, what was run, and a run planned."""

import pytest

from moderation.access.actor import Actor
from moderation.evals.datasets import freeze_dataset
from moderation.evals.runs import work_planned
from moderation.models import EvalCase, EvalRun, PipelineVersion
from tests.builders import ScriptedClient, a_version
from tests.moderation.api.conftest import Caller, listing, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline(admin: Caller) -> PipelineVersion:
    """Return a version, beside a dataset of one case that is frozen."""
    EvalCase.objects.create(
        reference="DEC-1",
        listing=listing(image_urls=["https://img.example.com/1.jpg"]),
        expected={"decision": "approve", "policy_codes": []},
        provenance="decision",
    )
    by = Actor("person:ines")
    freeze_dataset(name="core", source="all", accept_proposed=True, by=by)
    return a_version(name="v7")


def test_datasets_are_listed_with_their_hash(
    admin: Caller, pipeline: PipelineVersion
) -> None:
    (item,) = admin.get("/evals/datasets").json()["items"]
    assert (item["name"], item["version"], item["cases"]) == ("core", 1, 1)
    assert len(item["sha256"]) == 64


def test_a_planned_run_is_worked_on_and_read_back(
    admin: Caller, pipeline: PipelineVersion
) -> None:
    body = {"dataset": "core", "pipeline": "v7"}
    response = admin.post("/evals/runs", body)
    assert response.status_code == 202
    run = response.json()
    assert (run["state"], run["done"], run["gate"]) == ("planned", 0, None)
    work_planned(client_factory=ScriptedClient())
    found = admin.get(f"/evals/runs/{run['id']}").json()
    assert (found["state"], found["done"]) == ("completed", 1)
    assert found["gate"]["passed"] is True
    assert found["figures"]["cases"] == 1
    assert found["tables"]["classes"][0]["n"] == 1
    (listed,) = admin.get("/evals/runs").json()["items"]
    assert listed["id"] == run["id"]
    again = admin.post("/evals/runs", {**body, "against": "v7"}).json()
    assert again["against"] == run["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"dataset": "nothing", "pipeline": "v7"}, "dataset"),
        ({"dataset": "core", "pipeline": "v99"}, "pipeline"),
        ({"dataset": "core", "pipeline": "v7", "against": "v7"}, "against"),
        ({"dataset": "core", "pipeline": "v7", "state": "completed"}, "state"),
    ],
)
def test_what_does_not_fit_is_named(
    admin: Caller, pipeline: PipelineVersion, body: dict[str, str], field: str
) -> None:
    problem = problem_of(admin.post("/evals/runs", body), 422)
    assert field in {error["field"] for error in problem["errors"]}
    assert not EvalRun.objects.exists()


def test_a_run_that_does_not_exist_is_404(admin: Caller) -> None:
    problem_of(admin.get("/evals/runs/RUN-000000000000"), 404)
