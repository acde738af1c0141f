"""What listings look like on the wire. The OpenAPI document is made from these.

Intake holds a listing against intake.validate, which names every problem at once
with its remedy; ListingIn describes the same fields for readers.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from moderation.api.find import STATUSES

Status = Literal[
    "received",
    "assessing",
    "in_review",
    "approved",
    "changes_needed",
    "rejected",
    "withdrawn",
]
assert set(STATUSES) == set(Status.__args__)  # type: ignore[attr-defined]  # a Literal


class Write(BaseModel):
    """What is sent to us: unknown fields are refused, values are not bent."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Read(BaseModel):
    """What we send."""

    model_config = ConfigDict(extra="forbid")


class FieldErrorOut(Read):
    """One thing wrong with one field."""

    pointer: str = Field(
        description="JSON pointer (RFC 6901) into the body; '#query/...' and "
        "'#header/...' for parameters and headers."
    )
    field: str = Field(description="The same place as a person would say it.")
    code: str = Field(description="A stable word, or the code of a quality rule, Q-09.")
    message: str = Field(description="What to change.")


class ProblemOut(Read):
    """Every answer that is not a success (RFC 9457)."""

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time, or what to do.")
    instance: str = Field(description="The request id.")
    request_id: str = Field(description="The request id, for support.")
    errors: list[FieldErrorOut] = Field(
        default=[], description="Every field to blame, all at once."
    )


class ListingIn(Write):
    """A listing as the merchant wrote it. Null equals absent."""

    external_id: str = Field(
        min_length=1, max_length=200, description="The merchant's own reference."
    )
    title: str = Field(max_length=2000, description="Name of the item.")
    description: str | None = Field(
        default=None, max_length=60_000, description="Everything else about the item."
    )
    price: str | float = Field(
        description="Price as the merchant wrote it: '1e2', '89,00 €'. Q-09 makes it "
        "a decimal."
    )
    currency: str = Field(
        max_length=500, description="As written: 'EUR', '€'. Q-10 makes it ISO."
    )
    category: str = Field(max_length=500, description="Category of the marketplace.")
    brand: str | None = Field(default=None, max_length=500, description="Brand name.")
    condition: str | None = Field(
        default=None, max_length=500, description="Such as 'new' or 'used, good'."
    )
    attributes: dict[str, str] | None = Field(
        default=None, max_length=100, description="Further facts by name."
    )
    image_urls: list[str] | None = Field(
        default=None, max_length=30, description="Addresses of pictures, http or https."
    )
    document_urls: list[str] | None = Field(
        default=None, max_length=30, description="Addresses of data sheets."
    )
    language: str | None = Field(
        default=None, description="Language of the texts as a BCP 47 tag, such as 'de'."
    )


class Receipt(Read):
    """What the sender of a listing is told at once."""

    id: str = Field(description="Id of this version: the submission.")
    listing_id: str = Field(description="Id of the listing over all its versions.")
    external_id: str = Field(description="The merchant's own reference.")
    version: int = Field(description="Number of this version of the listing.")
    status: Status = Field(description="Where the submission stands.")
    status_url: str = Field(description="Where to ask again.")
    expected_decision_at: str = Field(
        description="When the machine will most likely have answered (UTC)."
    )


class BulkRow(Read):
    """What became of one row of a bulk call."""

    row: int = Field(description="Number of the row, from 1.")
    id: str | None = Field(default=None, description="Id of the submission it becomes.")
    errors: list[FieldErrorOut] | None = Field(
        default=None, description="What is wrong with the row; it was not taken."
    )


class BulkReceipt(Read):
    """What the sender of many listings is told at once."""

    import_id: str = Field(description="Id of this bulk call.")
    accepted: int = Field(description="Rows that were taken.")
    refused: int = Field(description="Rows that were not.")
    rows: list[BulkRow] = Field(description="Every row, in order.")


class ChangeOut(Read):
    """One thing that a quality rule changed."""

    code: str = Field(description="The rule: Q-03.")
    field: str = Field(description="Which field.")
    before: str = Field(description="What was sent.")
    after: str = Field(description="What it became.")
    silent: bool = Field(description="Whether the policy changes it without a word.")


class RequestOut(Read):
    """Something we ask of the merchant without holding the listing back."""

    field: str = Field(description="Which field.")
    code: str = Field(description="The rule: Q-07.")
    message: str = Field(description="What to do.")


class EvidenceOut(Read):
    """A clause of the policy with the words that it is about."""

    code: str = Field(description="Its code: P-404.")
    field: str = Field(description="Where the words stand.")
    quote: str = Field(description="The merchant's own words.")


class PrecheckOut(Read):
    """What would become of a listing. Nothing was stored."""

    would_be: Status = Field(description="The status that it would reach at once.")
    message: str = Field(description="The same in words.")
    standardised: dict[str, Any] = Field(description="As it would be published.")
    changes: list[ChangeOut] = Field(description="What the quality rules change.")
    requests: list[RequestOut] = Field(
        description="What we would ask for all the same."
    )
    clauses: list[EvidenceOut] = Field(description="The clauses found.")


class DiffOut(Read):
    """One field that reads differently from what was sent."""

    field: str = Field(description="Which field.")
    before: Any = Field(description="What was sent.")
    after: Any = Field(description="What is or would be published.")
    codes: list[str] = Field(description="The rules that changed it.")


