"""Which side of a rollout a merchant stands on: a stable hash, nothing else.

Pure. The same merchant stands in the same bucket in every process for ever;
raising the percentage only adds merchants.
"""

from hashlib import sha256

BUCKETS = 10_000


def bucket(salt: str, merchant_id: str) -> int:
    """Return the merchant's bucket, 0 to 9,999, under one rollout's salt."""
    digest = sha256(f"{salt}:{merchant_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def is_on_candidate(slot: int, percent: float) -> bool:
    """Tell whether a bucket belongs to the candidate at this percentage."""
    return slot < percent * BUCKETS / 100
