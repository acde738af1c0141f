"""Every setting of an installation, from the environment alone.

Decides safe values: a machine of one's own (HOST is a loopback address) starts
without any; anywhere else a missing or careless one stops the start with a
sentence. docs/settings.md has a line for each variable, which a test compares.
Thresholds, prompts and models are no settings: they live in a PipelineVersion.
"""

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.contrib.messages import constants as message_levels

from moderation.telemetry.logs import logging_config
from reviewhub.databases import database
from reviewhub.env import Env, is_loopback, refuse
from reviewhub.files import keep_secret_key, make_directory

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# --- Where it runs -------------------------------------------------------------

HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, low=1, high=65535)
ON_LOOPBACK = is_loopback(HOST)
DEBUG = env.boolean("DEBUG", default=False)
if DEBUG and not ON_LOOPBACK:
    refuse(
        "DEBUG", f"is on while HOST is {HOST!r}", "turn it off or listen on 127.0.0.1"
    )

# The directory and the key are made on one's own machine alone: a container may
# be read-only, and many machines must share one key.
REVIEWHUB_DATA_DIR = Path(env.text("REVIEWHUB_DATA_DIR", str(BASE_DIR / "var")))
if ON_LOOPBACK:
    make_directory(REVIEWHUB_DATA_DIR, "REVIEWHUB_DATA_DIR")

SECRET_KEY = env.secret("SECRET_KEY")
if not SECRET_KEY and ON_LOOPBACK:
    SECRET_KEY = keep_secret_key(REVIEWHUB_DATA_DIR)
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
    refuse(
        "SECRET_KEY",
        "is too short to keep sessions safe" if SECRET_KEY else "is not set",
        "set it, or SECRET_KEY_FILE, to at least 50 random characters",
    )

_NAMES_HERE = ("127.0.0.1", "localhost", "[::1]")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", _NAMES_HERE if ON_LOOPBACK else ())
if not ALLOWED_HOSTS:
    refuse(
        "ALLOWED_HOSTS",
        f"is not set while HOST is {HOST!r}",
        "list the names that people use for this server, such as review.shop.com",
    )
CSRF_TRUSTED_ORIGINS = env.words("REVIEWHUB_TRUSTED_ORIGINS")
for _origin in CSRF_TRUSTED_ORIGINS:
    if "://" not in _origin:
        refuse(
            "REVIEWHUB_TRUSTED_ORIGINS",
            f"holds {_origin!r}, which has no scheme",
            "write each with its scheme, such as https://review.shop.com",
        )
REVIEWHUB_BEHIND_PROXY = env.boolean("REVIEWHUB_BEHIND_PROXY", default=False)
REVIEWHUB_HTTPS = env.boolean("REVIEWHUB_HTTPS", default=not ON_LOOPBACK)

# --- What it needs -------------------------------------------------------------

