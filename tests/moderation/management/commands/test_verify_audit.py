"""verify_audit: the first broken row and exit status 1, or the head to note."""

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from moderation import ledger
from moderation.models import AuditEvent
from tests.moderation.test_ledger import events

pytestmark = pytest.mark.django_db


def verify(*options: str) -> tuple[int, str]:
    """Run the command; return its exit status and what it printed."""
    out = StringIO()
    try:
        call_command("verify_audit", *options, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def data_of(*options: str) -> tuple[int, dict[str, Any]]:
    """Return exit status and the JSON answer."""
    status, text = verify("--json", *options)
    return status, json.loads(text)


def test_an_empty_log_is_unbroken() -> None:
    assert data_of()[1]["rows"] == 0
    assert verify()[0] == 0


def test_an_unbroken_log_tells_its_head_to_be_noted() -> None:
    events(5)
    ledger.seal()
    events(2)
    status, data = data_of()
    assert (status, data["ok"], data["rows"], data["unsealed"]) == (0, True, 5, 2)
    assert data["head"].startswith("5:")
    assert data_of("--expect", data["head"])[0] == 0
    assert "Unbroken: 5 rows" in verify()[1]
    assert data_of("--expect", f"9:{'0' * 64}")[1]["broken"]["kind"] == "truncated"


def test_the_first_broken_row_is_named_with_exit_status_1() -> None:
    events(9)
    ledger.seal()
    for sequence in (7, 4):
        AuditEvent.objects.filter(sequence=sequence).update(actor="person:eve")
    status, data = data_of()
    assert (status, data["ok"], data["rows"]) == (1, False, 3)
    assert (data["broken"]["kind"], data["broken"]["sequence"]) == ("edited", 4)
    status, text = verify()
    assert status == 1
    assert "Broken: Row 4" in text


def test_a_head_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CommandError, match="--expect"):
        verify("--expect", "5")


def test_a_changed_key_is_signed_again_only_over_a_whole_chain(
    settings: LazySettings,
) -> None:
    events(4)
    ledger.seal()
    settings.SECRET_KEY = "another" * 12
    assert data_of()[1]["broken"]["kind"] == "signature"
    AuditEvent.objects.filter(sequence=2).update(actor="person:eve")
    assert data_of("--sign-again")[0] == 1
    AuditEvent.objects.filter(sequence=2).update(actor="person:mara")
    assert data_of("--sign-again")[0] == 0
    assert verify()[0] == 0
