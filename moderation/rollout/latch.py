"""The latch between those who commit auto-approvals and those who forbid them.

A committing transaction holds it shared from before it reads the switch until it
ends; who turns the switch off takes it alone. So once a change of mode or a stop is
committed, no approval under the old reading can still be on its way.
"""

import structlog
from django.db import OperationalError, connection, transaction

log = structlog.get_logger(__name__)

# One advisory lock of PostgreSQL; any number that nothing else here uses.
KEY = 1_919_252_072
# A write takes a tenth of this. What holds the latch for longer is frozen: it must
# not wake up later and commit, so its connection is ended.
PATIENCE_MS = 700


def hold_open() -> None:
    """Keep the switch from being turned until this transaction ends.

    On SQLite a writing transaction is alone anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [KEY])


def shut() -> None:
    """Wait until nobody commits under the old reading, and let nobody begin.

    Never refuses: whoever holds the latch past PATIENCE_MS loses the connection, and
    if even that does not free it the switch is turned all the same. Call it inside
    the transaction, before any row is locked.
    """
    if connection.vendor != "postgresql" or _taken():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks"
            " WHERE locktype = 'advisory' AND classid = 0 AND objid = %s AND granted"
            " AND pid <> pg_backend_pid() AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
            [KEY],
        )
        (ended,) = cursor.fetchone()
    log.warning("frozen_writers_ended", connections=ended)
    if not _taken():
        log.error("switch_turned_without_latch")


def _taken() -> bool:
    """Try to take the latch alone for PATIENCE_MS."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS:d}")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [KEY])
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError:
        return False
    return True
