"""Modules without their comments still mean the same."""

import pytest

from chatproject.static_files import minified

SOURCE = """
/** A module. @param {string} text */
export const words = (text) => /^[\\p{L}' -]{3,}\\/\\/$/u.test(text); // at the end
export const many = (n) => `${n === 1 ? "one" : `${n} messages // no comment`} /* nor this */`;
import { other } from "./other.js";
export const later = async () => (await import("./later.js")).name ?? other;
"""


@pytest.fixture
def stored(tmp_path):
    """What is stored of the module."""
    file = tmp_path / "module.js"
    file.write_text(SOURCE)
    minified.minify([str(file)])
    return file.read_text()


def test_comments_go_and_what_looks_like_one_stays(stored):
    assert len(stored) < len(SOURCE) * 0.8
    assert "A module" not in stored
    assert "at the end" not in stored
    for kept in ("[\\p{L}' -]{3,}\\/\\/$/u", "${n} messages // no comment", "/* nor this */"):
        assert kept in stored


def test_imports_are_written_as_the_storage_looks_for_them(stored):
    assert 'from"./other.js"' in stored
    assert 'await import("./later.js")' in stored


def test_names_stay(stored):
    assert "text=>" in stored.replace("(text)=>", "text=>")


def test_without_the_minifier_files_stay_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(minified, "_MODULE", "a_module_that_nobody_has")
    file = tmp_path / "module.js"
    file.write_text(SOURCE)
    minified.minify([str(file)])
    assert file.read_text() == SOURCE


def test_nothing_is_started_for_no_files(monkeypatch):
    started = []
    monkeypatch.setattr(minified.subprocess, "run", lambda *_, **__: started.append(1))
    minified.minify([])
    assert started == []
