"""Every page in the states that matter, and how to get there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.utils import timezone

from moderation import ledger
from moderation.access.actor import Actor
from moderation.access.factors import code_at, enrol_app, new_secret
from moderation.access.people import invite, new_link, set_roles
from moderation.delivery.endpoints import send_test
from moderation.evals.runs import plan_run
from moderation.intake.bulk import RawRow, admit_waiting, start_import
from moderation.models import (
    Assessment,
    Decision,
    Delivery,
    EvalCase,
    ReviewTask,
    Rollout,
    Submission,
)
from moderation.rollout.brake import stop
from moderation.rollout.stages import advance, start
from moderation.states import Outcome, Source
from moderation.versions import derive_version
from tests.browser.conftest import Visitor
from tests.builders import an_endpoint, forget_caches
from tests.moderation.rollout.scene import a_run
from tests.moderation.web.world import PASSWORD, World, listing, person

HEATPROOF = "A dripper, double-walled, totally heatproof, keeps coffee warm."


@dataclass(frozen=True)
class Place:
    """One page in one state: who sees it, and how to open it."""

    name: str
    role: str
    open: Callable[[Visitor, dict[str, str]], object]


def furnish(world: World) -> dict[str, str]:
    """Put something into every list; return the addresses of single things."""
    asked = world.decided(
        world.task(world.sent(external_id="ASK", description=HEATPROOF)),
        Outcome.CHANGES_NEEDED,
        clauses=[
            {"code": "P-708", "field": "description", "quote": "totally heatproof"}
        ],
        statement="Say how hot it can get.",
        ago=timedelta(minutes=9),
    )
    refused = world.decided(
        world.task(world.sent(external_id="NO")),
        Outcome.REJECTED,
        clauses=[{"code": "P-105", "field": "title", "quote": "mug"}],
    )
    live = world.decided(
        world.task(world.sent(external_id="YES", title="  MUG, BLUE, 350 ML  ")),
        Outcome.APPROVED,
    )
    batch = start_import(
        merchant=world.merchant,
        rows=[
            RawRow(1, listing(external_id="R-1")),
            RawRow(2, listing(external_id="R-2", price="oops")),
        ],
        source=Source.IMPORT,
        by=world.actor("merchant"),
        filename="autumn.csv",
        columns=["external_id", "title", "price"],
    ).batch
    admit_waiting()
    waiting = world.task(world.sent(external_id="WAIT"))
    failed = world.task(
        world.sent(external_id="FAIL"),
        failure="model_timeout",
        reasons=[
            {"code": "model_timeout", "message": "The model did not answer in time."}
        ],
    )
    guarded = person("guarded", "senior", "auditor", merchant=world.merchant)
    guarded.first_name, guarded.last_name = "Petra", "Vogel"
    guarded.save()
    then, secret = timezone.now() - timedelta(minutes=10), new_secret()
    enrol_app(
        user=guarded,
        secret=secret,
        code=code_at(secret, then),
        by=Actor.person(guarded),
        now=then,
    )
    admin = world.actor("admin")
    invite(
        username="invited",
        full_name="Ada Quist",
        roles=["moderator"],
        merchants=[],
        by=admin,
    )
    set_roles(user=guarded, roles=["senior"], seen=["senior", "auditor"], by=admin)
    knife = world.knife()
    rollout, stopped = roll_out(world)
    soon = knife.due_at - timedelta(minutes=50)
    ReviewTask.objects.filter(pk=knife.pk).update(due_at=soon)
    endpoint = an_endpoint(world.merchant)
    for status, state in ((200, "sent"), (500, "pending"), (None, "dead")):
        row = send_test(endpoint=endpoint, by=world.actor("merchant"))
        row.tries.create(
            number=1,
            status=status,
            latency_ms=84,
            error="" if status else "timeout: no whole answer within 15 s",
            answer="content-type: text/plain\n\nok" if status else "",
            request_headers={"webhook-id": row.event_id, "webhook-signature": "v1,a="},
        )
        sent_at = row.created_at if state == "sent" else None
        Delivery.objects.filter(pk=row.pk).update(
            state=state, attempts=1, sent_at=sent_at
        )
    checks = [world.live(world.sent(external_id=f"LIVE-{n}")) for n in range(6)]
    for check in checks[:3]:
        world.checked(check, Outcome.APPROVED, "senior")
    wrong = world.checked(checks[3], Outcome.REJECTED)
    ledger.seal()
    first = world.eval_run()
    worse = world.eval_run(right=False, against=first)
    planned = plan_run(
        dataset=first.dataset,
        pipeline=first.pipeline,
        against=None,
        by=world.actor("admin"),
    )
    case = EvalCase.objects.filter(datasets=first.dataset).order_by("id").last()
    assert case
    assert case.decision
    return {
        "case": f"/ops/evals/cases/{case.pk}/",
        "decision": f"/decisions/{case.decision.public_id}/",
        "run": f"/ops/evals/runs/{worse.public_id}/",
        "run ahead": f"/ops/evals/runs/{planned.public_id}/",
        "webhook": f"/developers/webhooks/{endpoint.public_id}/",
        "appeal": f"/listings/{refused.listing.public_id}/appeal/",
        "check": f"/review/{checks[4].public_id}/",
        "checked": f"/review/{wrong.public_id}/",
        "asked": f"/listings/{asked.listing.public_id}/",
        "refused": f"/listings/{refused.listing.public_id}/",
        "live": f"/listings/{live.listing.public_id}/",
        "checking": f"/listings/{waiting.submission.listing.public_id}/",
        "import": f"/imports/{batch.public_id}/",
        "failed": f"/review/{failed.public_id}/",
        "knife": f"/review/{knife.public_id}/",
        "rollout": f"/ops/rollout/{rollout.public_id}/",
        "advance": f"/ops/rollout/{rollout.public_id}/advance/",
        "stopped": f"/ops/rollout/{stopped.public_id}/",
    }


def roll_out(world: World) -> tuple[Rollout, Rollout]:
    """Return a rollout at 5% with checked pairs, and one that was stopped."""
    forget_caches()
    admin = world.actor("admin")
    type(world.pipeline).objects.update(created_by="system")
    v16, v17 = (
        derive_version(
            name=name, by=admin, made_from=world.pipeline, prompt="listing_v2"
        )
        for name in ("v16", "v17")
    )
    a_run(v16)
    stopped = start(candidate=v17, by=admin, note="Fewer false alarms.")
    stop(rollout=stopped, by=admin)
    row = start(candidate=v16, by=admin, pilots=["kiln"], note="Faux materials.")
    for _ in range(3):
        row = advance(
            rollout=row,
            revision=row.revision,
            by=admin,
            note="No limit is near.",
            override=True,
        ).rollout
    checked(world, row, 240)
    return row, stopped


def checked(world: World, rollout: Rollout, number: int) -> None:
    """Store listings that both versions judged and a person decided."""
    now, some = timezone.now(), world.sent(external_id="PAIR")
    rows = Submission.objects.bulk_create(
        Submission(
            listing=some.listing,
            merchant=some.merchant,
            version=place + 2,
            state="decided",
            source="import",
            content_hash=f"{place:064}",
            raw=some.raw,
            tidied=some.tidied,
            title=some.title,
        )
        for place in range(number)
    )
    values = {
        "verdict": "compliant",
        "stated_confidence": 0.9,
        "calibrated_confidence": 0.9,
        "threshold": 0.9,
        "latency_ms": 900,
        "created_at": now,
    }
    for version, role in (
        (rollout.baseline, "serving"),
        (rollout.candidate, "shadow"),
    ):
        Assessment.objects.bulk_create(
            Assessment(
                submission=row,
                pipeline=version,
                role=role,
                route="auto_approve" if (place + len(role)) % 9 else "review",
                **values,
            )
            for place, row in enumerate(rows)
        )
    Decision.objects.bulk_create(
        Decision(
            submission=row,
            outcome="approved" if place % 4 else "rejected",
            decided_by="person",
            moderator=world.people["senior"],
            published={} if place % 4 else None,
            clauses=[] if place % 4 else [{"code": "P-101"}],
            decided_at=now,
            effective_at=now,
        )
        for place, row in enumerate(rows)
    )


def at(path: str) -> Callable[[Visitor, dict[str, str]], object]:
    """Return a way to an address, or to a named thing's address."""

    def open_it(visitor: Visitor, found: dict[str, str]) -> object:
        return visitor.go(found.get(path, path))

    return open_it


