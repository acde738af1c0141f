"""Signatures, held against an independent implementation of Standard Webhooks."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from moderation.delivery.signing import new_secret, sign, signed_headers

# The example of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_known_message_has_its_known_signature() -> None:
    signature = sign(
        SECRET,
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_another_implementation_verifies_every_message(data: dict[str, str]) -> None:
    secret = new_secret()
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    headers = signed_headers([secret], message_id="DEC-1", timestamp=now(), body=body)
    Webhook(secret).verify(body, headers)


def now() -> int:
    """Return this moment in whole seconds."""
    return int(datetime.now(UTC).timestamp())


def test_while_a_secret_is_rolled_both_verify_and_a_third_does_not() -> None:
    new, old = new_secret(), new_secret()
    headers = signed_headers(
        [new, old], message_id="DEC-1", timestamp=now(), body=b"{}"
    )
    Webhook(new).verify(b"{}", headers)
    Webhook(old).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(b"{}", headers)


@pytest.mark.parametrize("part", ["webhook-id", "webhook-timestamp", "body"])
def test_whatever_is_changed_on_the_way_is_noticed(part: str) -> None:
    headers = signed_headers([SECRET], message_id="DEC-1", timestamp=now(), body=b"{}")
    changed = {**headers, part: str(now() + 60)} if part != "body" else headers
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"[]" if part == "body" else b"{}", changed)


def test_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(
        len(base64.b64decode(text.removeprefix("whsec_"))) >= 24 for text in made
    )
