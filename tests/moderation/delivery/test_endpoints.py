"""What a merchant does with its addresses: each act once, and written down."""

from datetime import timedelta

import pytest

from moderation.delivery.addresses import RefusedAddressError
from moderation.delivery.endpoints import (
    MOST_ENDPOINTS,
    ROLL_OVERLAP,
    EndpointRefusedError,
    create_endpoint,
    delete_endpoint,
    live_endpoints,
    resend,
    roll_secret,
    secrets_of,
    send_test,
    set_enabled,
)
from moderation.models import AuditEvent, Delivery
from moderation.models.clock import database_now
from tests.builders import (
    SELLER,
    a_merchant,
    a_moderator,
    an_assessment,
    an_endpoint,
    decided_by,
)

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/rh"


def actions() -> list[str]:
    """Return what was written down about endpoints."""
    rows = AuditEvent.objects.filter(subject_type="WebhookEndpoint").order_by("id")
    return [row.action for row in rows]


def test_a_new_endpoint_has_a_secret_and_is_written_down_without_it() -> None:
    endpoint = create_endpoint(
        merchant=a_merchant(), url=f" {URL} ", by=SELLER, check=lambda url: None
    )
    assert endpoint.secret.startswith("whsec_")
    assert (endpoint.url, endpoint.created_by) == (URL, SELLER.label)
    event = AuditEvent.objects.get(action="webhook_create")
    assert endpoint.secret not in str(event.data)


def test_every_problem_is_named_at_once() -> None:
    def refuse(url: str) -> None:
        raise RefusedAddressError("Use https.")

    with pytest.raises(EndpointRefusedError) as refused:
        create_endpoint(
            merchant=a_merchant(),
            url="http://x",
            events=["listing.sold"],
            by=SELLER,
            check=refuse,
        )
    found = [(p.field, p.code) for p in refused.value.problems]
    assert found == [("url", "refused_address"), ("events", "not_a_choice")]


def test_the_real_check_is_the_default() -> None:
    with pytest.raises(EndpointRefusedError):
        create_endpoint(merchant=a_merchant(), url="https://127.0.0.1/", by=SELLER)


def test_a_merchant_has_a_bounded_number_of_endpoints() -> None:
    made = [an_endpoint() for _ in range(MOST_ENDPOINTS)]
    with pytest.raises(EndpointRefusedError):
        an_endpoint()
    assert delete_endpoint(endpoint=made[0], by=SELLER)
    an_endpoint()


def test_deleting_takes_back_what_waits_and_keeps_the_log() -> None:
    endpoint = an_endpoint()
    an_assessment()
    assert delete_endpoint(endpoint=endpoint, by=SELLER)
    assert not delete_endpoint(endpoint=endpoint, by=SELLER)
    assert Delivery.objects.get(channel="webhook").state == "cancelled"
    assert not live_endpoints(a_merchant()).exists()
    assert actions() == ["webhook_create", "webhook_delete"]


def test_a_rolled_secret_signs_beside_the_new_one_for_a_day() -> None:
    endpoint = an_endpoint()
    now = database_now()
    rolled = roll_secret(endpoint=endpoint, by=SELLER, now=now)
    assert rolled.secret != endpoint.secret
    assert secrets_of(rolled, now) == [rolled.secret, endpoint.secret]
    assert timedelta(hours=24) == ROLL_OVERLAP
    assert secrets_of(rolled, now + ROLL_OVERLAP) == [rolled.secret]
    assert actions()[-1] == "webhook_roll_secret"


def test_switched_on_again_it_begins_afresh() -> None:
    endpoint = an_endpoint(failures=12, open_until=database_now() + timedelta(hours=1))
    assert set_enabled(endpoint=endpoint, enabled=False, by=SELLER, reason="Moving.")
    assert not set_enabled(endpoint=endpoint, enabled=False, by=SELLER)
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "Moving.")
    assert set_enabled(endpoint=endpoint, enabled=True, by=SELLER)
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.open_until, endpoint.disabled_reason) == (
        0,
        None,
        "",
    )
    assert actions()[1:] == ["webhook_disable", "webhook_enable"]


def test_a_test_is_due_at_once_and_only_where_the_endpoint_is_on() -> None:
    endpoint = an_endpoint(events=["listing.rejected"])
    delivery = send_test(endpoint=endpoint, by=SELLER)
    assert delivery.event == "webhook.test"
    assert delivery.due_at <= database_now()
    set_enabled(endpoint=endpoint, enabled=False, by=SELLER)
    with pytest.raises(EndpointRefusedError):
        send_test(endpoint=endpoint, by=SELLER)
    delete_endpoint(endpoint=endpoint, by=SELLER)
    with pytest.raises(EndpointRefusedError):
        send_test(endpoint=endpoint, by=SELLER)


def test_a_resend_is_a_new_row_of_the_same_event() -> None:
    an_endpoint()
    an_assessment()
    first = Delivery.objects.get(channel="webhook")
    with pytest.raises(EndpointRefusedError):
        resend(delivery=first, by=SELLER)  # it has not been tried yet
    Delivery.objects.filter(pk=first.pk).update(state="dead", attempts=3)
    first.refresh_from_db()
    again = resend(delivery=first, by=SELLER)
    assert (again.state, again.attempts) == ("pending", 0)
    third = resend(delivery=again_tried(again), by=SELLER)
    assert {again.event_id, third.event_id} == {first.event_id}
    assert again.resend_of == third.resend_of == first
    assert again.payload == first.payload


def again_tried(delivery: Delivery) -> Delivery:
    """Return a delivery as after one try."""
    Delivery.objects.filter(pk=delivery.pk).update(attempts=1)
    delivery.refresh_from_db()
    return delivery


def test_what_was_undone_is_never_sent_again() -> None:
    an_endpoint()
    decision = decided_by(a_moderator(), "rejected")
    Delivery.objects.filter(decision=decision).update(state="cancelled")
    row = Delivery.objects.get(channel="webhook")
    with pytest.raises(EndpointRefusedError):
        resend(delivery=row, by=SELLER)
    publication = Delivery.objects.get(channel="publish")
    with pytest.raises(ValueError, match="Only a webhook"):
        resend(delivery=publication, by=SELLER)
