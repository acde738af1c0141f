"""What the list of people reads: a page at a time, in a fixed number of queries."""

from typing import Any

from django.contrib.auth.models import User

from moderation.web.people_read import PAGE, listed
from tests.moderation.web.world import World, person


def test_a_page_costs_the_same_for_five_people_and_for_fifty(
    world: World, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(4):
        listed("active", "", 0)
    for n in range(PAGE):
        person(f"p{n:03}", "merchant", merchant=world.merchant)
    with django_assert_num_queries(4):
        rows, has_more = listed("active", "", 0)
    assert (len(rows), has_more) == (PAGE, True)
    rows, has_more = listed("active", "", 1)
    assert len(rows) == 7
    assert not has_more


def test_a_superuser_is_shown_as_an_admin(world: World) -> None:
    User.objects.create_superuser("boss", password="a long password")
    rows, _ = listed("active", "boss", 0)
    assert rows[0].roles == ("admin",)
    assert not rows[0].has_factor
