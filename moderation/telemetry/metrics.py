"""Every figure that the processes count themselves, in one file.

Decides names, units and labels; labels take their values from closed sets, so that
no listing can grow them. Queue depth and age are not here: moderation.monitor reads
them from the database when asked, the same in every process.
"""

from prometheus_client import Counter, Histogram

_STAGE_BUCKETS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
)
_CALL_BUCKETS = (0.005, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60)

# --- Intake ---------------------------------------------------------------------

SUBMISSIONS_RECEIVED = Counter(
    "reviewhub_submissions_received_total",
    "Listings taken in and stored, by door.",
    ["source"],
)
SUBMISSIONS_UNCHANGED = Counter(
    "reviewhub_submissions_unchanged_total",
    "Listings whose content was known already, by door.",
    ["source"],
)
SUBMISSIONS_REFUSED = Counter(
    "reviewhub_submissions_refused_total",
    "Listings turned away at the door, by door and reason"
    " (invalid, busy, closed, key_reused).",
    ["source", "reason"],
)
RATE_LIMITED = Counter(
    "reviewhub_rate_limited_total",
    "Requests turned away by a rate limit, by limit (api, login, import, form).",
    ["limit"],
)
RATE_LIMIT_OPEN = Counter(
    "reviewhub_rate_limit_open_total",
    "Requests let through uncounted because the cache was away.",
)

# --- The machine's part -----------------------------------------------------------

ASSESSED = Counter(
    "reviewhub_assessed_total",
    "Assessments finished, by role and outcome"
    " (auto_approve, review, failure, reused).",
    ["role", "outcome"],
)
FAILURES = Counter(
    "reviewhub_failures_total",
    "Assessments that ended without a verdict, by failure kind.",
    ["kind"],
)
GUARDRAIL_VETOES = Counter(
    "reviewhub_guardrail_vetoes_total",
    "Vetoes on auto-approval, by guardrail.",
    ["guardrail"],
)
STAGE_SECONDS = Histogram(
    "reviewhub_stage_seconds",
    "Time that one listing spent in one stage"
    " (intake, wait, retrieve, assess, check, route, decide, deliver).",
    ["stage"],
    buckets=_STAGE_BUCKETS,
)
MODEL_CALL_SECONDS = Histogram(
    "reviewhub_model_call_seconds",
    "Latency of one call to a model provider.",
    ["provider"],
    buckets=_CALL_BUCKETS,
)
MODEL_CALLS = Counter(
    "reviewhub_model_calls_total",
    "Calls to model providers, by how they ended (ok or a failure kind).",
    ["provider", "result"],
)
MODEL_TOKENS = Counter(
    "reviewhub_model_tokens_total",
    "Tokens paid for, by direction (input, cached, output).",
    ["provider", "direction"],
)
MODEL_COST_MICROUSD = Counter(
    "reviewhub_model_cost_microusd_total",
    "Money spent on model calls, in millionths of a US dollar.",
    ["provider"],
)
LEASE_LOST = Counter(
    "reviewhub_lease_lost_total",
    "Late writes refused because the lease had passed on, by holder"
    " (worker, moderator, delivery).",
    ["holder"],
)
SWEPT = Counter(
    "reviewhub_swept_total",
    "Rows that the sweep found waiting and moved on, by kind of row.",
    ["kind"],
)
WORKER_LOOPS = Counter(
    "reviewhub_worker_loops_total", "Times that the worker asked for work."
)

# --- People, and what goes out ------------------------------------------------------

DECISIONS = Counter(
    "reviewhub_decisions_total",
    "Decisions, by outcome and by who decided (machine, person).",
    ["outcome", "by"],
)
DECISIONS_UNDONE = Counter(
    "reviewhub_decisions_undone_total", "Decisions taken back within the window."
)
DELIVERIES = Counter(
    "reviewhub_deliveries_total",
    "Tries to deliver, by channel and result (sent, failed, dead, disabled).",
    ["channel", "result"],
)
EGRESS_REFUSED = Counter(
    "reviewhub_egress_refused_total",
    "Connections to addresses that are not public, refused before they were made.",
)

# --- The house ----------------------------------------------------------------------

DATABASE_UNAVAILABLE = Counter(
    "reviewhub_database_unavailable_total",
    "Requests answered 503 because the database was away.",
)
ROLLOUT_HALTS = Counter(
    "reviewhub_rollout_halts_total",
    "Rollouts stopped, by who (machine, person).",
    ["by"],
)
