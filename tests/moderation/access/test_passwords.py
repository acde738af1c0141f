"""Whoever decides or administers needs a longer password."""

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from pytest_django.fixtures import Settings

SHORT = "kite-71-oak"


def person(name: str, role: str) -> User:
    """Return a person with a role."""
    user = User.objects.create_user(name)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["moderator", "senior", "admin", "auditor"])
def test_staff_need_twelve_characters(role: str) -> None:
    user = person("mara", role)
    with pytest.raises(ValidationError, match="12 characters"):
        validate_password(SHORT, user)
    validate_password(SHORT + "s", user)


@pytest.mark.django_db
def test_a_merchant_needs_eight_and_a_new_account_has_no_role_yet() -> None:
    validate_password(SHORT, person("kim", "merchant"))
    validate_password(SHORT, User(username="new"))
    with pytest.raises(ValidationError):
        validate_password("kite-71", person("kim2", "merchant"))


@pytest.mark.django_db
def test_demo_people_are_excused_on_this_machine_alone(settings: Settings) -> None:
    user = person("admin", "admin")
    validate_password(SHORT, user)
    settings.ON_LOOPBACK = False
    with pytest.raises(ValidationError):
        validate_password(SHORT, user)
