"""Runs benchmarks one after the other and writes docs/benchmarks.md.

Each is alternated with its anchor for several rounds, so that a busy machine
shows in both. What was not run keeps no line.
"""

import argparse
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import buckets, evals, import_rows, review_page, start
from benchmarks.figures import Figure, table

TOP = Path(__file__).resolve().parent.parent
SAMPLES = TOP / "moderation" / "samples" / "listings.jsonl"


def main() -> int:
    """Run what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--data", type=Path, help="folder with listings.jsonl")
    parser.add_argument(
        "--only", choices=["import", "start", "page", "evals", "buckets"]
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    listings = options.data / "listings.jsonl" if options.data else SAMPLES
    runs = {
        "import": lambda: import_rows.measure(listings, options.rounds),
        "start": lambda: start.measure(options.rounds),
        "page": lambda: review_page.measure(options.rounds),
        "evals": lambda: evals.measure(options.rounds),
        "buckets": lambda: buckets.measure(options.rounds),
    }
    figures: list[Figure] = []
    for name, run in runs.items():
        if options.only in (None, name):
            sys.stderr.write(f"{name} ...\n")
            figures += run()
    text = report(figures, options.data is not None)
    sys.stdout.write(text)
    if options.only is None:
        (TOP / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")
    return 0


def report(figures: list[Figure], has_data: bool) -> str:
    """Return the page of figures."""
    rows = "the 2,352 real listings" if has_data else "the shipped samples, repeated"
    return (
        "# Benchmarks\n\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {platform.machine()} "
        f"{platform.system()}, Python {platform.python_version()}, by `make bench` on "
        f"{rows}. Least, middle and most of the rounds. The ratio to the anchor of "
        "the same run is what compares between machines. A floor closes the work, an "
        "aim is where it should go.\n\n"
        f"{table(figures)}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