def refuse_a_form(visitor: Visitor, found: dict[str, str]) -> None:
    """Send a form that cannot be read."""
    page = visitor.go("/listings/new/")
    page.fill("#title", "Chamomile hand cream 75 ml")
    page.fill("#price", "24,90 or best offer")
    page.click("[data-send]")
    page.wait_for_selector(".errsum")


def take_the_knife(visitor: Visitor, found: dict[str, str]) -> None:
    """Start on the queue, which hands out the knife."""
    page = visitor.go(found["knife"])
    if page.locator("#approve").count() == 0:
        page.click("#dock button")
        page.wait_for_selector("#approve")


def take_the_check(visitor: Visitor, found: dict[str, str]) -> None:
    """Take a spot check."""
    page = visitor.go(found["check"])
    if page.locator("#approve").count() == 0:
        page.click("#dock button")
        page.wait_for_selector("#approve")


def open_the_panel(letter: str) -> Callable[[Visitor, dict[str, str]], object]:
    """Return a way to a panel beside the knife."""

    def open_it(visitor: Visitor, found: dict[str, str]) -> None:
        take_the_knife(visitor, found)
        href = {"r": "reject", "e": "escalate"}[letter]
        if visitor.page.viewport_size["width"] < 1200 and letter == "e":
            visitor.go(f"{found['knife']}{href}/")
        else:
            visitor.page.click(f"#dock > [data-key={letter}]")
        visitor.page.wait_for_selector("#panel")

    return open_it


