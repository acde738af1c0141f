"""The product's settings for tests: own files, fast passwords, known limits.

The environment is set before the product reads it. What a developer has exported
for real use must not reach a test.
"""

import atexit
import os
import shutil
import tempfile

_FOREIGN = ("OPENAI_", "REVIEWHUB_", "DATABASE_", "REDIS_", "SECRET_", "ALLOWED_")
for _name in [name for name in os.environ if name.startswith(_FOREIGN)]:
    del os.environ[_name]
for _name in ("HOST", "PORT", "DEBUG"):
    os.environ.pop(_name, None)

# One directory for a run and all its workers, gone afterwards.
if "TEST_DATA_DIR" not in os.environ:
    os.environ["TEST_DATA_DIR"] = tempfile.mkdtemp(prefix="reviewhub-test-")
    atexit.register(shutil.rmtree, os.environ["TEST_DATA_DIR"], ignore_errors=True)
_DATA_DIR = os.environ["REVIEWHUB_DATA_DIR"] = os.environ["TEST_DATA_DIR"]
os.environ["SECRET_KEY"] = "for-tests-only-" + "0123456789abcdef" * 4
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
if os.environ.get("TEST_REDIS_URL"):
    os.environ["REDIS_URL"] = os.environ["TEST_REDIS_URL"]
# Loopback receivers stand in for merchants' servers.
os.environ["REVIEWHUB_EGRESS_ALLOW"] = ""

from reviewhub.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    # A file, as in real use: threads and processes share it under WAL.
    DATABASES["default"]["TEST"] = {"NAME": f"{_DATA_DIR}/test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += ";PRAGMA synchronous=OFF"
# Redis itself is tested where it is the subject; elsewhere a test must not see
# what another left.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# A test that is about the draw says so; elsewhere chance must not open tasks.
REVIEWHUB_SPOT_CHECK_SHARE = 0.0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
