"""The per-merchant keys under which the audit log fingerprints content."""

import secrets

from django.db import transaction

from moderation.models.listings import ContentKey

# Filled after commit only: a key that was rolled back must not be used on.
_kept: dict[int, bytes] = {}


def content_key(merchant_id: int) -> bytes:
    """Return a merchant's content key, made on first use.

    Kept in memory: a key never changes while it exists. A destroyed key reads
    as an empty one, so that nothing new can be tied to what was erased.
    """
    if merchant_id in _kept:
        return _kept[merchant_id]
    row, _ = ContentKey.objects.get_or_create(
        merchant_id=merchant_id, defaults={"key": secrets.token_bytes(32)}
    )
    key = bytes(row.key or b"")
    transaction.on_commit(lambda: _kept.__setitem__(merchant_id, key))
    return key
