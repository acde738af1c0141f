"""How often a password or a code may be tried, and what is written down of it.

Decides whether this try may be looked at. Counts in the cache that all processes
share; a cache that is away leaves two floors: this process's own count, and the
failures that the audit log holds. Never writes what was typed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.auth.models import User
from django.utils.crypto import salted_hmac

from moderation.access.addresses import counted_as
from moderation.access.limits import give_back, take
from moderation.models import AuditEvent

# Tries of one name from one address, and of one address, in the cache's window.
WINDOW_S = 300
TRIES_OF_A_NAME, TRIES_OF_AN_ADDRESS = 15, 60
# Tries of one account's second step. Of 10**6 codes three are right at a time:
# 60 failures a day let 1 guesser in 5,500 in, who must know the password first.
TRIES_OF_A_CODE = 10


class Step(StrEnum):
    """What is being tried."""

    PASSWORD = "sign_in"
    CODE = "second_step"


@dataclass(frozen=True, slots=True)
class Floor:
    """How many failures the audit log may hold of one subject.

    Attributes:
        failures: so many close the door.
        within: counted so far back.
    """

    failures: int
    within: timedelta


# A name's floor counts all addresses: many machines that try one name slow one
# another down. It is higher than what one address may try.
FLOORS = {
    Step.PASSWORD: Floor(40, timedelta(seconds=WINDOW_S)),
    Step.CODE: Floor(60, timedelta(days=1)),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: of what, whose, from where.

    Attributes:
        step: password or code.
        name: the user name as it was typed; of a code, the account's.
        address: where it comes from.
        user: the account, where it is known who it is.
    """

    step: Step
    name: str
    address: str
    user: User | None = None

    @property
    def subject(self) -> str:
        """Return the name's fingerprint: names may be mistyped passwords."""
        return fingerprint(self.name.lower())


def fingerprint(text: str) -> str:
    """Return 32 characters that tell equal texts, and nothing else, about it."""
    made = salted_hmac("reviewhub.sign-in", text, algorithm="sha256")
    return made.hexdigest()[:32]


def wait_of(attempt: Attempt, *, now: datetime) -> int:
    """Count this try; return the seconds to wait, 0 when it may be looked at."""
    at_s = now.timestamp()
    wait = 0
    for quota, limit in _quotas(attempt).items():
        allowance = take(
            quota,
            limit=limit,
            kind="login",
            window_s=WINDOW_S,
            now_s=at_s,
            has_floor=True,
        )
        if not allowance.is_allowed:
            wait = max(wait, allowance.reset_s)
            if quota == counted_as(attempt.address):
                # No counter and no row of each name that a refused address makes up.
                _note_lock(replace(attempt, name=f"address {quota}", user=None), now)
                return wait
    wait = max(wait, _wait_by_log(attempt, now))
    if wait:
        _note_lock(attempt, now)
    return wait


def note_success(attempt: Attempt, *, now: datetime) -> None:
    """Take the try back: who is right may sign in as often as they like."""
    for quota in _quotas(attempt):
        give_back(quota, kind="login", window_s=WINDOW_S, now_s=now.timestamp())


def note_failure(attempt: Attempt, *, now: datetime) -> None:
    """Write down that a password or code was wrong."""
    _record(attempt, "failed", now)


def _quotas(attempt: Attempt) -> dict[str, int]:
    home = counted_as(attempt.address)
    if attempt.step is Step.CODE:
        return {f"code:{attempt.subject}": TRIES_OF_A_CODE}
    return {
        home: TRIES_OF_AN_ADDRESS,
        f"{home}:{attempt.subject}": TRIES_OF_A_NAME,
    }


def _wait_by_log(attempt: Attempt, now: datetime) -> int:
    floor = FLOORS[attempt.step]
    times = list(
        AuditEvent.objects.filter(
            subject_type="SignIn",
            subject_id=attempt.subject,
            action=f"{attempt.step}_failed",
            at__gt=now - floor.within,
        )
        .order_by("-at")
        .values_list("at", flat=True)[: floor.failures]
    )
    if len(times) < floor.failures:
        return 0
    return max(1, round((times[-1] + floor.within - now).total_seconds()))


def _note_lock(attempt: Attempt, now: datetime) -> None:
    """Write a lock down once a window, not at every try that it stops."""
    known = AuditEvent.objects.filter(
        subject_type="SignIn",
        subject_id=attempt.subject,
        action=f"{attempt.step}_locked",
        at__gt=now - timedelta(seconds=WINDOW_S),
    )
    if not known.exists():
        _record(attempt, "locked", now)


def _record(attempt: Attempt, what: str, now: datetime) -> None:
    user = attempt.user or User.objects.filter(username=attempt.name).first()
    AuditEvent.objects.create(
        at=now,
        actor=f"person:{user.get_username()}" if user else "visitor",
        action=f"{attempt.step}_{what}",
        subject_type="SignIn",
        subject_id=attempt.subject,
        data={
            "user": user.pk if user else None,
            "address": fingerprint(counted_as(attempt.address)),
        },
    )
