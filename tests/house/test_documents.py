"""What is written about the code says what the code says."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from moderation.management.commands.render_docs import drawn_states
from moderation.states import FailureKind

_READS = re.compile(
    r"env\.(text|choice|boolean|integer|optional_integer|dollars|share|words|seconds"
    r"|networks|url|secret)\(\s*\"([A-Z_]+)\""
)
_ROW = re.compile(r"^\| `([A-Z_]+)` \|.*$", re.MULTILINE)


def read(repository: Path, name: str) -> str:
    """Return the text of a document."""
    return (repository / name).read_text(encoding="utf-8")


def test_every_setting_is_documented_and_every_documented_one_is_read(
    repository: Path,
) -> None:
    in_code = {
        name for _, name in _READS.findall(read(repository, "reviewhub/settings.py"))
    }
    in_words = set(_ROW.findall(read(repository, "docs/settings.md")))
    assert in_code == in_words


def test_the_document_marks_the_secrets(repository: Path) -> None:
    code = read(repository, "reviewhub/settings.py")
    secrets = {name for reader, name in _READS.findall(code) if reader == "secret"}
    marked = {
        match.group(1)
        for match in _ROW.finditer(read(repository, "docs/settings.md"))
        if "*Secret.*" in match.group(0)
    }
    assert secrets == marked


def test_the_states_are_drawn_as_they_are(repository: Path) -> None:
    assert read(repository, "docs/states.md") == drawn_states()


def test_a_stale_drawing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "moderation.management.commands.render_docs._HEAD"
    monkeypatch.setattr(name, "# Another\n")
    with pytest.raises(CommandError, match="stale"):
        call_command("render_docs", check=True)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_failure_kind_has_its_entry_in_the_runbook(
    repository: Path, kind: FailureKind
) -> None:
    assert f"\n### `{kind}`\n" in read(repository, "docs/runbook.md")


def test_every_alert_has_its_entry_in_the_runbook(repository: Path) -> None:
    rules = read(repository, "reviewhub/monitoring/alerts.yml")
    alerts = re.findall(r"- alert: (\w+)", rules)
    runbook = read(repository, "docs/runbook.md")
    assert alerts
    assert [name for name in alerts if f"\n### {name}\n" not in runbook] == []


def test_every_model_has_its_word_in_the_glossary(repository: Path) -> None:
    glossary = read(repository, "docs/glossary.md")
    models = [m.__name__ for m in apps.get_app_config("moderation").get_models()]
    assert models
    assert [name for name in models if f"| {name} |" not in glossary] == []


def test_the_newest_changes_stand_on_top(repository: Path) -> None:
    headings = re.findall(r"^## (.+)$", read(repository, "docs/changelog.md"), re.M)
    assert headings[0] == "Unreleased"


@pytest.mark.parametrize("name", ["states.md", "tour.md", "runbook.md", "settings.md"])
def test_the_tour_and_the_documents_name_files_that_exist(
    repository: Path, name: str
) -> None:
    named = re.findall(
        r"`((?:moderation|reviewhub|docs|scripts|tests)/[\w/.-]+)`",
        read(repository, f"docs/{name}"),
    )
    assert [path for path in named if not (repository / path).exists()] == []


def test_every_requirement_names_what_shows_it_or_is_open(repository: Path) -> None:
    rows = re.findall(
        r"^\| ((?:P|S\d)-\d+) \|.*\| (.+) \|$",
        read(repository, "docs/requirements.md"),
        re.MULTILINE,
    )
    assert len({name for name, _ in rows}) == len(rows) == 204
    for name, shown in rows:
        paths = re.findall(r"`([^`]+)`", shown)
        assert paths or shown == "**open**", name
        assert [path for path in paths if not (repository / path).exists()] == [], name


def test_every_adr_is_short_and_weighs_alternatives(repository: Path) -> None:
    for path in sorted((repository / "docs" / "adr").glob("[0-9]*.md")):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 40, path.name
        assert "\n## Alternatives\n" in text, path.name
