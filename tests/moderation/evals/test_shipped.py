"""The shipped cases pass the gate with the model that ships, through the command."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def figures(*arguments: str) -> dict[str, Any]:
    """Return what `evaluate` says of the shipped cases."""
    out = StringIO()
    call_command("evaluate", "--dataset", "shipped", *arguments, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_the_shipped_cases_pass_the_gate() -> None:
    found = figures("--gate")
    assert found["gate"] == {"passed": True, "reasons": []}
    assert found["cases"] >= 50
    assert found["failures"] == 0
    assert found["needs_human_auto_approved"] == 0
