"""What the browser's tests share: Chromium, the world on a live server, a guard.

Every page is guarded: an error of a script, a blocked resource or a request to
another host fails the test, whatever else it looks at.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import chromium_path
from tests.moderation.web.world import PASSWORD, World, build

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as needing Chromium."""
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _allow_the_database_beside_a_loop() -> Iterator[None]:
    """Let the tests use the database although Playwright runs an event loop."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    assert path, "mark the test with pytest.mark.browser"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at the browser: one context, one page, and what went wrong in it."""

    context: BrowserContext
    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open an address of ours."""
        self.page.goto(self.base + path)
        return self.page

    def sign_in(self, name: str) -> Page:
        """Sign in by the form, as people do."""
        self.go("/login/")
        self.page.fill("#u", name)
        self.page.fill("#p", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda url: "/login/" not in url)
        return self.page


@pytest.fixture
def world(live_server: Any) -> World:
    return build()


@pytest.fixture
def visitor(browser: Browser, live_server: Any) -> Iterator[Callable[..., Visitor]]:
    """Return a maker of visitors, each with a browser context of its own."""
    made: list[Visitor] = []

    def make(
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        scripts: bool = True,
    ) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(10_000)
        visitor = Visitor(context, context.new_page(), str(live_server.url))
        _guard(visitor)
        made.append(visitor)
        return visitor

    yield make
    for visitor in made:
        visitor.context.close()
    faults = [fault for visitor in made for fault in visitor.faults]
    assert not faults, faults


def _guard(visitor: Visitor) -> None:
    page = visitor.page
    page.on("pageerror", lambda error: visitor.faults.append(str(error)))
    page.on("dialog", lambda dialog: visitor.faults.append(f"dialog {dialog.message}"))

    def said(message: Any) -> None:
        # A 4xx is also an answer, which the test itself looks at.
        if message.type == "error" and "status of 4" not in message.text:
            visitor.faults.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith((visitor.base, "data:")):
            visitor.faults.append(f"foreign request {request.url}")

    page.on("console", said)
    page.on("request", asked)
