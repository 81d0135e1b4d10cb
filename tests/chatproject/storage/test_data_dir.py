"""Another user of the machine reads nothing."""

import os
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from chatproject.storage import data_dir
from tests.chatproject.conftest import manage


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o770, 0o777])
def test_a_directory_that_is_open_to_others_is_refused(tmp_path, mode):
    (tmp_path / "keys.json").touch()
    tmp_path.chmod(mode)
    with pytest.raises(ImproperlyConfigured) as refused:
        data_dir.check(tmp_path)
    assert str(refused.value) == (
        f"DATA_DIR {tmp_path} is open to other users of this machine (mode {mode:04o}); "
        f"run `chmod 700 {tmp_path}` and start again"
    )
    tmp_path.chmod(0o700)


def test_an_empty_one_of_ours_is_closed(tmp_path):
    tmp_path.chmod(0o755)
    data_dir.check(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_new_one_is_made_for_its_user_alone(tmp_path):
    data_dir.check(tmp_path / "a" / "data")
    assert stat.S_IMODE((tmp_path / "a" / "data").stat().st_mode) == 0o700


def test_one_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(
        data_dir.Path,
        "stat",
        lambda self: os.stat_result((0o40700, 1, 1, 1, 12_345, 1, 0, 0, 0, 0)),
    )
    with pytest.raises(ImproperlyConfigured, match="belongs to another user"):
        data_dir.check(tmp_path)


def test_commands_refuse_it_with_a_sentence(tmp_path):
    (tmp_path / "notes").touch()
    tmp_path.chmod(0o755)
    done = manage(tmp_path, "audit_expiry", "--json")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: DATA_DIR {tmp_path} is open to other users")
    assert "Traceback" not in done.stderr


def test_static_files_are_collected_for_everybody(tmp_path):
    static = tmp_path / "static"
    done = manage(
        tmp_path / "data", "collectstatic", "--no-input", "-v", "0", STATIC_DIR=str(static)
    )
    assert done.returncode == 0, done.stderr
    closed = [path for path in static.rglob("*") if path.stat().st_mode & 0o044 != 0o044]
    assert closed == []