def wrong_password(visitor: Visitor, found: dict[str, str]) -> None:
    """Try a password that is not theirs."""
    page = visitor.go("/login/")
    page.fill("#u", "moderator")
    page.fill("#p", "wrong")
    page.click("button[type=submit]")
    page.wait_for_selector("#login-error")


def wait_at_the_second_step(visitor: Visitor, found: dict[str, str]) -> None:
    """Show the password of somebody who has an app."""
    page = visitor.go("/login/")
    page.fill("#u", "guarded")
    page.fill("#p", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("#code")


def see_new_codes(visitor: Visitor, found: dict[str, str]) -> None:
    """Set an app up and see the recovery codes; it is gone again afterwards."""
    Authenticator.objects.filter(user__username="stranger").delete()
    page = visitor.go("/account/security/app/")
    secret = page.inner_text(".key").replace(" ", "").strip()
    page.fill("#code", code_at(secret, timezone.now()))
    page.click("button[type=submit] >> text=Set it up")
    page.wait_for_selector(".codes")


def refuse_a_password(visitor: Visitor, found: dict[str, str]) -> None:
    """Choose a password that is too short."""
    page = visitor.go("/account/security/password/")
    for field, value in (("#old", PASSWORD), ("#pw", "short"), ("#pw2", "short")):
        page.fill(field, value)
    page.click("text=Change it")
    page.wait_for_selector("#pw-error")


def see_a_link(visitor: Visitor, found: dict[str, str]) -> None:
    """Make a new link for somebody."""
    page = visitor.go("/ops/people/invited/")
    page.click("text=Make a new link")
    page.wait_for_selector("#link")


def set_a_password(visitor: Visitor, found: dict[str, str]) -> None:
    """Open the link of an invitation, signed out."""
    made = new_link(user=User.objects.get(username="invited"), by=Actor.command("test"))
    visitor.go(f"/welcome/{made.uid}/{made.token}/")


PLACES = (
    Place("front", "", at("/")),
    Place("sign-in", "", at("/login/")),
    Place("policy, signed out", "", at("/rules/")),
    Place("not found", "", at("/nothing-here/")),
    Place("merchant home", "merchant", at("/")),
    Place("listings", "merchant", at("/listings/?tab=checking")),
    Place("search", "merchant", at("/listings/?q=nothing")),
    Place("form", "merchant", at("/listings/new/")),
    Place("form with errors", "merchant", refuse_a_form),
    Place("changes needed", "merchant", at("asked")),
    Place("not accepted", "merchant", at("refused")),
    Place("live", "merchant", at("live")),
    Place("being checked", "merchant", at("checking")),
    Place("appeal", "merchant", at("appeal")),
    Place("webhooks", "merchant", at("/developers/webhooks/")),
    Place("webhook", "merchant", at("webhook")),
    Place("first webhook", "rival", at("/developers/webhooks/")),
    Place("imports", "merchant", at("/imports/")),
    Place("import", "merchant", at("import")),
    Place("clause", "merchant", at("/rules/P-102/")),
    Place("first visit", "rival", at("/")),
    Place("queues", "moderator", at("/review/")),
    Place("task nobody holds", "moderator", at("failed")),
    Place("review", "moderator", take_the_knife),
    Place("reject panel", "moderator", open_the_panel("r")),
    Place("escalate panel", "moderator", open_the_panel("e")),
    Place("history", "moderator", at("/review/history/")),
    Place("preferences", "moderator", at("/account/")),
    Place("spot checks", "moderator", at("/review/spot-checks/")),
    Place("spot check, blind", "moderator", take_the_check),
    Place("spot check, answered", "moderator", at("checked")),
    Place("overview", "admin", at("/ops/")),
    Place("audit log", "admin", at("/ops/audit/?actor=person")),
    Place("audit log, empty", "auditor", at("/ops/audit/?action=nothing")),
    Place("overview, read only", "auditor", at("/ops/")),
    Place("evals", "admin", at("/ops/evals/")),
    Place("cases", "admin", at("/ops/evals/cases/?tab=accepted")),
    Place("no cases", "auditor", at("/ops/evals/cases/?tab=discarded")),
    Place("case", "admin", at("case")),
    Place("dataset", "admin", at("/ops/evals/datasets/core/1/")),
    Place("eval run", "admin", at("run")),
    Place("eval run ahead", "auditor", at("run ahead")),
    Place("decision", "moderator", at("decision")),
    Place("rollouts", "admin", at("/ops/rollout/")),
    Place("rollout", "admin", at("rollout")),
    Place("rollout stopped", "admin", at("stopped")),
    Place("rollout, read only", "auditor", at("rollout")),
    Place("advance", "admin", at("advance")),
    Place("versions", "admin", at("/ops/versions/")),
    Place("version", "auditor", at("/ops/versions/v16/")),
    Place("version difference", "admin", at("/ops/versions/v15..v16/")),
    Place("not allowed", "merchant", at("/ops/")),
    Place("sign-in refused", "", wrong_password),
    Place("second step", "", wait_at_the_second_step),
    Place("set a password", "", set_a_password),
    Place("spent link", "", at("/welcome/MQ/none/")),
    Place("security", "moderator", at("/account/security/")),
    Place("set up an app", "moderator", at("/account/security/app/")),
    Place("add a passkey", "moderator", at("/account/security/passkey/")),
    Place("change password", "moderator", refuse_a_password),
    Place("still you", "moderator", at("/account/confirm/?next=/review/&held=1")),
    Place("recovery codes", "stranger", see_new_codes),
    Place("security, set up", "stranger", at("/account/security/")),
    Place("people", "admin", at("/ops/people/")),
    Place("people, read only", "auditor", at("/ops/people/")),
    Place("invite", "admin", at("/ops/people/new/")),
    Place("person", "admin", at("/ops/people/guarded/")),
    Place("person, read only", "auditor", at("/ops/people/guarded/")),
    Place("link for a person", "admin", see_a_link),
)
