"""The second factor: set up, proved once per code, recovered from, removed."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from pytest_django.fixtures import Settings

from moderation.access import factors
from moderation.access.actor import Actor
from moderation.access.factors import Proof, WrongCodeError
from moderation.models import AuditEvent

NOW = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
pytestmark = pytest.mark.django_db


@pytest.fixture
def mara() -> User:
    return User.objects.create_user("mara")


def enrol(user: User, at: datetime = NOW) -> list[str]:
    """Set an app up with the code of that time."""
    code = factors.code_at(SECRET, at)
    by = Actor.person(user)
    return factors.enrol_app(user=user, secret=SECRET, code=code, by=by, now=at)


@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    assert factors.code_at(SECRET, datetime.fromtimestamp(at_s, UTC)) == code


def test_setting_up_takes_a_right_code_and_gives_ten_recovery_codes(mara: User) -> None:
    by = Actor.person(mara)
    with pytest.raises(WrongCodeError):
        factors.enrol_app(user=mara, secret=SECRET, code="000000", by=by, now=NOW)
    assert not factors.has_second_factor(mara)
    codes = enrol(mara)
    assert len(set(codes)) == 10
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    found = factors.factors_of(mara)
    assert (found.app is not None, found.is_last, found.codes_left) == (True, True, 10)


def test_nothing_readable_lies_in_the_database_or_the_audit_log(mara: User) -> None:
    codes = enrol(mara)
    stored = str(list(Authenticator.objects.values()))
    stored += str(list(AuditEvent.objects.values()))
    assert SECRET not in stored
    assert not [code for code in codes if code in stored]


@pytest.mark.parametrize("drift_s", [-30, 30])
def test_a_clock_half_a_minute_off_is_forgiven(mara: User, drift_s: int) -> None:
    enrol(mara)
    at = NOW + timedelta(minutes=5)
    code = factors.code_at(SECRET, at + timedelta(seconds=drift_s))
    assert factors.check_code(user=mara, code=code, now=at) is Proof.APP


@pytest.mark.parametrize("drift_s", [-60, 60])
def test_a_clock_a_minute_off_is_not(mara: User, drift_s: int) -> None:
    enrol(mara)
    at = NOW + timedelta(minutes=5)
    code = factors.code_at(SECRET, at + timedelta(seconds=drift_s))
    assert factors.check_code(user=mara, code=code, now=at) is None


def test_a_code_works_once_and_no_older_one_after_it(mara: User) -> None:
    enrol(mara)
    at = NOW + timedelta(minutes=5)
    code, older = (
        factors.code_at(SECRET, at),
        factors.code_at(SECRET, at - timedelta(seconds=30)),
    )
    assert factors.check_code(user=mara, code=f" {code[:3]} {code[3:]} ", now=at)
    assert factors.check_code(user=mara, code=code, now=at) is None
    assert factors.check_code(user=mara, code=older, now=at) is None


def test_the_code_that_set_the_app_up_opens_nothing(mara: User) -> None:
    enrol(mara)
    code = factors.code_at(SECRET, NOW)
    assert factors.check_code(user=mara, code=code, now=NOW) is None


def test_a_recovery_code_works_once_and_is_written_down(mara: User) -> None:
    codes = enrol(mara)
    assert factors.check_code(user=mara, code=codes[3], now=NOW) is Proof.RECOVERY_CODE
    assert factors.check_code(user=mara, code=codes[3], now=NOW) is None
    assert factors.check_code(user=mara, code="", now=NOW) is None
    assert factors.factors_of(mara).codes_left == 9
    event = AuditEvent.objects.get(action="use_recovery_code")
    assert event.data == {"left": 9}


def test_new_recovery_codes_end_the_old_ones(mara: User) -> None:
    old = enrol(mara)
    new = factors.renew_codes(user=mara, by=Actor.person(mara))
    assert not set(old) & set(new)
    assert factors.check_code(user=mara, code=old[0], now=NOW) is None
    assert factors.check_code(user=mara, code=new[0], now=NOW) is Proof.RECOVERY_CODE


def test_with_the_last_factor_the_recovery_codes_go(mara: User) -> None:
    codes = enrol(mara)
    app = factors.factors_of(mara).app
    other = User.objects.create_user("other")
    by = Actor.person(mara)
    assert not factors.remove_factor(user=other, row=app.pk, by=by)  # type: ignore[union-attr]
    assert factors.remove_factor(user=mara, row=app.pk, by=by)  # type: ignore[union-attr]
    assert Authenticator.objects.count() == 0
    assert factors.check_code(user=mara, code=codes[0], now=NOW) is None
    assert AuditEvent.objects.get(action="remove_factor").data["was_last"] is True


def test_a_second_app_is_refused(mara: User) -> None:
    enrol(mara)
    with pytest.raises(WrongCodeError):
        enrol(mara, NOW + timedelta(minutes=1))


def test_another_secret_key_makes_codes_wrong_not_the_page_fail(
    mara: User, settings: Settings
) -> None:
    codes = enrol(mara)
    at = NOW + timedelta(minutes=5)
    settings.SECRET_KEY = "another" * 10
    code = factors.code_at(SECRET, at)
    assert factors.check_code(user=mara, code=code, now=at) is None
    assert factors.check_code(user=mara, code=codes[0], now=at) is None
    settings.SECRET_KEY_FALLBACKS = ["for-tests-only-" + "0123456789abcdef" * 4]
    assert factors.check_code(user=mara, code=code, now=at) is Proof.APP


@pytest.mark.parametrize(
    ("group", "must"),
    [
        ("admin", True),
        ("senior", True),
        ("moderator", True),
        ("merchant", False),
        ("auditor", False),
    ],
)
def test_who_decides_or_administers_must_have_one_where_it_is_required(
    mara: User, settings: Settings, group: str, must: bool
) -> None:
    mara.groups.add(Group.objects.get_or_create(name=group)[0])
    assert not factors.must_have_second_factor(mara)
    settings.REVIEWHUB_REQUIRE_SECOND_FACTOR = True
    assert factors.must_have_second_factor(mara) is must


def test_an_admin_can_take_it_all_away_and_it_is_written_down(mara: User) -> None:
    enrol(mara)
    by = Actor.command("reset_second_factor")
    assert factors.reset_second_factor(user=mara, by=by) == 1
    assert Authenticator.objects.count() == 0
    event = AuditEvent.objects.get(action="reset_second_factor")
    assert (event.actor, event.data) == (by.label, {"factors": 1})