REVIEWHUB_DB_POOL = env.integer("REVIEWHUB_DB_POOL", 8, low=2, high=200)
DATABASES: dict[str, dict[str, Any]] = {
    "default": database(
        env.secret("DATABASE_URL")
        or f"sqlite:///{REVIEWHUB_DATA_DIR.resolve()}/reviewhub.sqlite3",
        pool_size=REVIEWHUB_DB_POOL,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.secret("REDIS_URL")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    refuse("REDIS_URL", "has another scheme", "begin it with redis:// or rediss://")
# Nothing is kept in the cache that would be missed: whoever asks it must cope
# with Redis being away, and must not wait for it either.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        "KEY_PREFIX": "reviewhub",
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- The model -----------------------------------------------------------------

OPENAI_API_KEY = env.secret("OPENAI_API_KEY")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", "", ("http", "https"))
REVIEWHUB_MODEL = env.text("REVIEWHUB_MODEL")
REVIEWHUB_MODEL_TIMEOUT_SECONDS = env.integer(
    "REVIEWHUB_MODEL_TIMEOUT_SECONDS", 30, low=1, high=600
)
REVIEWHUB_ASSESS_DEADLINE_SECONDS = env.integer(
    "REVIEWHUB_ASSESS_DEADLINE_SECONDS", 50, low=1, high=1800
)
REVIEWHUB_DAILY_BUDGET_USD = env.dollars("REVIEWHUB_DAILY_BUDGET_USD")
REVIEWHUB_MONTHLY_BUDGET_USD = env.dollars("REVIEWHUB_MONTHLY_BUDGET_USD")

# --- Automation and people -----------------------------------------------------

REVIEWHUB_REQUIRE_CERTIFICATE = env.boolean(
    "REVIEWHUB_REQUIRE_CERTIFICATE", default=not ON_LOOPBACK
)
REVIEWHUB_NEW_MERCHANT_LISTINGS = env.integer(
    "REVIEWHUB_NEW_MERCHANT_LISTINGS", 20, low=0, high=100_000
)
REVIEWHUB_ROLLOUT_MINIMUM = env.integer(
    "REVIEWHUB_ROLLOUT_MINIMUM", 200, low=0, high=1_000_000
)
REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT = env.optional_integer(
    "REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT", low=0, high=100
)
REVIEWHUB_LEASE_SECONDS = env.integer(
    "REVIEWHUB_LEASE_SECONDS", 900, low=1, high=86_400
)
REVIEWHUB_UNDO_SECONDS = env.integer("REVIEWHUB_UNDO_SECONDS", 10, low=0, high=86_400)
REVIEWHUB_SPOT_CHECK_SHARE = env.share("REVIEWHUB_SPOT_CHECK_SHARE", 0.05)
REVIEWHUB_PROMISED_ERROR_RATE = env.share("REVIEWHUB_PROMISED_ERROR_RATE", 0.02)
REVIEWHUB_DEMO_PASSWORD = env.secret("REVIEWHUB_DEMO_PASSWORD") or "reviewhub-demo"
REVIEWHUB_REQUIRE_SECOND_FACTOR = env.boolean(
    "REVIEWHUB_REQUIRE_SECOND_FACTOR", default=not ON_LOOPBACK
)
REVIEWHUB_FRESH_SIGN_IN_SECONDS = env.integer(
    "REVIEWHUB_FRESH_SIGN_IN_SECONDS", 900, low=30, high=86_400
)

# --- Limits and the way out ----------------------------------------------------

REVIEWHUB_RATE_LIMIT_PER_MINUTE = env.integer(
    "REVIEWHUB_RATE_LIMIT_PER_MINUTE", 600, low=1, high=10_000_000
)
REVIEWHUB_MAX_QUEUE_DEPTH = env.integer(
    "REVIEWHUB_MAX_QUEUE_DEPTH", 10_000, low=0, high=100_000_000
)
REVIEWHUB_WORKER_CONCURRENCY = env.integer(
    "REVIEWHUB_WORKER_CONCURRENCY", 32, low=1, high=512
)
REVIEWHUB_WEBHOOK_RETRY_SECONDS = env.seconds(
    "REVIEWHUB_WEBHOOK_RETRY_SECONDS",
    (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400),
)
REVIEWHUB_EGRESS_ALLOW = env.networks("REVIEWHUB_EGRESS_ALLOW")

# --- What it tells -------------------------------------------------------------

REVIEWHUB_METRICS_TOKEN = env.secret("REVIEWHUB_METRICS_TOKEN")
REVIEWHUB_METRICS_PORT = env.optional_integer(
    "REVIEWHUB_METRICS_PORT", low=1, high=65535
)
REVIEWHUB_LOG_LEVEL = env.choice(
    "REVIEWHUB_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")
)
REVIEWHUB_LOG_DIR = env.text(
    "REVIEWHUB_LOG_DIR", str(REVIEWHUB_DATA_DIR / "log") if ON_LOOPBACK else ""
)
if REVIEWHUB_LOG_DIR:
    make_directory(Path(REVIEWHUB_LOG_DIR), "REVIEWHUB_LOG_DIR")
LOGGING_CONFIG = "logging.config.dictConfig"
# Where the lines go to files, the terminal is for the person who started it.
LOGGING = logging_config(REVIEWHUB_LOG_LEVEL, REVIEWHUB_LOG_DIR)
PROMETHEUS_EXPORT_MIGRATIONS = False

# --- Django --------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_prometheus",
    "csp",
    # For the files of the API's documentation page.
    "ninja",
    # The second factor and the list of sessions. Its pages are not mounted: ours
    # call its parts. `account` is there because `mfa` imports its models.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "moderation",
]

MIDDLEWARE = [
    "reviewhub.middleware.RequestMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "moderation.web.second_factor.SecondFactorMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "reviewhub.urls"
WSGI_APPLICATION = "reviewhub.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
MESSAGE_LEVEL = message_levels.INFO

# --- Static files --------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The image makes this directory and collects its files there once, under names that
# hold their hash. A checkout has none, and serves its files as they lie.
_COLLECTED_IN = BASE_DIR / "staticfiles"
STATIC_ROOT = _COLLECTED_IN if _COLLECTED_IN.is_dir() else None
_COLLECTED = _COLLECTED_IN.is_dir() and not DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _COLLECTED
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = REVIEWHUB_DATA_DIR / "media"

# --- Log-in and sessions -------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    *(
        {"NAME": f"django.contrib.auth.password_validation.{name}"}
        for name in (
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        )
    ),
    {"NAME": "moderation.access.passwords.StaffLengthValidator"},
]
# How long the link by which a new person sets a password holds.
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
MFA_ADAPTER = "moderation.access.allauth_adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "reviewhub_session"
CSRF_COOKIE_NAME = "reviewhub_csrf"
CSRF_FAILURE_VIEW = "reviewhub.errors.csrf_failure"
# The token travels in the page (hx-headers on body), never through the cookie.
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- Security ------------------------------------------------------------------

SESSION_COOKIE_SECURE = REVIEWHUB_HTTPS
CSRF_COOKIE_SECURE = REVIEWHUB_HTTPS
SECURE_SSL_REDIRECT = REVIEWHUB_HTTPS
# Probes and scrapers come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if REVIEWHUB_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = REVIEWHUB_HTTPS
SECURE_HSTS_PRELOAD = REVIEWHUB_HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if REVIEWHUB_BEHIND_PROXY else None
)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

# A listing has at most 60,000 characters, a bulk call 10,000 rows of them in
# theory: 16 MiB holds 10,000 rows as merchants write them.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