class GroundOut(Read):
    """One clause of the policy that a decision rests on."""

    clause: str = Field(description="Its code: P-101.")
    title: str = Field(description="Its heading.")
    field: str = Field(description="Where the words stand.")
    quote: str = Field(description="The merchant's own words.")
    rule: str = Field(description="What the policy says.")


class StatementOut(Read):
    """The statement of reasons."""

    model_config = ConfigDict(extra="allow")

    outcome: str = Field(description="approved, changes_needed or rejected.")
    decided_by: str = Field(description="machine or person.")
    automated: bool = Field(description="Whether a machine decided alone.")
    automated_detection: bool = Field(
        description="Whether automated means read it before anybody decided."
    )
    automated_decision: bool = Field(description="The same as automated.")
    decided_at: str = Field(description="When (UTC).")
    summary: str = Field(description="The outcome and who decided, in two sentences.")
    facts: list[str] = Field(description="What was found where, one sentence each.")
    grounds: list[GroundOut] = Field(description="The clauses, each with a quote.")
    requests: list[RequestOut] = Field(description="What we ask for all the same.")
    note: str = Field(description="Words of the moderator to the merchant.")
    appeal: str = Field(description="How to appeal; empty for an approval.")
    appeal_until: str | None = Field(
        description="Until when one may appeal (UTC); null for an approval."
    )


class DecisionOut(Read):
    """A decision in effect."""

    id: str = Field(description="Id of the decision.")
    outcome: Literal["approved", "changes_needed", "rejected"] = Field(
        description="What was decided."
    )
    automated: bool = Field(description="Whether a machine decided alone.")
    decided_at: str = Field(description="When (UTC).")
    effective_at: str = Field(description="Since when it has its effects (UTC).")
    statement: StatementOut = Field(description="The reasons, for the merchant.")


class ReasonOut(Read):
    """One reason why a person was asked, or why none was."""

    code: str = Field(description="Failure kind or guardrail, see docs/runbook.md.")
    message: str = Field(description="The reason in words.")


class RouteOut(Read):
    """Where the machine sent a submission. For moderators and admins."""

    route: str = Field(description="auto_approve or review.")
    pipeline: str | None = Field(description="Name of the pipeline version.")
    calibrated_confidence: float | None = Field(
        description="Measured probability, 0 to 1, that no person was needed."
    )
    reasons: list[ReasonOut] = Field(description="Why.")


class LiveOut(Read):
    """The version of a listing that is live."""

    id: str = Field(description="Id of that version: the submission.")
    version: int = Field(description="Its number.")
    decision_id: str = Field(description="Id of the approval that put it live.")
    since: str = Field(description="Since when (UTC).")


class AppealStateOut(Read):
    """Where a version's appeal stands."""

    id: str = Field(description="Its id.")
    state: str = Field(
        description="open, upheld (the decision was replaced) or rejected (it stands)."
    )
    opened_at: str = Field(description="When it came in (UTC).")
    resolved_at: str | None = Field(description="When it was answered (UTC).")


class ListingOut(Read):
    """A submission: one version of a listing."""

    id: str = Field(description="Id of this version: the submission.")
    listing_id: str | None = Field(
        description="Id of the listing over all its versions; null while a row of a "
        "bulk call still waits for its turn."
    )
    external_id: str = Field(description="The merchant's own reference.")
    merchant: str = Field(description="Slug of the merchant.")
    version: int | None = Field(
        description="Number of this version of the listing; null while it waits so."
    )
    status: Status = Field(description="Where the submission stands.")
    status_reason: str = Field(description="The same in public words.")
    status_url: str = Field(description="Where to ask again.")
    received_at: str = Field(description="When it came in (UTC).")
    expected_decision_at: str | None = Field(
        description="When the machine will most likely have answered (UTC); null "
        "once a person is asked or it is decided."
    )
    content: dict[str, Any] | None = Field(
        description="As it was sent; null once erased."
    )
    standardised: dict[str, Any] | None = Field(
        description="As it is or would be published."
    )
    changes: list[ChangeOut] = Field(description="What the quality rules changed.")
    requests: list[RequestOut] = Field(description="What we ask for all the same.")
    diff: list[DiffOut] = Field(description="Field by field, sent against published.")
    decision: DecisionOut | None = Field(description="The decision in effect, if any.")
    live: LiveOut | None = Field(
        description="The version that buyers see; an older one while a newer one is "
        "read, null when none is live."
    )
    appeal: AppealStateOut | None = Field(
        description="The merchant's appeal about this version, if there is one."
    )
    route: RouteOut | None = Field(
        default=None, description="Only with a moderator's or an admin's key."
    )


class ListingPage(Read):
    """A page of submissions, the newest first."""

    items: list[ListingOut] = Field(description="The submissions.")
    next_cursor: str | None = Field(
        description="Send this as cursor for the next page; null on the last."
    )


class ListingQuery(BaseModel):
    """The parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = Field(default=None, description="Only those of a status.")
    external_id: str | None = Field(
        default=None, max_length=200, description="Only the versions of one listing."
    )
    cursor: str | None = Field(
        default=None, max_length=200, description="next_cursor of the page before."
    )
    limit: int = Field(default=50, ge=1, le=200, description="Items a page.")
