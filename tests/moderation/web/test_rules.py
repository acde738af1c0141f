"""The policy is open to everybody, clause by clause."""

from collections.abc import Callable

from django.test import Client

from moderation.models import Policy, PolicyClause
from tests.moderation.web.world import World


def test_every_clause_is_listed_under_its_chapter(
    world: World, client_of: Callable[[str], Client]
) -> None:
    html = client_of("").get("/rules/").content.decode()
    for clause in PolicyClause.objects.all():
        assert f'href="/rules/{clause.code}/"' in html, clause.code
    assert html.count("<h2 id=") == 8


def test_a_clause_is_shown_in_full(
    world: World, client_of: Callable[[str], Client]
) -> None:
    html = client_of("").get("/rules/P-102/").content.decode()
    assert "push daggers" in html
    assert "Weapons and dangerous goods" in html
    assert client_of("").get("/rules/P-999/").status_code == 404


def test_without_a_policy_the_page_says_so(db: None) -> None:
    Policy.objects.all().delete()
    html = Client().get("/rules/").content.decode()
    assert "No policy is in force yet." in html
