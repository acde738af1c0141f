"""Cursors: where the next page of a list begins, in a form nobody builds on."""

import base64
import binascii

from moderation.api.problems import FieldError, invalid


def cursor_of(pk: int) -> str:
    """Return the cursor after a row."""
    return base64.urlsafe_b64encode(f"v1:{pk}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> int:
    """Return the row that a cursor stands after.

    Raises:
        ApiError: invalid, for a text that is none of ours.
    """
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        version, _, number = plain.decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        version, number = "", ""
    if version != "v1" or not number.isdigit() or len(number) > 18:
        message = "Send next_cursor of the page before, or leave it out."
        raise invalid([FieldError("#query/cursor", "cursor", "malformed", message)])
    return int(number)
