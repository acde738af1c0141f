"""How the library behind the second factor is fitted to Reviewhub.

Decides how its secrets lie in the database: encrypted under a key drawn from
SECRET_KEY, so that a copy of the database alone opens no account. Sends no mail.
"""

import base64
import hashlib
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes

ISSUER = "Reviewhub"


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # ships no types
    """Names people by user name, and keeps secrets encrypted."""

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret.

        Raises:
            cryptography.fernet.InvalidToken: SECRET_KEY is another one by now.
        """
        return _box().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Return what the authenticator app shows above the code."""
        return ISSUER

    def _get_site_name(self) -> str:
        return ISSUER

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.get_username())

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send nothing: what happened stands in the audit log."""


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(secret)) for secret in keys])


def _key(secret: str | bytes) -> bytes:
    drawn = hashlib.sha256(b"reviewhub.second-factor:" + force_bytes(secret)).digest()
    return base64.urlsafe_b64encode(drawn)
