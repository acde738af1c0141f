"""The set-up uses the indexes that pip is configured to use."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
from django.conf import settings

LISTING = """\
:env:.find-links='/srv/wheels'
global.cert='/etc/ssl/own.pem'
global.extra-index-url='https://a.example/simple https://b.example/simple'
global.index-url='https://mirror.example/simple'
install.trusted-host='mirror.example'
"""


@pytest.fixture
def script() -> ModuleType:
    """Return the script as a module."""
    path = Path(settings.BASE_DIR) / "scripts" / "setup.py"
    spec = importlib.util.spec_from_file_location("setup_script", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pips_own_settings_are_handed_to_uv(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    with mock.patch.object(subprocess, "run") as run:
        run.return_value.stdout = LISTING
        found = script.pip_settings()
    options = " ".join(script.uv_options(found))
    assert "--default-index https://mirror.example/simple" in options
    assert (
        "--index https://a.example/simple --index https://b.example/simple" in options
    )
    assert "--find-links /srv/wheels" in options
    assert "--allow-insecure-host mirror.example" in options
    assert script.uv_environment(found)["SSL_CERT_FILE"]


def test_uvs_own_index_wins_over_pips(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    options = script.uv_options({"index-url": ["https://mirror.example/simple"]})
    assert "--default-index" not in options


def test_no_python_is_ever_downloaded(script: ModuleType) -> None:
    assert script.uv_environment({})["UV_PYTHON_DOWNLOADS"] == "never"


def test_a_changed_lock_is_installed_anew(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "VENV", str(tmp_path))
    monkeypatch.setattr(script, "PYTHON", sys.executable)
    lock = tmp_path / "run.txt"
    lock.write_text("a==1")
    monkeypatch.setattr(script, "lock_file", lambda _kind: str(lock))
    assert not script.is_done("run")
    (tmp_path / "installed-run").write_text(script.fingerprint("run"))
    assert script.is_done("run")
    lock.write_text("a==2")
    assert not script.is_done("run")


def test_a_python_that_is_too_old_is_named(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(script.shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit, match=r"needs 3\.11 or later"):
        script.use_new_enough_python()
