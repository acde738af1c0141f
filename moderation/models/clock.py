"""The database's clock: the one that every lease is measured by."""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """Return the time of the database server, aware, in UTC.

    Hosts may disagree by minutes; leases must not. SQLite has no clock of its
    own: there it is this machine's.
    """
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return now.astimezone(UTC)  # type: ignore[no-any-return]  # psycopg gives a datetime
