"""What the developer's pages show, read within one merchant's endpoint."""

import pytest

from moderation.delivery.endpoints import send_test
from moderation.models import Delivery
from moderation.web.developers_read import log_of, message_of, rows_of, took
from tests.builders import SELLER, a_merchant, an_endpoint

pytestmark = pytest.mark.django_db


def test_each_address_counts_its_own_deliveries() -> None:
    one, two = an_endpoint(), an_endpoint()
    for endpoint, state in ((one, "dead"), (one, "pending"), (two, "pending")):
        row = send_test(endpoint=endpoint, by=SELLER)
        Delivery.objects.filter(pk=row.pk).update(state=state)
    counted = {
        row.endpoint.pk: (row.sent, row.failed, row.waiting)
        for row in rows_of(a_merchant())
    }
    assert counted == {one.pk: (0, 1, 1), two.pk: (0, 0, 1)}


def test_another_addresss_message_is_not_opened() -> None:
    mine = an_endpoint()
    theirs = send_test(endpoint=an_endpoint(a_merchant("other")), by=SELLER)
    log = log_of(mine, tab="nothing", after="", chosen=theirs.public_id)
    assert (log["tab"], log["lines"], log["message"]) == ("", [], None)


@pytest.mark.parametrize(
    ("state", "status", "error", "says", "can_resend"),
    [
        ("pending", None, "", "not been sent yet", False),
        ("pending", 500, "", "answered 500 after 9 ms", True),
        ("dead", None, "timeout: no whole answer within 15 s", "No answer", True),
        ("cancelled", None, "", "taken back in time", False),
    ],
)
def test_a_message_says_what_came_of_it(
    state: str, status: int | None, error: str, says: str, can_resend: bool
) -> None:
    endpoint = an_endpoint()
    row = send_test(endpoint=endpoint, by=SELLER)
    if status or error:
        row.tries.create(number=1, status=status, error=error, latency_ms=9)
    row.state = state
    shown = message_of(row, endpoint)
    assert says in shown.says
    assert shown.can_resend is can_resend
    assert shown.request.startswith("POST /rh\n")


def test_durations_read_as_people_read_them() -> None:
    assert [took(84), took(999), took(1234)] == ["84 ms", "999 ms", "1.2 s"]
