"""Asks an address and ends with status 0 when it answers 200; for health checks.

Usage: python scripts/probe.py URL. The image has no other program that could.
"""

import sys
import urllib.error
import urllib.request


def main() -> int:
    """Ask once, within three seconds."""
    if len(sys.argv) != 2 or not sys.argv[1].startswith("http://127.0.0.1:"):
        print("usage: probe.py http://127.0.0.1:PORT/path", file=sys.stderr)
        return 2
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=3) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
