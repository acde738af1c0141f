"""The verdict that the pipeline would give, with nothing stored as a submission."""

import asyncio
from typing import Any

from django.conf import settings

from moderation.assessment.clients import client_for_now
from moderation.intake.check import Checked, check
from moderation.models import Merchant, Submission
from moderation.models.versions import mode_in_force
from moderation.pipeline import Context, Moderated, moderate
from moderation.retrieval.surroundings import surroundings_of
from moderation.rollout.assignment import assign
from moderation.states import Route
from moderation.versions import Served, ensure_versions

# What a merchant is told where a person would be asked: no rule to dodge by.
WORDS = {
    Route.AUTO_APPROVE: "It would go live by itself, as shown.",
    Route.REVIEW: "A person would read it first.",
}


def precheck(
    *, merchant: Merchant, data: object, request_id: str = ""
) -> dict[str, Any]:
    """Judge a listing as if it had been sent, and forget it.

    Args:
        merchant: whose listing it would be.
        data: as for submit.
        request_id: in the log lines of the model call.

    Returns:
        would_be (the status on the wire it would reach at once), message,
        standardised, changes, requests, and the clauses that a fix stands
        under.

    Raises:
        RefusedError: with every problem, as submit would.
    """
    checked = check(data)
    ensure_versions()
    version = assign([Submission(pk=0, merchant=merchant)])[0].version
    moderated = asyncio.run(
        _judge(checked, version, _context(merchant, checked), request_id)
    )
    route = moderated.routed.route
    return {
        "would_be": "approved" if route is Route.AUTO_APPROVE else "in_review",
        "message": WORDS[route],
        "standardised": moderated.proposed.as_dict(),
        "changes": [change.as_dict() for change in checked.changes],
        "requests": [item.as_dict() for item in checked.standardised.requests],
        "clauses": [
            {"code": item["code"], "field": item["field"], "quote": item["quote"]}
            for item in moderated.clauses
        ],
    }


async def _judge(
    checked: Checked, version: Served, context: Context, request_id: str
) -> Moderated:
    async with client_for_now() as client:
        return await moderate(
            raw=checked.content,
            standardised=checked.standardised,
            version=version,
            context=context,
            client=client,
            deadline_s=float(settings.REVIEWHUB_MODEL_TIMEOUT_SECONDS),
            request_id=request_id,
        )


def _context(merchant: Merchant, checked: Checked) -> Context:
    tidied = checked.standardised.content
    # Never saved: only what its surroundings are looked up by.
    draft = Submission(
        pk=0,
        merchant=merchant,
        tidied=tidied.as_dict(),
        category=tidied.category,
        currency=tidied.currency,
    )
    around = surroundings_of([draft])[0]
    return Context(
        merchant_decisions=around.merchant_decisions,
        new_merchant_limit=settings.REVIEWHUB_NEW_MERCHANT_LISTINGS,
        is_established=around.is_established,
        is_restricted=around.is_restricted,
        near_rejection=around.near_rejection,
        usual_price=around.usual_price,
        mode=mode_in_force(),
    )
