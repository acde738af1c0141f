"""The second factor: an authenticator app, passkeys, and recovery codes.

Decides whether a person has one, must have one, and whether a code is right. Rows,
code arithmetic and WebAuthn are the library's; replays are refused here by the row
itself, because a cache may be away. Every change leaves an audit row, no secret.
"""

import base64
import string
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.crypto import constant_time_compare

from moderation.access.actor import ADMIN, MODERATOR, SENIOR, Actor, roles_of
from moderation.models import AuditEvent
from moderation.telemetry.logs import get_logger

log = get_logger(__name__)

PERIOD_S = 30  # RFC 6238
# One step early and one late: phones' clocks are half a minute off at most.
DRIFT = (0, -1, 1)
REQUIRED_OF = frozenset({MODERATOR, SENIOR, ADMIN})
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class Proof(StrEnum):
    """What the second step was passed with."""

    APP = "app"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"


class WrongCodeError(ValueError):
    """The code is wrong, was used before, or its time has passed."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What a person has set up.

    Attributes:
        app: the authenticator app's row, if any.
        passkeys: their rows, the oldest first.
        codes_left: unused recovery codes.
    """

    app: Authenticator | None
    passkeys: tuple[Authenticator, ...]
    codes_left: int

    @property
    def has_any(self) -> bool:
        """Return whether there is a second step."""
        return self.app is not None or bool(self.passkeys)

    @property
    def is_last(self) -> bool:
        """Return whether removing one leaves none."""
        return len(self.passkeys) + (self.app is not None) == 1


def factors_of(user: User) -> Factors:
    """Return what a person has set up, in one query."""
    rows = list(Authenticator.objects.filter(user=user).order_by("id"))
    by_type = {row.type: row for row in rows}
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    return Factors(
        app=by_type.get(Authenticator.Type.TOTP),
        passkeys=tuple(r for r in rows if r.type == Authenticator.Type.WEBAUTHN),
        codes_left=_left(codes) if codes else 0,
    )


def has_second_factor(user: User) -> bool:
    """Return whether signing in takes a second step."""
    return bool(Authenticator.objects.filter(user=user, type__in=KINDS).exists())


def must_have_second_factor(user: User) -> bool:
    """Return whether the person's role asks for a second factor here."""
    return bool(
        settings.REVIEWHUB_REQUIRE_SECOND_FACTOR and roles_of(user) & REQUIRED_OF
    )


def new_secret() -> str:
    """Return a new key for an authenticator app: 160 random bits in base 32."""
    return str(generate_totp_secret())


