"""The pages from a decision to its case, the datasets, the run, and back."""

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from moderation.evals.runs import plan_run
from moderation.models import Decision, EvalCase, EvalDataset, EvalRun
from moderation.states import CaseState, Outcome
from tests.moderation.web.world import World

ClientOf = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def html_of(client: Client, path: str) -> str:
    """Return a page that must open."""
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


def hrefs(html: str) -> set[str]:
    """Return every address that a page links to."""
    return set(re.findall(r'href="(/[^"#?]*)', html))


def test_every_link_of_the_thread_leads_to_the_next_and_back(
    world: World, client_of: ClientOf
) -> None:
    first = world.eval_run(right=False)
    run = world.eval_run(against=first)
    case, decision = EvalCase.objects.get(), Decision.objects.get()
    admin = client_of("admin")
    thread = f"/decisions/{decision.public_id}/"
    pages = {
        "decision": thread,
        "case": f"/ops/evals/cases/{case.pk}/",
        "dataset": "/ops/evals/datasets/core/1/",
        "run": f"/ops/evals/runs/{run.public_id}/",
    }
    found = {name: html_of(admin, path) for name, path in pages.items()}
    assert f"case {case.pk}" in found["decision"]
    assert f"{run.pipeline.name} gets it right" in found["decision"]
    assert {pages["case"], pages["dataset"], pages["run"]} <= hrefs(found["decision"])
    assert {thread, pages["dataset"], pages["run"]} <= hrefs(found["case"])
    assert pages["run"] in hrefs(found["dataset"])
    opened = html_of(admin, f"{pages['run']}?show=mended")
    assert {thread, pages["case"], pages["dataset"]} <= hrefs(opened)
    links = set().union(*map(hrefs, found.values()))
    for path in {path for path in links if not path.startswith("/static/")}:
        assert admin.get(path).status_code in (200, 303), path


def test_a_moderator_sees_what_became_of_a_decision(
    world: World, client_of: ClientOf
) -> None:
    run = world.eval_run()
    mine = client_of("moderator")
    case, decision = EvalCase.objects.get(), Decision.objects.get()
    html = html_of(mine, "/review/history/")
    assert f"case {case.pk}: {run.pipeline.name} gets it right" in html
    thread = html_of(mine, f"/decisions/{decision.public_id}/")
    # Operations pages are not open to moderators, so nothing leads there.
    assert not any(path.startswith("/ops/") for path in hrefs(thread))


def test_a_decision_on_ones_own_merchant_is_not_shown(
    world: World, client_of: ClientOf
) -> None:
    world.decided(world.task(world.sent()), Outcome.APPROVED)
    decision = Decision.objects.get()
    world.merchant.members.create(user=world.people["moderator"])
    path = f"/decisions/{decision.public_id}/"
    assert client_of("moderator").get(path).status_code == 404
    assert client_of("senior").get(path).status_code == 200


def test_the_ticked_cases_are_accepted(world: World, client_of: ClientOf) -> None:
    for name in ("A", "B"):
        world.decided(world.task(world.sent(external_id=name)), Outcome.APPROVED)
    first, second = EvalCase.objects.order_by("id")
    client_of("admin").post("/ops/evals/cases/accept/", {"case": [first.pk]})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (CaseState.ACCEPTED, CaseState.PROPOSED)
    assert client_of("auditor").post("/ops/evals/cases/accept/").status_code == 403


def test_cases_are_filtered_by_where_they_come_from_and_by_clause(
    world: World, client_of: ClientOf
) -> None:
    world.decided(world.task(world.sent(external_id="A")), Outcome.APPROVED)
    world.decided(
        world.task(world.sent(external_id="B", title="A rifle, blued")),
        Outcome.REJECTED,
        clauses=[{"code": "P-101", "field": "title", "quote": "rifle"}],
    )
    admin = client_of("admin")
    guns = html_of(admin, "/ops/evals/cases/?clause=P-101")
    assert "A rifle, blued" in guns
    assert "Stoneware" not in guns
    assert "No such cases" in html_of(admin, "/ops/evals/cases/?clause=P-10")
    assert "No such cases" in html_of(admin, "/ops/evals/cases/?provenance=shipped")


