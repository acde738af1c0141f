"""Fields, constraints and named look-ups; no verbs."""

from moderation.models.access import ApiKey, IdempotencyKey, Preference
from moderation.models.assessments import (
    Assessment,
    Breaker,
    BudgetReservation,
    ModelCall,
)
from moderation.models.audit import AuditEvent, Heartbeat, ScheduledRun
from moderation.models.delivery import Delivery, DeliveryAttempt, WebhookEndpoint
from moderation.models.duplicates import (
    DocumentFact,
    ImageFact,
    NearDuplicateBand,
    NearDuplicateCluster,
)
from moderation.models.evals import (
    Certificate,
    EvalCase,
    EvalDataset,
    EvalDatasetCase,
    EvalResult,
    EvalRun,
)
from moderation.models.imports import Import, ImportRow
from moderation.models.listings import (
    ContentKey,
    Listing,
    Merchant,
    MerchantMember,
    Submission,
)
from moderation.models.policies import Policy, PolicyClause
from moderation.models.review import (
    Appeal,
    Correction,
    Decision,
    ReviewTask,
    TaskSkip,
)
from moderation.models.rollout import Rollout, RolloutStep
from moderation.models.versions import Calibration, Mode, PipelineVersion

__all__ = [
    "ApiKey",
    "Appeal",
    "Assessment",
    "AuditEvent",
    "Breaker",
    "BudgetReservation",
    "Calibration",
    "Certificate",
    "ContentKey",
    "Correction",
    "Decision",
    "Delivery",
    "DeliveryAttempt",
    "DocumentFact",
    "EvalCase",
    "EvalDataset",
    "EvalDatasetCase",
    "EvalResult",
    "EvalRun",
    "Heartbeat",
    "IdempotencyKey",
    "ImageFact",
    "Import",
    "ImportRow",
    "Listing",
    "Merchant",
    "MerchantMember",
    "Mode",
    "ModelCall",
    "NearDuplicateBand",
    "NearDuplicateCluster",
    "PipelineVersion",
    "Policy",
    "PolicyClause",
    "Preference",
    "ReviewTask",
    "Rollout",
    "RolloutStep",
    "ScheduledRun",
    "Submission",
    "TaskSkip",
    "WebhookEndpoint",
]
