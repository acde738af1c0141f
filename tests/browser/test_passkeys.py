"""Passkeys in a real browser, on an authenticator that Chromium makes up."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from moderation.access import factors
from moderation.models import AuditEvent
from tests.browser.conftest import Visitor
from tests.moderation.web.world import PASSWORD, World

WAY = "/account/security/"


class Authenticator:
    """A security key in the browser's USB port."""

    def __init__(self, who: Visitor) -> None:
        self.session: Any = who.context.new_cdp_session(who.page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.session.send(
            "WebAuthn.addVirtualAuthenticator", {"options": options}
        )
        self.id: str = made["authenticatorId"]

    def forget(self) -> None:
        """Lose everything it knew."""
        self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})


@pytest.fixture
def mara(world: World, visitor: Callable[..., Visitor]) -> Visitor:
    """Return a moderator with a security key plugged in."""
    who = visitor()
    who.sign_in("moderator")
    return who


def add(who: Visitor, name: str) -> None:
    """Add a passkey by the page."""
    page = who.go(f"{WAY}passkey/")
    page.fill("#name", name)
    page.click("text=Add it")


def to_the_second_step(who: Visitor) -> None:
    """Sign out, and show the password."""
    page = who.go(WAY)
    page.click("[aria-label='Sign out']")
    page.goto(f"{who.base}/login/")
    page.fill("#u", "moderator")
    page.fill("#p", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("text=Second step")


def test_a_passkey_is_added_and_signs_in(world: World, mara: Visitor) -> None:
    Authenticator(mara)
    add(mara, "Blue key")
    mara.page.wait_for_selector(".codes")
    assert mara.page.locator(".codes li").count() == 10
    assert "Blue key" in mara.go(WAY).inner_text("main")
    to_the_second_step(mara)
    mara.page.click("text=Use your passkey")
    mara.page.wait_for_url("**/review/")
    found = factors.factors_of(world.people["moderator"])
    assert len(found.passkeys) == 1
    assert found.passkeys[0].last_used_at is not None
    assert AuditEvent.objects.get(action="enrol_factor").data["factor"] == "webauthn"


def test_the_same_key_is_not_added_twice(world: World, mara: Visitor) -> None:
    Authenticator(mara)
    add(mara, "Blue key")
    mara.page.wait_for_selector(".codes")
    add(mara, "Blue key again")
    mara.page.wait_for_selector("text=This device has a passkey of yours already.")
    assert len(factors.factors_of(world.people["moderator"]).passkeys) == 1


def test_a_key_that_is_lost_leaves_the_recovery_codes(
    world: World, mara: Visitor
) -> None:
    key = Authenticator(mara)
    add(mara, "Blue key")
    mara.page.wait_for_selector(".codes")
    code = mara.page.locator(".codes li").first.inner_text()
    to_the_second_step(mara)
    key.forget()
    mara.page.fill("#code", code)
    mara.page.click("button[type=submit]")
    mara.page.wait_for_url("**/review/")
    mara.go(WAY).click("[aria-label='Remove the passkey Blue key']")
    mara.page.wait_for_selector("text=Removed.")
    assert not factors.has_second_factor(world.people["moderator"])


def test_an_answer_of_yesterday_opens_nothing(world: World, mara: Visitor) -> None:
    Authenticator(mara)
    add(mara, "Blue key")
    mara.page.wait_for_selector(".codes")
    to_the_second_step(mara)
    with mara.page.expect_request("**/login/second/") as sent:
        mara.page.click("text=Use your passkey")
    mara.page.wait_for_url("**/review/")
    old = sent.value.post_data_json["credential"]
    to_the_second_step(mara)
    form = mara.page.locator("form[data-passkey]")
    form.evaluate("(f, old) => { f.elements.credential.value = old; f.submit(); }", old)
    mara.page.wait_for_selector("text=That was not one of your passkeys.")
    assert AuditEvent.objects.filter(action="second_step_failed").count() == 1


def test_without_scripts_an_app_is_set_up_and_signs_in(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    who = visitor(scripts=False)
    who.sign_in("moderator")
    page = who.go(WAY)
    page.click("text=Set up an app")
    secret = "".join(page.inner_text(".key").split())
    page.fill("#code", factors.code_at(secret, timezone.now()))
    page.click("text=Set it up")
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    page.click("text=I have kept them")
    page.click("[aria-label='Sign out']")
    page.goto(f"{who.base}/login/")
    page.fill("#u", "moderator")
    page.fill("#p", PASSWORD)
    page.click("button[type=submit]")
    page.fill("#code", codes[0])
    page.click("button[type=submit]")
    page.wait_for_url("**/review/")
