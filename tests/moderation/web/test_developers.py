"""The developer's pages: add, see a secret once, read the log, send again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from moderation.delivery.endpoints import send_test
from moderation.models import Delivery, WebhookEndpoint
from tests.builders import an_endpoint
from tests.moderation.web.world import World

URL = "http://127.0.0.1:9/hook"


@pytest.fixture(autouse=True)
def _settings(settings: Any) -> None:
    settings.REVIEWHUB_EGRESS_ALLOW = ("127.0.0.1",)


@pytest.fixture
def client(client_of: Callable[[str], Client]) -> Client:
    return client_of("merchant")


def page(client: Client, path: str) -> str:
    """Return a page's text."""
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_first_visit_shows_what_will_be_sent(client: Client, world: World) -> None:
    html = page(client, "/developers/webhooks/")
    assert "listing.changes_needed" in html
    assert "KS-PO-500" in html
    assert '<a href="/developers/webhooks/" aria-current="page">' in html


def test_a_new_endpoints_secret_is_shown_on_one_page_and_never_again(
    client: Client, world: World
) -> None:
    data = {"url": URL, "events": ["listing.rejected"]}
    response = client.post("/developers/webhooks/", data)
    assert response.status_code == 303
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.merchant, endpoint.events) == (world.merchant, data["events"])
    path = response["Location"]
    assert endpoint.secret in page(client, path)
    assert endpoint.secret not in page(client, path)
    assert URL in page(client, "/developers/webhooks/")
    response = client.post(f"{path}roll/")
    assert response.status_code == 303
    old = endpoint.secret
    endpoint.refresh_from_db()
    html = page(client, path)
    assert endpoint.secret in html
    assert old not in html
    assert endpoint.secret not in page(client, path)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "Write the address"),
        ("http://hooks.example.com/", "Use https"),
        ("https://10.0.0.1/", "no public address"),
        ("https://<script>/", "plain ASCII letters"),
    ],
)
def test_a_refused_address_is_kept_with_its_reason(
    client: Client, world: World, url: str, words: str
) -> None:
    response = client.post("/developers/webhooks/", {"url": url})
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert "<script>/" not in html
    assert not WebhookEndpoint.objects.exists()


def test_a_test_is_sent_and_the_log_shows_both_sides(
    client: Client, world: World
) -> None:
    endpoint = an_endpoint(world.merchant, url=URL)
    path = f"/developers/webhooks/{endpoint.public_id}/"
    assert "Nothing sent yet" in page(client, path)
    assert client.post(f"{path}test/").status_code == 303
    delivery = Delivery.objects.get()
    assert "It has not been sent yet." in page(client, path)
    delivery.tries.create(
        number=1,
        status=500,
        latency_ms=1234,
        answer="content-type: text/plain\n\n<b>sku</b>",
        request_headers={"webhook-signature": "v1,abc="},
    )
    Delivery.objects.update(state="dead", attempts=1)
    html = page(client, path)
    for words in ("500, try 1", "1.2 s", "v1,abc=", "&lt;b&gt;sku", "webhook.test"):
        assert words in html
    assert "Nothing here" in page(client, f"{path}?status=sent")
    assert (
        client.post(f"/developers/deliveries/{delivery.public_id}/resend/").status_code
        == 303
    )
    assert Delivery.objects.filter(resend_of=delivery).count() == 1
    shown = page(client, f"{path}?status=failed&open={delivery.public_id}")
    assert "Resend now" in shown


def test_an_endpoint_is_switched_and_deleted(client: Client, world: World) -> None:
    endpoint = an_endpoint(world.merchant, url=URL)
    path = f"/developers/webhooks/{endpoint.public_id}/"
    client.post(f"{path}switch/")
    html = page(client, path)
    assert "Switched off by you." in html
    assert "disabled" in html
    client.post(f"{path}test/")
    assert not Delivery.objects.exists()
    client.post(f"{path}switch/", {"enabled": "on"})
    endpoint.refresh_from_db()
    assert endpoint.is_enabled
    client.post(f"{path}delete/")
    assert client.get(path).status_code == 404


def test_the_log_has_pages(client: Client, world: World) -> None:
    endpoint = an_endpoint(world.merchant, url=URL)
    made = [send_test(endpoint=endpoint, by=world.actor("merchant")) for _ in range(27)]
    path = f"/developers/webhooks/{endpoint.public_id}/"
    html = page(client, path)
    assert html.count('<span class="mono">webhook.test</span>') == 25
    older = page(client, f"{path}?status=&after={made[2].public_id}")
    assert older.count('<span class="mono">webhook.test</span>') == 2
    assert "Nothing sent yet" in page(client, f"{path}?after=DLV-NO")


def test_an_endpoint_that_fails_says_so_in_the_list(
    client: Client, world: World
) -> None:
    an_endpoint(world.merchant, url=URL, failures=3)
    assert "Failing, 3 in a row" in page(client, "/developers/webhooks/")
