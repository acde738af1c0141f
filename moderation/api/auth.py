"""Who calls: a live key with the right scope, within its rate.

Decides 401, 403 and 429. Whether a text is a live key is access.keys' part, and
which rows the caller sees is find's.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from moderation.access import keys, limits
from moderation.access.actor import Actor
from moderation.api.problems import ApiError
from moderation.models import ApiKey, Merchant


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that calls, as the verbs and the look-ups need it.

    Attributes:
        actor: the person the key acts as, for the verbs.
        merchant: whose rows it may see; None for moderators and admins, who see all.
        role: merchant, moderator or admin.
    """

    actor: Actor
    merchant: Merchant | None
    role: str


class ApiRequest(HttpRequest):
    """A request that passed BearerKey; for type checking alone."""

    auth: Caller
    allowance: limits.Allowance
    request_id: str


class BearerKey(HttpBearer):
    """Lets in live keys that have one scope."""

    def __init__(self, scope: str) -> None:
        """Ask for a scope, one of access.keys.SCOPES."""
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any | None:
        """Return the caller.

        Raises:
            ApiError: unauthorized, rate-limited or forbidden.
        """
        caller = super().__call__(request)
        if caller is None:
            raise _unauthorized()
        return caller

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Return the caller that a key's text stands for."""
        now = timezone.now()
        key = keys.find_key(token, now=now)
        if key is None:
            raise _unauthorized()
        allowance = limits.take(
            key.prefix, limit=settings.REVIEWHUB_RATE_LIMIT_PER_MINUTE, kind="api"
        )
        request.allowance = allowance  # type: ignore[attr-defined]  # see ApiRequest
        if not allowance.is_allowed:
            raise ApiError(
                "rate-limited",
                f"Wait {allowance.reset_s} seconds.",
                headers={"Retry-After": str(allowance.reset_s)},
            )
        if self.scope not in key.scopes:
            raise ApiError("forbidden", f"This call needs a key with {self.scope}.")
        keys.note_use(key, now=now)
        return _caller(key)


def merchant_of(caller: Caller) -> Merchant:
    """Return the caller's merchant.

    Raises:
        ApiError: forbidden, for a key that belongs to no merchant.
    """
    if caller.merchant is None:
        raise ApiError("forbidden", "Only a merchant's key can send listings.")
    return caller.merchant


def _caller(key: ApiKey) -> Caller:
    return Caller(Actor.key(key.prefix, key.user), key.merchant, key.role)


def _unauthorized() -> ApiError:
    return ApiError("unauthorized", headers={"WWW-Authenticate": "Bearer"})
