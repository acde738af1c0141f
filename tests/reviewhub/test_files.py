"""The data directory and the key belong to the installation's owner alone."""

import stat
import threading
from pathlib import Path

import pytest

from reviewhub.files import keep_secret_key, make_directory


def test_a_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = make_directory(tmp_path / "a" / "b", "REVIEWHUB_DATA_DIR")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="REVIEWHUB_DATA_DIR is .* cannot be made"):
        make_directory(tmp_path / "file" / "below", "REVIEWHUB_DATA_DIR")


def test_all_who_start_at_once_read_the_same_key(tmp_path: Path) -> None:
    keys: list[str] = []
    threads = [
        threading.Thread(target=lambda: keys.append(keep_secret_key(tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 50
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
