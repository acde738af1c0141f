"""The review page with 10,000 tasks queued: server time and weight.

Anchor: the same server's answer to a page that reads one row and renders a
small template.
"""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.processes import TOP, installation, run

SCRIPT = Path(__file__).with_name("review_page_in_process.py")


def measure(rounds: int) -> list[Figure]:
    """Fill an installation with tasks and open the page many times a round."""
    with installation() as environment:
        run(environment, "migrate", "--verbosity", "0")
        run(environment, "seed_demo")
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(rounds)],
            env={
                **environment,
                "DJANGO_SETTINGS_MODULE": "reviewhub.settings",
                "PYTHONPATH": str(TOP),
            },
            capture_output=True,
            text=True,
            cwd=TOP,
            check=True,
        )
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        Figure(
            "Review page, server time p95, 10,000 tasks queued",
            "ms",
            tuple(found["p95_ms"]),
            "50",
            "25",
            "a page of one row",
            tuple(found["bare_p95_ms"]),
        ),
        Figure("Review page, HTML", "kB", (found["html_kb"],), "40", "16.8"),
        Figure("Review page, CSS", "kB", (found["css_kb"],), "20", "6.8"),
    ]
