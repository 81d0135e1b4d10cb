"""JSON in files, however it is laid out and packed."""

import gzip
import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import LineRefused
from sessions_app.sources import files, grouping, json_text


def read(path: Path, text: str | bytes, name: str = "in.json") -> list[tuple[int, Any]]:
    (path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return list(files.values(str(path / name)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\n", []),
        ("[]", []),
        ('{"a": 1}', [(1, {"a": 1})]),
        ('{"a": 1}\n{"a": 2}\n', [(1, {"a": 1}), (2, {"a": 2})]),
        ('{"a": 1}\n\n{"a": 2}', [(1, {"a": 1}), (3, {"a": 2})]),
        ('{\n "a": 1\n}\n', [(1, {"a": 1})]),
        ('{\n "a": 1\n}\n{"a": 2}', [(1, {"a": 1}), (4, {"a": 2})]),
        ('[{"a": 1}, {"a": 2}]', [(1, {"a": 1}), (1, {"a": 2})]),
        ('[\n{"a": 1},\n{"a":\n2}\n]\n', [(2, {"a": 1}), (3, {"a": 2})]),
        ("[1, [2], null]", [(1, 1), (1, [2]), (1, None)]),
        ('\ufeff[{"a": "é"}]', [(1, {"a": "é"})]),
        ("12", [(1, 12)]),
    ],
)
def test_values_come_with_the_lines_that_they_begin_in(tmp_path, text, expected):
    assert read(tmp_path, text) == expected


def test_an_array_of_any_length_is_read_a_piece_at_a_time(tmp_path):
    value = {"mapping": "x" * 2_000_000}
    with (tmp_path / "in").open("w") as file:
        file.write("[\n" + ",\n".join([json.dumps(value)] * 40) + "\n]")
    tracemalloc.start()
    lines = [line for line, each in files.values(str(tmp_path / "in")) if each == value]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == list(range(2, 42))
    assert peak < 40_000_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1}\n{"a": ', "line 2: not JSON"),
        ('[\n{"a": 1},\n{"a": x}]', "line 3: not JSON: Expecting value"),
        ('[\n{"a": 1},\n{"b":\n\n]', "line 5: not JSON"),
        ('[{"a": 1},', "line 1: the array has no end"),
        ("[NaN]", "line 1: not JSON: NaN is no JSON"),
        (b'["\xff"]', "line 1: not UTF-8"),
        ("[" * 100_000, "line 1: nested too deeply"),
        ("no json", "line 1: not JSON: Expecting value"),
        ('[1] {"a": }', "line 1: not JSON"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(tmp_path, text, says):
    with pytest.raises(LineRefused, match=says):
        read(tmp_path, text)


def test_a_line_that_no_export_has_is_refused(tmp_path):
    path = tmp_path / "in"
    path.write_text('{"a": 1}\n{"a": "' + "x" * 50 + '"}\n')
    with (
        files.opened(str(path), json_text.Bounds(line_bytes=20)) as file,
        pytest.raises(LineRefused, match="line 2: longer than 20 bytes"),
    ):
        list(file.values())


def test_compressed_files_are_unpacked(tmp_path):
    assert read(tmp_path, gzip.compress(b'{"a": 1}'), "in.json.gz") == [(1, {"a": 1})]


def test_the_archive_of_chatgpt_is_unpacked(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("user.json", "{}")
        archive.writestr("conversations-001.json", '[{"id": 2}]')
        archive.writestr("conversations-000.json", '[{"id": 1}]')
    assert read(tmp_path, packed.getvalue(), "in.zip") == [(1, {"id": 1}), (1, {"id": 2})]


@pytest.mark.parametrize("name", ["in.zip", "in.gz"])
def test_a_damaged_archive_is_named(tmp_path, name):
    with pytest.raises(InvalidInput, match=name):
        read(tmp_path, b"nonsense", name)


def test_a_truncated_archive_is_named(tmp_path):
    whole = gzip.compress(b'{"a": 1}\n' * 10_000)
    with pytest.raises(InvalidInput, match="is damaged"):
        read(tmp_path, whole[:-20], "in.gz")


def test_an_archive_without_conversations_is_said(tmp_path):
    packed = io.BytesIO()
    zipfile.ZipFile(packed, "w").close()
    with pytest.raises(InvalidInput, match="no conversations"):
        read(tmp_path, packed.getvalue(), "in.zip")


def test_what_belongs_together_is_put_together_in_order():
    keyed = [("b", 1), ("a", {"n": 2}), ("b", [3]), ("a", None), ("c", "x")]
    groups = [(key, list(group)) for key, group in grouping.grouped(iter(keyed))]
    assert groups == [("b", [1, [3]]), ("a", [{"n": 2}, None]), ("c", ["x"])]
