"""Every page in the states that matter, and how to get there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.access.factors import code_at, enrol_app, new_secret
from moderation.access.people import invite, new_link, set_roles
from moderation.intake.bulk import RawRow, admit_waiting, start_import
from moderation.models import ReviewTask
from moderation.states import Outcome, Source
from tests.browser.conftest import Visitor
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
    soon = knife.due_at - timedelta(minutes=50)
    ReviewTask.objects.filter(pk=knife.pk).update(due_at=soon)
    return {
        "asked": f"/listings/{asked.listing.public_id}/",
        "refused": f"/listings/{refused.listing.public_id}/",
        "live": f"/listings/{live.listing.public_id}/",
        "checking": f"/listings/{waiting.submission.listing.public_id}/",
        "import": f"/imports/{batch.public_id}/",
        "failed": f"/review/{failed.public_id}/",
        "knife": f"/review/{knife.public_id}/",
    }


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
    Place("overview", "admin", at("/ops/")),
    Place("overview, read only", "auditor", at("/ops/")),
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