def test_a_label_is_mended_and_a_bad_one_is_kept_to_be_mended(
    world: World, client_of: ClientOf
) -> None:
    world.decided(world.task(world.sent()), Outcome.APPROVED)
    case = EvalCase.objects.get()
    admin, path = client_of("admin"), f"/ops/evals/cases/{case.pk}/curate/"
    label = {"decision": "reject", "policy_codes": ["P-101"]}
    for typed in ('{"decision": "maybe"}', "{not json"):
        bad = admin.post(path, {"act": "label", "label": typed})
        assert bad.status_code == 422
        assert "maybe" in bad.content.decode() or "not json" in bad.content.decode()
    admin.post(path, {"act": "label", "label": json.dumps(label)})
    case.refresh_from_db()
    assert case.expected == label
    admin.post(path, {"act": "discard", "note": "A slip."})
    case.refresh_from_db()
    assert case.state == CaseState.DISCARDED
    html_of(admin, f"/ops/evals/cases/{case.pk}/")


def test_a_dataset_is_frozen_on_its_page(world: World, client_of: ClientOf) -> None:
    admin = client_of("admin")
    asked = {"name": "core", "source": "all", "accept_proposed": "yes"}
    admin.post("/ops/evals/freeze/", asked)
    assert "no accepted cases" in html_of(admin, "/ops/evals/")
    world.decided(world.task(world.sent()), Outcome.APPROVED)
    response = admin.post("/ops/evals/freeze/", asked)
    assert response["Location"] == "/ops/evals/datasets/core/1/"
    dataset = EvalDataset.objects.get()
    assert dataset.sha256 in html_of(admin, response["Location"])
    lines = b"".join(admin.get("/ops/evals/datasets/core/1/promptfoo/"))  # type: ignore[arg-type]
    assert json.loads(lines)["vars"]["listing"]
    assert admin.get("/ops/evals/datasets/core/1/xml/").status_code == 404


def test_a_run_is_started_shown_in_progress_and_shown_at_its_end(
    world: World, client_of: ClientOf
) -> None:
    done = world.eval_run()
    admin, name = client_of("admin"), done.pipeline.name
    response = admin.post(
        "/ops/evals/start/", {"dataset": "core@1", "pipeline": name, "against": name}
    )
    run = EvalRun.objects.latest("id")
    assert run.against == done
    html = html_of(admin, response["Location"])
    assert "0 of 1 cases" in html
    part = admin.get(f"{response['Location']}progress/", headers={"HX-Request": "true"})
    assert "0 of 1 cases" in part.content.decode()
    assert "<html" not in part.content.decode()
    over = admin.get(
        f"/ops/evals/runs/{done.public_id}/progress/", headers={"HX-Request": "true"}
    )
    assert over["HX-Refresh"] == "true"
    assert f"{name} passes the gate" in html_of(
        admin, f"/ops/evals/runs/{done.public_id}/"
    )


def test_a_run_that_does_not_pass_says_why_and_what_it_broke(
    world: World, client_of: ClientOf
) -> None:
    first = world.eval_run()
    run = world.eval_run(right=False, against=first)
    html = html_of(client_of("admin"), f"/ops/evals/runs/{run.public_id}/")
    assert f"<h1>{run.pipeline.name} fails the gate</h1>" in html
    assert "Why it does not pass" in html
    assert "It is on the list." in html
    assert 'show=broken" aria-current="page"' in html


def test_a_baseline_that_never_ran_is_named(world: World, client_of: ClientOf) -> None:
    world.eval_run()
    admin = client_of("admin")
    admin.post(
        "/ops/evals/start/",
        {"dataset": "core", "pipeline": "v15", "against": "v15"},
    )
    assert "run it first" in html_of(admin, "/ops/evals/")
    assert EvalRun.objects.count() == 1


def test_hostile_words_stay_words(world: World, client_of: ClientOf) -> None:
    nasty = 'Mug "><script>alert(1)</script>'
    world.decided(world.task(world.sent(title=nasty)), Outcome.APPROVED)
    case, decision = EvalCase.objects.get(), Decision.objects.get()
    EvalCase.objects.update(listing={**(case.listing or {}), "title": nasty})
    for path in (
        f"/ops/evals/cases/{case.pk}/",
        "/ops/evals/cases/",
        f"/decisions/{decision.public_id}/",
    ):
        assert "<script>alert" not in html_of(client_of("admin"), path)


def test_a_run_whose_command_ended_says_how_to_go_on(
    world: World, client_of: ClientOf
) -> None:
    done = world.eval_run()
    run = plan_run(
        dataset=done.dataset,
        pipeline=done.pipeline,
        against=None,
        by=world.actor("admin"),
        worked_by="command",
    )
    EvalRun.objects.filter(pk=run.pk).update(state="running")
    html = html_of(client_of("admin"), f"/ops/evals/runs/{run.public_id}/")
    assert "run it again, and it goes on from here" in html
