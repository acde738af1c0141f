"""Puts the API together: the frame, the calls of each role, and the pages.

Decides nothing; a call that is not listed here does not exist.
"""

from moderation.api import (
    bulk,
    docs,
    evals,
    listings,
    review,
    rollouts,
    switch,
    webhooks,
)
from moderation.api.application import ReviewhubAPI
from moderation.api.evals_schemas import RunIn
from moderation.api.review_schemas import (
    ClaimIn,
    DecisionIn,
    EscalateIn,
    LeaseIn,
    ModeIn,
    SkipIn,
)
from moderation.api.rollout_schemas import AdvanceIn, HoldIn, StopIn
from moderation.api.schemas import ListingIn
from moderation.api.webhook_schemas import AppealIn, WebhookIn

ABOUT = """
Send listings, follow them, and review what the machine asks a person about.

- Each call needs `Authorization: Bearer rh_live_...`. A merchant's key sees its
  merchant's rows alone; what belongs to others is 404, as if it did not exist.
- Each answer that is no success is a problem document (RFC 9457) with a request id
  and every bad field at once. [All kinds of problems](/api/v1/docs/problems/).
- Each answer tells what is left of the key's requests of this minute in
  `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`.
- Times are UTC. Ids are opaque and case-sensitive. Null equals absent.
"""

api = ReviewhubAPI(
    title="Reviewhub",
    version="1",
    description=ABOUT,
    docs=docs.DocsPage(),
    docs_decorator=docs.readable,
    pages=docs.patterns(),
    bodies=(
        ListingIn,
        AppealIn,
        WebhookIn,
        ClaimIn,
        LeaseIn,
        SkipIn,
        EscalateIn,
        DecisionIn,
        ModeIn,
        RunIn,
        AdvanceIn,
        HoldIn,
        StopIn,
    ),
)
# Before the calls on one listing: "bulk" is no id.
api.add_router("", bulk.router)
api.add_router("", listings.router)
api.add_router("", review.router)
api.add_router("", switch.router)
api.add_router("", webhooks.router)
api.add_router("", evals.router)
api.add_router("", rollouts.router)
