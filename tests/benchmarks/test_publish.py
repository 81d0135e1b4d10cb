"""Results become tables between their marks, and plots; the rest of the document stays."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import publish, publish_study
from benchmarks.harness import figure, plot

MACHINE = {
    "name": "machine", "cpu": "a processor", "cores": 2, "memory_gb": 24, "filesystem": "ext4",
    "python": "3.11.7", "mongodb": "6.0.5",
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(publish, "RESULTS", tmp_path)
    monkeypatch.setattr(publish, "DOCUMENT", tmp_path / "benchmarks.md")
    monkeypatch.setattr(publish, "IMAGES", tmp_path / "images")
    return tmp_path


def line(messages: int, ratio: float) -> dict[str, Any]:
    return {
        "name": "newest 50", "messages": messages, "p50_ms": ratio, "ratio": ratio,
        "ratio_to_100": None, "target": 1.3, "holds": ratio <= 1.3,
    }  # fmt: skip


def test_tables_replace_what_stood_between_their_marks(place: Path):
    document = place / "benchmarks.md"
    document.write_text("before\n<!-- store_by_length -->\nold\n<!-- end -->\nafter\n")
    results = [MACHINE, line(10, 1.0), line(1_000, 1.5)]
    (place / "store_by_length.jsonl").write_text("\n".join(map(json.dumps, results)))
    publish.main()
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "old" not in text
    assert "| newest 50 | 1.00 | 1.50 | 1.50 |  | 1.3 (missed) |" in text
    assert (place / "images" / "store-by-length.svg").exists()


def test_a_benchmark_without_results_keeps_its_table(place: Path):
    document = place / "benchmarks.md"
    document.write_text("<!-- memory -->\nold\n<!-- end -->\n")
    publish.main()
    assert document.read_text() == "<!-- memory -->\nold\n<!-- end -->\n"


def test_every_published_benchmark_has_marks_in_the_document():
    document = publish.DOCUMENT.read_text()
    assert all(f"<!-- {name} -->\n" in document for name in publish.TABLES)


def test_every_table_of_the_study_has_marks_in_its_document():
    for document, tables in publish_study.PAGES.items():
        text = document.read_text()
        assert all(f"<!-- {name} -->\n" in text for name in tables), document


def test_published_tables_are_those_of_the_results(monkeypatch: pytest.MonkeyPatch):
    """What stands in the documents is what the results in the repository say."""
    images: list[Path] = []
    monkeypatch.setattr(figure, "lines", lambda path, *_, **__: images.append(path))
    for document, tables in publish_study.PAGES.items():
        text = document.read_text()
        for name, made in tables.items():
            results = (publish.RESULTS / f"{name.partition(':')[0]}.jsonl").read_text()
            lines = [json.loads(line) for line in results.splitlines()]
            assert made(lines[1:]) in text, name
    assert images
    assert all(path.exists() and path.stat().st_size < 150_000 for path in images)


def test_a_figure_is_the_same_for_the_same_figures(tmp_path: Path):
    pytest.importorskip("matplotlib")
    paths = [tmp_path / name / "a.svg" for name in ("one", "two")]
    for path in paths:
        figure.lines(path, "title", {"a": [(10, 1.0), (100, 2.0)]}, x="across", y="up")
    one, two = (path.read_text() for path in paths)

    assert one == two
    assert {"a", "title", "across", "up"} <= set(ElementTree.fromstring(one).itertext())


def test_a_chart_is_well_formed_and_names_its_series():
    series = {"a & b": [(10, 1.0), (100, 2.0)], "c": [(10, 3.0), (100, 400.0)]}
    svg = ElementTree.fromstring(plot.chart("title", series, x="across", y="up"))
    assert {"a & b", "c", "title", "across", "up"} <= set(svg.itertext())
