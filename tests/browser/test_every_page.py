"""Every page in every state: readable by all, at every width, in both themes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Visitor
from tests.browser.pages import PLACES, furnish
from tests.moderation.web.world import World

RULES = {
    "runOnly": [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22aa",
        "best-practice",
    ],
    "resultTypes": ["violations"],
}


def visitors_by_role(
    make: Callable[..., Visitor], **options: object
) -> Callable[[str], Visitor]:
    """Return one visitor a role, signed in when first asked for."""
    known: dict[str, Visitor] = {}

    def of(role: str) -> Visitor:
        if role not in known:
            known[role] = make(**options)
            if role:
                known[role].sign_in(role)
        return known[role]

    return of


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_on_any_page(
    world: World, visitor: Callable[..., Visitor], width: int, theme: str
) -> None:
    found = furnish(world)
    of = visitors_by_role(
        visitor, width=width, height=900 if width > 800 else 844, theme=theme
    )
    broken: list[str] = []
    for place in PLACES:
        who = of(place.role)
        place.open(who, found)
        _picture(who, place.name, theme, width)
        for violation in Axe().run(who.page, options=RULES).response["violations"]:
            where = [node["target"] for node in violation["nodes"][:3]]
            broken.append(f"{place.name}: {violation['id']} at {where}")
    assert not broken, "\n".join(broken)


def _picture(who: Visitor, name: str, theme: str, width: int) -> None:
    """Keep a picture where TEST_PICTURES names a directory, to look at."""
    folder = os.environ.get("TEST_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        slug = name.replace(", ", "-").replace(" ", "-")
        path = Path(folder) / f"{slug}-{theme}-{width}.png"
        known = len(who.faults)
        who.page.screenshot(path=path, full_page=True)
        # Taking a picture brings a style of its own, which our policy refuses.
        del who.faults[known:]


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 768, 1024])
def test_no_page_scrolls_sideways(
    world: World, visitor: Callable[..., Visitor], width: int
) -> None:
    found = furnish(world)
    of = visitors_by_role(visitor, width=width, height=800)
    wide: list[str] = []
    for place in PLACES:
        who = of(place.role)
        place.open(who, found)
        got = who.page.evaluate("document.documentElement.scrollWidth")
        if got > width:
            wide.append(f"{place.name}: {got}")
    assert not wide, wide


@pytest.mark.slow
def test_controls_are_large_enough_to_touch(
    world: World, visitor: Callable[..., Visitor]
) -> None:
    found = furnish(world)
    of = visitors_by_role(visitor, width=390, height=844)
    small: list[str] = []
    for place in PLACES:
        who = of(place.role)
        place.open(who, found)
        small += [
            f"{place.name}: {what}"
            for what in who.page.evaluate(
                """() => [...document.querySelectorAll(
                     "button, .btn, input:not([type=hidden]), select, textarea")]
                   .filter(e => e.getClientRects().length && !e.closest(".sr"))
                   .filter(e => !(e.type === "radio" && e.closest("label")))
                   .filter(e => !(e.type === "checkbox" && e.closest("label")))
                   .map(e => [e, e.getBoundingClientRect()])
                   .filter(([e, r]) => r.width < 24 || r.height < 24)
                   .map(([e, r]) => `${e.outerHTML.slice(0, 60)} ${r.height}`)
                """
            )
        ]
    assert not small, small
