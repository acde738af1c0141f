"""What a moderator typed, turned into content that may be published.

A correction passes the same sanitising and quality rules as a merchant's
words; what the rules would refuse is named, so that it is mended at once.
"""

from collections.abc import Mapping
from typing import Any

from moderation.content import FIELDS, Content, Problem
from moderation.intake.sanitize import sanitize
from moderation.intake.validate import all_problems, validate


def corrected(
    shown: Content, corrections: Mapping[str, Any]
) -> tuple[Content, list[Problem]]:
    """Return the shown content with the corrections applied, and what is wrong.

    Args:
        shown: what would be published without them.
        corrections: field to new value; attributes and lists as a whole.

    Returns:
        The content (as shown where something is wrong) and the problems.
    """
    if not corrections:
        return shown, []
    unknown = [name for name in corrections if name not in FIELDS]
    if unknown:
        return shown, [
            Problem(name, "unknown_field", f"{name} is no field of a listing.")
            for name in unknown
        ]
    merged: dict[str, Any] = {**shown.as_dict(), **corrections}
    cleaned, _ = sanitize({"external_id": "correction", **merged})
    problems, standardised = all_problems(validate(cleaned, unknown="refuse"))
    if standardised is None:
        return shown, list(problems)
    # Only what was typed anew passes the rules: the rest has passed them before.
    after = standardised.content
    return shown.having(**{name: getattr(after, name) for name in corrections}), []
