"""Static files are collected when they have changed, and only then."""

from pathlib import Path

import pytest

from chatproject.service_error import ServiceError
from chatproject.static_files import collecting


@pytest.fixture(autouse=True)
def scratch(data_dir, settings):
    data_dir.mkdir()
    settings.DATA_DIR = data_dir
    settings.STATIC_ROOT = data_dir / "static"


def test_static_files_are_collected_once(data_dir):
    css = Path("static/admin/css/base.css")
    collecting.collect()
    (data_dir / css).write_text("mine")
    collecting.collect()
    assert (data_dir / css).read_text() == "mine"


def test_static_files_are_collected_again_when_a_source_has_changed(data_dir, monkeypatch):
    css = Path("static/admin/css/base.css")
    collecting.collect()
    (data_dir / css).write_text("old")
    monkeypatch.setattr(collecting, "_static_state", lambda: "another")
    collecting.collect()
    assert (data_dir / css).read_text() != "old"


def test_files_that_were_collected_beforehand_are_used_as_they_are(tmp_path, settings):
    settings.STATIC_DIR = settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    collecting.collect()
    assert [path.name for path in settings.STATIC_ROOT.iterdir()] == ["staticfiles.json"]


def test_a_directory_without_collected_files_is_named(tmp_path, settings):
    settings.STATIC_DIR = settings.STATIC_ROOT = tmp_path
    with pytest.raises(ServiceError, match="has no collected static files"):
        collecting.collect()