def code_at(secret: str, at: datetime) -> str:
    """Return the code that an app shows at a time."""
    return _code(secret, int(at.timestamp()) // PERIOD_S)


def picture_of(user: User, secret: str) -> str:
    """Return the key as a QR code: an address of a picture, whole in itself."""
    adapter = get_adapter()
    drawn = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()


def enrol_app(
    *, user: User, secret: str, code: str, by: Actor, now: datetime
) -> list[str]:
    """Set an authenticator app up; return new recovery codes, if it is the first.

    Raises:
        WrongCodeError: the code is not the key's, so the app does not know the key;
            or there is an app already.
    """
    counter = _counter_of(secret, code, now)
    if counter is None:
        raise WrongCodeError
    with transaction.atomic():
        _lock(user)
        if Authenticator.objects.filter(
            user=user, type=Authenticator.Type.TOTP
        ).exists():
            raise WrongCodeError
        row = TOTP.activate(user, secret).instance
        row.data["counter"] = counter
        row.save(update_fields=["data"])
        return enrolled(row, by=by)


def enrolled(row: Authenticator, *, by: Actor) -> list[str]:
    """Write down that a factor was set up; return recovery codes with the first.

    Called in the transaction that made the row.
    """
    _record("enrol_factor", row.user, by, {"factor": row.type, "row": row.pk})
    has_codes = Authenticator.objects.filter(
        user=row.user, type=Authenticator.Type.RECOVERY_CODES
    ).exists()
    return [] if has_codes else renew_codes(user=row.user, by=by)


def check_code(*, user: User, code: str, now: datetime) -> Proof | None:
    """Return what a typed code proves: the app, a recovery code, or nothing.

    A code works once. What is used up stays used up when the caller fails later.
    """
    digits = "".join(sign for sign in code if sign in string.digits)
    if _check_app(user, digits, now):
        return Proof.APP
    if _check_recovery(user, digits):
        return Proof.RECOVERY_CODE
    return None


def renew_codes(*, user: User, by: Actor) -> list[str]:
    """Replace the recovery codes; return the new ones, which are shown once."""
    with transaction.atomic():
        _lock(user)
        Authenticator.objects.filter(
            user=user, type=Authenticator.Type.RECOVERY_CODES
        ).delete()
        codes: list[str] = RecoveryCodes.activate(user).generate_codes()
        _record("renew_recovery_codes", user, by, {"codes": len(codes)})
    return codes


def remove_factor(*, user: User, row: int, by: Actor) -> bool:
    """Remove an app or a passkey; with the last, the recovery codes go too.

    Returns:
        Whether there was one to remove.
    """
    with transaction.atomic():
        _lock(user)
        found = Authenticator.objects.filter(user=user, pk=row, type__in=KINDS).first()
        if found is None:
            return False
        data = {"factor": found.type, "row": found.pk}
        found.delete()
        if not has_second_factor(user):
            Authenticator.objects.filter(user=user).delete()
            data["was_last"] = True
        _record("remove_factor", user, by, data)
    return True


def reset_second_factor(*, user: User, by: Actor) -> int:
    """Remove everything a person set up, who cannot; return how many factors."""
    with transaction.atomic():
        _lock(user)
        rows = Authenticator.objects.filter(user=user)
        count = int(rows.filter(type__in=KINDS).count())
        rows.delete()
        _record("reset_second_factor", user, by, {"factors": count})
    return count


def _check_app(user: User, digits: str, now: datetime) -> bool:
    with transaction.atomic():
        row = (
            Authenticator.objects.select_for_update()
            .filter(user=user, type=Authenticator.Type.TOTP)
            .first()
        )
        if row is None:
            return False
        try:
            secret = decrypt(row.data["secret"])
        except InvalidToken:
            log.error("second_factor_unreadable", user=user.pk)
            return False
        counter = _counter_of(secret, digits, now)
        # A code seen over somebody's shoulder is worth nothing once it was used.
        if counter is None or counter <= row.data.get("counter", 0):
            return False
        row.data["counter"] = counter
        row.last_used_at = now
        row.save(update_fields=["data", "last_used_at"])
    return True


def _check_recovery(user: User, digits: str) -> bool:
    with transaction.atomic():
        row = (
            Authenticator.objects.select_for_update()
            .filter(user=user, type=Authenticator.Type.RECOVERY_CODES)
            .first()
        )
        if row is None or not digits:
            return False
        try:
            is_right = bool(RecoveryCodes(row).validate_code(digits))
        except InvalidToken:
            log.error("second_factor_unreadable", user=user.pk)
            return False
        if is_right:
            row.refresh_from_db()
            data = {"left": _left(row)}
            _record("use_recovery_code", user, Actor.person(user), data)
    return is_right


def _left(row: Authenticator) -> int:
    used = int(row.data.get("used_mask", 0))
    return 10 - used.bit_count()


def _counter_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, None when it is none near now."""
    digits = "".join(sign for sign in code if sign in string.digits)
    current = int(now.timestamp()) // PERIOD_S
    right = [
        current + drift
        for drift in DRIFT
        if constant_time_compare(_code(secret, current + drift), digits)
    ]
    return right[0] if right else None


def _code(secret: str, counter: int) -> str:
    return str(format_hotp_value(hotp_value(secret, counter)))


def _lock(user: User) -> None:
    """Let one change of a person's factors at a time through."""
    User.objects.select_for_update().get(pk=user.pk)


def _record(action: str, user: User, by: Actor, data: dict[str, Any]) -> None:
    AuditEvent.objects.create(
        actor=by.label,
        action=action,
        subject_type="User",
        subject_id=str(user.pk),
        data=data,
    )
