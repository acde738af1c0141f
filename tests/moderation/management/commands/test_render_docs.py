"""The drawing has every state and every move of every machine."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from moderation.management.commands.render_docs import drawn_states
from moderation.states import MACHINES


@pytest.mark.parametrize("name", MACHINES)
def test_every_move_is_in_the_diagram_and_in_the_table(name: str) -> None:
    section = drawn_states().split(f"## {name}\n")[1].split("\n## ")[0]
    for move in MACHINES[name]:
        assert f"    {move.source} --> {move.target}: " in section
        assert f"| {move.source} | {move.target} | {move.because} |" in section


def test_it_writes_once_and_then_finds_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    with override_settings(BASE_DIR=tmp_path):
        with pytest.raises(CommandError, match="make docs"):
            call_command("render_docs", "--check")
        call_command("render_docs", "--json")
        call_command("render_docs", "--check", "--json")
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said == [{"written": True}, {"written": False}]
