"""What must not stand in the repository: where it was made, keys, unfinished notes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOP = Path(settings.BASE_DIR)
AREAS = (
    *("moderation", "reviewhub", "tests", "templates", "static", "docs", "scripts"),
    *("benchmarks", "requirements", ".ci"),
)
TEXT = {".py", ".md", ".html", ".txt", ".toml", ".yml", ".yaml", ".json", ".css"}
TEXT |= {".js", ".cfg", ".sh", ".jsonl", ""}
FILES = sorted(
    path
    for path in [
        *(path for area in AREAS for path in (TOP / area).rglob("*")),
        *(path for path in TOP.iterdir()),
    ]
    if path.is_file()
    and path.suffix in TEXT
    and not {"__pycache__", ".git", ".venv"} & set(path.parts)
    and path != Path(__file__)
)
# Spelt in pieces, so that this file does not hold them.
FORBIDDEN = {
    "a directory of one machine": r"(?<![\w/.])/(?:work|root|farm)/\w",
    "an index of packages": r"(?:pypi\.org|pythonhosted\.org|registry\.npmjs)",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----",
    "an unfinished note": r"\b(?:TO" + r"DO|FIX" + r"ME)\b",
    "a provider's key": r"\bsk-[A-Za-z0-9]{20,}",
}


def name_of(path: Path) -> str:
    """Return the path from the top of the repository."""
    return path.relative_to(TOP).as_posix()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{name_of(path)}: {match.group(0)}"
        for path in FILES
        if (match := pattern.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []


def test_no_linter_is_silenced_line_by_line() -> None:
    silent = re.compile(r"#\s*noqa|#\s*type:\s*ignore(?!\[)|#\s*ruff:\s*noqa")
    found = [
        name_of(path)
        for path in FILES
        if path.suffix == ".py" and silent.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_locks_hold_hashes_for_every_package() -> None:
    for path in sorted((TOP / "requirements").glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        packages = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
        assert packages, path.name
        for block in re.split(r"\n(?=[a-z0-9])", text):
            assert "--hash=sha256:" in block, block.splitlines()[0]
