"""How a message is signed, so that its receiver knows it is ours and is whole.

Source: the Standard Webhooks specification 1.0.0: HMAC-SHA256 over
`id.timestamp.body`, one signature for each live secret.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

LEAD = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """Return a new secret as its receiver is shown it."""
    return LEAD + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature.

    Args:
        secret: with its `whsec_` lead.
        message_id: the event's id, the same at each try.
        timestamp: seconds since 1970 at which this try is sent.
        body: the bytes as sent.
    """
    key = base64.b64decode(secret.removeprefix(LEAD))
    text = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(
    live_secrets: Sequence[str], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of a message; every live secret signs it."""
    signatures = (
        sign(secret, message_id=message_id, timestamp=timestamp, body=body)
        for secret in live_secrets
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
