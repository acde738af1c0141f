"""A sealer killed outright in mid-batch leaves a chain that goes on unbroken."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.installation import TOP

SEALER = """
import django
django.setup()
from moderation import ledger
from moderation.models import AuditEvent
AuditEvent.objects.bulk_create(
    [AuditEvent(actor="t", action="a", subject_type="S", subject_id=str(n))
     for n in range(6000)],
    batch_size=500,
)
print("go", flush=True)
while ledger.seal():
    pass
"""


@pytest.mark.slow
def test_a_killed_sealer_leaves_no_gap_and_no_fork(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "REVIEWHUB_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "abcdefghij" * 6,
        "DJANGO_SETTINGS_MODULE": "reviewhub.settings",
        "PYTHONPATH": str(TOP),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=TOP,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    assert run("migrate", "-v0").returncode == 0
    parts = []
    for seconds in (0.02, 0.06):
        process = subprocess.Popen(
            [sys.executable, "-c", SEALER],
            cwd=TOP,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        with process.stdout:
            assert process.stdout.readline() == "go\n"
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
            process.wait()
        verified = run("verify_audit", "--json")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        parts.append(json.loads(verified.stdout.splitlines()[-1]))
    # It was in the middle: some are sealed, some are not.
    assert all(part["unsealed"] > 0 for part in parts)
    assert parts[1]["rows"] > parts[0]["rows"] >= 0
    last = run("shell", "-c", "from moderation import ledger\nwhile ledger.seal(): 0")
    assert last.returncode == 0, last.stderr
    verified = run("verify_audit", "--json")
    data = json.loads(verified.stdout.splitlines()[-1])
    assert (data["ok"], data["rows"], data["unsealed"]) == (True, 12_000, 0)
