"""Who may open what: every address, every role, both methods. A new one must join."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern

from moderation.delivery.endpoints import send_test
from moderation.intake.bulk import RawRow, start_import
from moderation.models import Decision, EvalCase, Rollout
from moderation.states import Outcome, Source
from moderation.web.urls import urlpatterns
from tests.builders import an_endpoint
from tests.moderation.web.world import World, listing

VISITORS = ("", "stranger", "merchant", "moderator", "senior", "admin", "auditor")

# What each visitor gets, in the order of VISITORS. L is the sign-in page, F is
# "not allowed", N is "no such thing"; a number is a status, so 303 is a redirect.
EVERYBODY = {"GET": "200 200 200 200 200 200 200"}
SIGNED_IN = "L 200 200 200 200 200 200"
MERCHANTS = "L F 200 F F F F"
MODERATORS = "L F F 200 200 200 F"
OVERSEERS = "L F F F F 200 200"
ADMINS_ACT = "L F F F F 303 F"
OWN_ACT = "L 303 303 303 303 303 303"
TABLE: dict[str, dict[str, str]] = {
    "home": {"GET": "200 303 200 303 303 303 303"},
    "login": {
        "GET": "200 303 303 303 303 303 303",
        "POST": "422 422 422 422 422 422 422",
    },
    # Nobody here has shown a password that waits for its second step.
    "login-second": {"GET": "L L L L L L L", "POST": "L L L L L L L"},
    # No such link: the same for everybody.
    "welcome": {
        "GET": "410 410 410 410 410 410 410",
        "POST": "410 410 410 410 410 410 410",
    },
    "logout": {"POST": "L 303 303 303 303 303 303"},
    "account": {"GET": SIGNED_IN, "POST": "L 303 303 303 303 303 303"},
    "confirm": {"GET": SIGNED_IN, "POST": "L 422 422 422 422 422 422"},
    "security": {"GET": SIGNED_IN},
    "security-app": {"GET": SIGNED_IN, "POST": "L 422 422 422 422 422 422"},
    # At this address browsers offer no passkeys, which both methods say.
    "security-passkey": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "security-remove": {"POST": OWN_ACT},
    "security-recovery": {"POST": OWN_ACT},
    "security-password": {"GET": SIGNED_IN, "POST": "L 422 422 422 422 422 422"},
    "security-end": {"POST": OWN_ACT},
    "old-login": {"GET": "302 302 302 302 302 302 302"},
    "rules": EVERYBODY,
    "rule": EVERYBODY,
    "listings": {"GET": MERCHANTS},
    "listing-new": {"GET": MERCHANTS, "POST": "L F 422 F F F F"},
    "listing-preview": {"POST": MERCHANTS},
    "listing": {"GET": MERCHANTS},
    "listing-status": {"GET": MERCHANTS},
    "listing-again": {"POST": "L F 422 F F F F"},
    "listing-withdraw": {"POST": "L F 303 F F F F"},
    # Nothing is refused there: back to the listing.
    "listing-appeal": {"GET": "L F 303 F F F F", "POST": "L F 303 F F F F"},
    "webhooks": {"GET": MERCHANTS, "POST": "L F 422 F F F F"},
    "webhook": {"GET": MERCHANTS},
    "webhook-test": {"POST": "L F 303 F F F F"},
    "webhook-roll": {"POST": "L F 303 F F F F"},
    "webhook-switch": {"POST": "L F 303 F F F F"},
    "webhook-delete": {"POST": "L F 303 F F F F"},
    "delivery-resend": {"POST": "L F 303 F F F F"},
    "imports": {"GET": MERCHANTS, "POST": "L F 422 F F F F"},
    "import": {"GET": MERCHANTS},
    "import-progress": {"GET": MERCHANTS},
    "import-answers": {"GET": MERCHANTS},
    "review": {"GET": MODERATORS},
    "review-next": {"POST": "L F F 303 303 303 F"},
    "review-counts": {"GET": "L F F 303 303 303 F"},
    "history": {"GET": MODERATORS},
    "spot-checks": {"GET": MODERATORS},
    "task": {"GET": MODERATORS},
    "task-decide": {"POST": "L F F 422 422 422 F"},
    "task-merchant": {"POST": MODERATORS},
    "task-effect": {"GET": MODERATORS},
    "task-reject": {"GET": MODERATORS},
    "task-escalate": {"GET": MODERATORS, "POST": "L F F 409 409 409 F"},
    "task-skip": {"POST": "L F F 409 409 409 F"},
    "task-release": {"POST": "L F F 303 303 303 F"},
    "task-lease": {"POST": "L F F 409 409 409 F"},
    # The task is open and nobody's: undo claims it, as after a skip.
    "task-undo": {"POST": "L F F 303 303 303 F"},
    "decision": {"GET": "L F F 200 200 200 200"},
    "evals": {"GET": OVERSEERS},
    "evals-freeze": {"POST": ADMINS_ACT},
    "run-start": {"POST": ADMINS_ACT},
    "cases": {"GET": OVERSEERS},
    "cases-accept": {"POST": ADMINS_ACT},
    "case": {"GET": OVERSEERS},
    "case-curate": {"POST": ADMINS_ACT},
    "dataset": {"GET": OVERSEERS},
    "dataset-export": {"GET": OVERSEERS},
    "run": {"GET": OVERSEERS},
    "run-progress": {"GET": "L F F F F 303 303"},
    "audit": {"GET": OVERSEERS},
    "audit-export": {"GET": OVERSEERS},
    "versions": {"GET": OVERSEERS},
    "version": {"GET": OVERSEERS},
    "version-diff": {"GET": OVERSEERS},
    "rollouts": {"GET": OVERSEERS},
    "rollout-start": {"POST": "L F F F F 303 F"},
    "rollout": {"GET": OVERSEERS},
    "rollout-panel": {"GET": "L F F F F 303 303"},
    "rollout-advance": {"GET": "L F F F F 200 F", "POST": "L F F F F 409 F"},
    # Without a revision these are as stale as with an old one.
    "rollout-hold": {"POST": "L F F F F 409 F"},
    "rollout-note": {"POST": "L F F F F 409 F"},
    "rollout-resume": {"POST": "L F F F F 409 F"},
    "rollout-complete": {"POST": "L F F F F 409 F"},
    "rollout-close": {"POST": "L F F F F 409 F"},
    "rollout-stop": {"POST": "L F F F F 303 F"},
    "ops": {"GET": OVERSEERS},
    "ops-mode": {"POST": ADMINS_ACT},
    "people": {"GET": OVERSEERS},
    "people-new": {"GET": "L F F F F 200 F", "POST": "L F F F F 422 F"},
    "person": {"GET": OVERSEERS},
    "person-roles": {"POST": ADMINS_ACT},
    "person-merchants": {"POST": ADMINS_ACT},
    "person-deactivate": {"POST": ADMINS_ACT},
    "person-reactivate": {"POST": ADMINS_ACT},
    "person-reset": {"POST": ADMINS_ACT},
    "person-link": {"POST": "L F F F F 200 F"},
}
METHODS = ("GET", "POST")
PARTS = {
    "<str:code>": "P-101",
    "<str:username>": "stranger",
    "<int:pk>": "1",
    "<str:uid>": "MQ",
    "<str:token>": "none",
    "<str:name>": "core",
    "<str:a>": "v1",
    "<str:b>": "v1",
    "<int:version>": "1",
    "<str:form>": "jsonl",
}


def cases() -> Iterator[tuple[str, str, str, str]]:
    """Yield name, method, visitor and what they get; 405 where nothing is named."""
    for name, by_method in TABLE.items():
        for method in METHODS:
            row = by_method.get(method)
            wanted = row.split() if row else ["405"] * len(VISITORS)
            for visitor, what in zip(VISITORS, wanted, strict=True):
                yield name, method, visitor, what


def test_every_address_is_in_the_table() -> None:
    names = {p.name for p in urlpatterns if isinstance(p, URLPattern)}
    assert names == set(TABLE)
    assert len(urlpatterns) == len(TABLE)


@pytest.mark.parametrize("visitor", VISITORS)
def test_every_address_answers_each_visitor_as_the_table_says(
    world: World, client_of: Callable[[str], Client], visitor: str
) -> None:
    task = world.task(world.sent(external_id="T"))
    batch = start_import(
        merchant=world.merchant,
        rows=[RawRow(1, listing(external_id="R"))],
        source=Source.IMPORT,
        by=world.actor("merchant"),
        filename="a.csv",
    ).batch
    row = Rollout.objects.create(
        baseline=world.pipeline,
        candidate=world.pipeline,
        salt="s",
        started_by="ines",
    )
    endpoint = an_endpoint(world.merchant)
    delivery = send_test(endpoint=endpoint, by=world.actor("merchant"))
    run = world.eval_run()
    ids = {
        **{"list": task.submission.listing, "impo": batch, "task": task},
        **{"roll": row},
        **{"webh": endpoint, "deli": delivery},
        **{"deci": EvalCase.objects.get().decision, "run": run, "run-": run},
    }
    parts = {
        "<int:pk>": str(EvalCase.objects.get().pk),
        "<str:name>": run.dataset.name,
    }
    wrong = []
    for name, method, who, wanted in cases():
        if who != visitor:
            continue
        pattern = next(p for p in urlpatterns if p.name == name)
        route = str(pattern.pattern)
        if name.startswith("version"):
            for part in ("<str:name>", "<str:a>", "<str:b>"):
                route = route.replace(part, world.pipeline.name)
        for part, value in {**PARTS, **parts}.items():
            route = route.replace(part, value)
        thing = ids.get(name[:4])
        path = "/" + route.replace("<str:public_id>", thing.public_id if thing else "")
        client = client_of(visitor)
        response = client.generic(method, path)
        got = str(response.status_code)
        if got == "303" and response["Location"].startswith("/login/"):
            got = "L"
        if got == "403":
            got = "F"
        if got != wanted:
            wrong.append(f"{method} {path}: {got}, not {wanted}")
        # What the visit did must not change the next row's answer.
        type(endpoint).objects.update(deleted_at=None, is_enabled=True)
        task.refresh_from_db()
        if task.state != "open":
            type(task).objects.filter(pk=task.pk).update(
                state="open",
                claimed_by=None,
                claimed_at=None,
                lease_token=None,
                lease_until=None,
                resolved_at=None,
            )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("method", METHODS)
def test_foreign_and_missing_things_answer_alike(
    world: World, client_of: Callable[[str], Client], method: str
) -> None:
    theirs = world.sent(world.rival, external_id="THEIRS").listing.public_id
    batch = start_import(
        merchant=world.rival,
        rows=[RawRow(1, listing(external_id="R"))],
        source=Source.IMPORT,
        by=world.actor("rival"),
        filename="a.csv",
    ).batch.public_id
    endpoint = an_endpoint(world.rival)
    delivery = send_test(endpoint=endpoint, by=world.actor("rival"))
    others = {
        "list": (theirs, "LST-000000000000"),
        "impo": (batch, "IMP-000000000000"),
        "webh": (endpoint.public_id, "WHE-000000000000"),
        "deli": (delivery.public_id, "DLV-000000000000"),
    }
    client = client_of("merchant")
    for name in TABLE:
        pattern = str(next(p for p in urlpatterns if p.name == name).pattern)
        if "<str:public_id>" not in pattern or name.startswith(
            ("task", "rollout", "run", "decision")
        ):
            continue
        foreign, missing = others[name[:4]]
        answers = [
            client.generic(
                method,
                "/" + pattern.replace("<str:public_id>", public_id),
                headers={"X-Request-ID": "req_the_same"},
            )
            for public_id in (foreign, missing)
        ]
        both = [a.status_code for a in answers]
        assert both in ([404, 404], [405, 405], [403, 403]), name
        assert answers[0].content == answers[1].content, name


def test_a_moderator_never_sees_a_task_of_their_own_merchant(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.task(world.sent())
    world.merchant.members.create(user=world.people["moderator"])
    assert client_of("moderator").get(f"/review/{task.public_id}/").status_code == 404
    assert client_of("senior").get(f"/review/{task.public_id}/").status_code == 200


def test_a_task_for_seniors_stays_with_them(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.task(world.sent(), senior_only=True)
    assert client_of("moderator").get(f"/review/{task.public_id}/").status_code == 404
    assert client_of("senior").get(f"/review/{task.public_id}/").status_code == 200


def test_nobody_undoes_what_another_decided(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.task(world.sent())
    world.decided(task, Outcome.APPROVED, ago=timedelta(seconds=1))
    decision = Decision.objects.get()
    client_of("senior").post(
        f"/review/{task.public_id}/undo/", {"decision": decision.public_id}
    )
    decision.refresh_from_db()
    assert decision.undone_at is None
    client_of("moderator").post(
        f"/review/{task.public_id}/undo/", {"decision": decision.public_id}
    )
    decision.refresh_from_db()
    assert decision.undone_at is not None


def test_every_page_is_kept_from_shared_caches_and_names_its_request(
    world: World, client_of: Callable[[str], Client]
) -> None:
    response = client_of("merchant").get("/listings/")
    assert response["Cache-Control"] == "private, no-store"
    assert "HX-Request" in response["Vary"]
    missing = client_of("merchant").get("/nothing-here/")
    assert missing["X-Request-ID"] in missing.content.decode()
