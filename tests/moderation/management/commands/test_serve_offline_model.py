"""The commands of the offline model: train it, serve it."""

import io
import json
import socket

import pytest
from django.core.management import CommandError, call_command

from moderation.offline_model import training
from moderation.offline_model.weights import load


def test_a_taken_address_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"127.0.0.1:{port}"):
            call_command("serve_offline_model", port=port)


def test_training_writes_whole_weights_and_ends_with_json(tmp_path, monkeypatch):
    examples = training.read_examples()[::4]
    monkeypatch.setattr(training, "read_examples", lambda paths, progress: examples)
    out = io.StringIO()
    path = tmp_path / "weights.json"
    call_command("train_offline_model", "--json", out=path, stdout=out)
    summary = json.loads(out.getvalue().splitlines()[-1])
    assert summary["examples"] == len(examples)
    assert summary["bytes"] == path.stat().st_size
    assert load(path).figures
