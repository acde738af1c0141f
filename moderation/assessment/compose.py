"""Builds the messages for one listing: stable prefix first, listing last, as data.

Decides where instructions end and data begins. Refuses to put a byte of a listing
outside the fenced JSON document, and to know what any of it means.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from moderation.assessment.verdict import verdict_schema
from moderation.content import FIELDS, Content, Problem
from moderation.prompts.fencing import fenced

MAX_DESCRIPTION = 12_000
"""Characters of a description as sent that are shown. What would be published, the
tidied one, is shorter by policy and always shown whole."""

MAX_DOCUMENT = 60_000
"""Characters of a whole listing, above which no model is asked: about 15,000 tokens."""


class Composed(NamedTuple):
    """The two messages of a call."""

    instructions: str
    """For the system role. Holds nothing of any listing."""
    data: str
    """For the user role: the listing, fenced."""


def document_of(raw: Content, tidied: Content) -> dict[str, Any]:
    """Return what the model is shown of one listing.

    `listing` is what the merchant sent, without empty fields; `tidied` holds the
    value after the mechanical rules, only where it differs. Images and documents
    are counted, never named: a host tells where a listing came from.
    """
    sent, after = raw.as_dict(), tidied.as_dict()
    listing: dict[str, Any] = {}
    changed: dict[str, Any] = {}
    for name in FIELDS:
        if name.endswith("_urls"):
            if sent[name]:
                listing[name.removesuffix("_urls") + "_count"] = len(sent[name])
            continue
        if sent[name]:
            listing[name] = sent[name]
        if after[name] != sent[name]:
            changed[name] = after[name]
    if "description" in changed and len(sent["description"]) > MAX_DESCRIPTION:
        listing["description"] = sent["description"][:MAX_DESCRIPTION]
        listing["description_is_cut"] = True
    return {"listing": listing, "tidied": changed}


def new_fence() -> str:
    """Return a mark that no listing can foresee: 96 random bits."""
    return secrets.token_hex(12)


def compose(
    document: Mapping[str, Any],
    *,
    prompt_text: str,
    policy_text: str,
    fence: str,
    problems: Sequence[Problem] = (),
) -> Composed:
    """Return the messages of one call.

    Args:
        document: from document_of.
        prompt_text: the released prompt, examples included.
        policy_text: the policy that decides.
        fence: from new_fence, another one for each call.
        problems: what was wrong with the answer before; then the instructions end
            with those problems, in our words, and the schema. The stable prefix
            stays as it was, so a provider's prefix cache still serves.
    """
    system = prefix_of(prompt_text, policy_text)
    if problems:
        system = f"{system}\n\n{_clarification(problems)}"
    return Composed(system, fenced(document, fence))


@lru_cache(maxsize=32)
def prefix_of(prompt_text: str, policy_text: str) -> str:
    """Return the instructions that are the same for every listing of a recipe."""
    return f"{prompt_text.rstrip()}\n\n# Policy\n\n{policy_text.strip()}"


def _clarification(problems: Sequence[Problem]) -> str:
    named = "\n".join(
        f"- {problem.field}: {problem.message}"
        for problem in dict.fromkeys(problems[:12])
    )
    return (
        "# Second try\n\nAn earlier answer for this listing could not be used:\n"
        f"{named}\nAnswer again: one JSON object, nothing before or after it, "
        f"that fits this schema:\n{_schema_text()}"
    )


@lru_cache(maxsize=1)
def _schema_text() -> str:
    return json.dumps(verdict_schema(), separators=(",", ":"))
