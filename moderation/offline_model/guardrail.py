"""The term rules as a veto on what a language model says.

A language model may be talked into anything by the text it reads; the rules
cannot be talked to.
"""

from collections.abc import Mapping
from typing import Any

from moderation.offline_model.judge import judge


def term_findings(
    listing: Mapping[str, Any], tidied: Mapping[str, Any]
) -> dict[str, str]:
    """Return the clauses that the rules find in a listing, code to quote.

    Args:
        listing: as sent, keys of Content.as_dict().
        tidied: after the quality rules, only the fields that changed.
    """
    answer = judge(dict(listing), dict(tidied))
    return {clause["code"]: clause["quote"] for clause in answer["clauses"]}


def warm() -> None:
    """Load terms and weights now, so that the first listing does not wait for them."""
    judge({"title": "Plain mug"}, {})
