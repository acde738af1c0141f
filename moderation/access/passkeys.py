"""Passkeys and security keys: the two halves of each WebAuthn ceremony.

The challenge lies in the session between the halves and is good for one try. Which
site it is for is the request's own host name, so a copied page gets nothing.
"""

import ipaddress
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.http.request import split_domain_port

from moderation.access.actor import Actor
from moderation.access.factors import enrolled

NAME_LIMIT = 60
_BAD = (
    ValidationError,
    InvalidSignature,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    struct.error,
    RecursionError,
)


class PasskeyRefusedError(ValueError):
    """The browser's answer does not prove what it should."""


def are_possible(request: HttpRequest) -> bool:
    """Return whether browsers offer passkeys here: HTTPS, or localhost by name."""
    host = split_domain_port(request.get_host())[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return request.is_secure() or host == "localhost"
    return False


def ask_for_new(request: HttpRequest, user: User) -> str:
    """Return what the browser needs to make a passkey, as JSON."""
    with context.request_context(request):
        return json.dumps(auth.begin_registration(user, passwordless=False))


def keep_new(
    request: HttpRequest, *, user: User, answer: str, name: str, by: Actor
) -> list[str]:
    """Keep a new passkey; return recovery codes, if it is the first factor.

    Raises:
        PasskeyRefusedError: the answer is not to our question.
    """
    with _one_try(request):
        credential = _read(answer)
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
    with transaction.atomic():
        name = name.strip()[:NAME_LIMIT] or "Passkey"
        row = auth.WebAuthn.add(user, name, credential).instance
        return enrolled(row, by=by)


def ask_for_proof(request: HttpRequest, user: User) -> str:
    """Return what the browser needs to prove that it holds a passkey, as JSON."""
    with context.request_context(request):
        return json.dumps(auth.begin_authentication(user))


def check_proof(
    request: HttpRequest, *, user: User, answer: str, now: datetime
) -> Authenticator:
    """Return the passkey that was proved.

    Raises:
        PasskeyRefusedError: the answer is not to our question, or no key of theirs.
    """
    with _one_try(request):
        credential = _read(answer)
        auth.parse_authentication_response(credential)
        row: Authenticator = auth.complete_authentication(user, credential)
    row.last_used_at = now
    row.save(update_fields=["last_used_at"])
    return row


@contextmanager
def _one_try(request: HttpRequest) -> Iterator[None]:
    with context.request_context(request):
        try:
            yield
        except _BAD as error:
            raise PasskeyRefusedError("That was not one of your passkeys.") from error
        finally:
            auth.clear_state()


def _read(answer: str) -> dict[str, Any]:
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise ValueError("no credential")
    return found
