"""Every figure that the processes count themselves, because no row tells it.

Decides names, units and labels; labels take their values from closed sets, so that
no listing can grow them. What rows tell is not here: moderation.counts and
moderation.monitor read it from the database, the same in every process.
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

# --- Intake ---------------------------------------------------------------------

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

# --- Work -------------------------------------------------------------------------

STAGE_SECONDS = Histogram(
    "reviewhub_stage_seconds",
    "Time that one listing spent in one stage"
    " (intake, wait, retrieve, assess, check, route, decide, deliver).",
    ["stage"],
    buckets=_STAGE_BUCKETS,
)
LEASE_LOST = Counter(
    "reviewhub_lease_lost_total",
    "Late writes refused because the lease had passed on, by holder"
    " (worker, moderator, delivery).",
    ["holder"],
)
SHADOWS_LEFT_OUT = Counter(
    "reviewhub_shadows_left_out_total",
    "Listings that a candidate did not look at, by reason"
    " (backlog, budget, stopping, error).",
    ["reason"],
)
SWEPT = Counter(
    "reviewhub_swept_total",
    "Rows that the sweep found waiting and moved on, by kind of row.",
    ["kind"],
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
