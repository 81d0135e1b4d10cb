"""Results become tables between their marks, and charts; the rest of the document stays."""

import json
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import publish, tables
from benchmarks.harness import markdown, plot

MACHINE = {
    "name": "machine", "cpu": "a processor", "cores": 2, "memory_gb": 24, "filesystem": "ext4",
    "python": "3.11.7", "mongodb": "6.0.5",
}  # fmt: skip
DOCS = publish.DOCS
STORES, LENGTHS = ("ours", "LangChain", "Agents SDK"), (10, 100, 100_000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(publish, "RESULTS", tmp_path)
    monkeypatch.setattr(publish, "DOCS", tmp_path)
    return tmp_path


def line(messages: int, ratio: float) -> dict[str, Any]:
    return {
        "name": "newest 50", "messages": messages, "p50_ms": ratio, "ratio": ratio,
        "ratio_to_100": None, "target": 1.3, "holds": ratio <= 1.3,
    }  # fmt: skip


def peers(order: list[tuple[str, int]]) -> list[dict[str, Any]]:
    """A figure for each store and length, in the order given: 1.5 ms and a thousandth a message."""
    return [
        {"name": "append", "store": store, "messages": length,
         "p50_ms": 1.5 + STORES.index(store) + length / 1_000}
        for store, length in order
    ]  # fmt: skip


def test_tables_replace_what_stood_between_their_marks(folder: Path):
    document = folder / "benchmarks.md"
    document.write_text("before\n<!-- store_by_length -->\nold\n<!-- end -->\nafter\n")
    results = [MACHINE, line(10, 1.0), line(1_000, 1.5)]
    (folder / "store_by_length.jsonl").write_text("\n".join(map(json.dumps, results)))
    publish.main()
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "old" not in text
    assert "*2 cores (a processor), 24 GB, ext4, MongoDB 6.0.5, Python 3.11.7.*" in text
    assert "| newest 50 | 1.00 | 1.50 | 1.50 | – | 1.3 (missed) |" in text
    assert (folder / "images" / "store-by-length.svg").exists()


def test_a_benchmark_without_results_keeps_its_table(folder: Path):
    document = folder / "benchmarks.md"
    document.write_text("<!-- memory -->\nold\n<!-- end -->\n")
    publish.main()
    assert document.read_text() == "<!-- memory -->\nold\n<!-- end -->\n"


# By store, by length, and as they are measured: the longest in rounds of their own, after the rest.
ORDERS = {
    "by store": list(product(STORES, LENGTHS)),
    "by length": [(store, length) for length, store in product(LENGTHS, STORES)],
    "the longest last": [
        *product(STORES, LENGTHS[:2]),
        *((store, LENGTHS[2]) for store in STORES),
    ],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_each_store_has_one_row_and_each_figure_stands_under_its_length(
    order: list[tuple[str, int]],
):
    published = tables.peers_store(peers(order)).markdown
    assert published.splitlines()[0] == "| append: p50, ms | 10 | 100 | 100,000 |"
    assert "| ours | 1.51 | 1.60 | 102 |" in published
    assert "| LangChain | 2.51 | 2.60 | 102 |" in published
    assert "| Agents SDK | 3.51 | 3.60 | 104 |" in published
    assert len([row for row in published.splitlines() if row.startswith("|")]) == 2 + len(STORES)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_chart_has_a_point_for_each_length_of_each_store(order: list[tuple[str, int]]):
    ((_, series, _),) = tables.peers_store(peers(order)).charts.values()
    across = {name: [x for x, _ in points] for name, points in series.items()}
    assert across == {store: list(LENGTHS) for store in STORES}
    svg = ElementTree.fromstring(plot.chart("title", series, x="across", y="up"))
    assert len(svg.findall(".//{*}circle")) == len(STORES) * len(LENGTHS)


def test_a_figure_that_was_not_measured_is_a_dash():
    lines = peers([("ours", 10), ("ours", 100), ("LangChain", 100)])
    assert "| LangChain | – | 2.60 |" in tables.peers_store(lines).markdown


def test_a_row_with_a_cell_too_few_is_refused():
    with pytest.raises(ValueError, match="2 cells under 3 headings"):
        markdown.table(["a", "b", "c"], [["x", 1]])


NAMES = [(page, name) for page, names in tables.PAGES.items() for name in names]


@pytest.mark.parametrize(("page", "name"), NAMES, ids=[name for _, name in NAMES])
def test_what_stands_in_the_document_is_what_the_results_say(
    page: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(publish, "DOCS", tmp_path)  # where charts go
    published = publish.rendered(name, tables.PAGES[page][name])
    text = (DOCS / page).read_text()
    assert published
    assert f"<!-- {name} -->\n\n{published}\n\n<!-- end -->" in text
    for chart in (tmp_path / "images").glob("*.svg"):
        assert chart.read_bytes() == (DOCS / "images" / chart.name).read_bytes()


def test_every_row_of_every_document_has_a_cell_under_each_heading():
    """A table by a program or by hand that lost a cell or gained one."""
    uneven = []
    for page in DOCS.rglob("*.md"):
        width = 0
        for row in page.read_text().splitlines():
            cells = row.replace("\\|", "").count("|") if row.startswith("|") else 0
            if cells and width and cells != width:
                uneven.append(f"{page.name}: {row}")
            width = cells
    assert uneven == []


def test_a_chart_is_well_formed_and_names_its_series():
    series = {"a & b": [(10, 1.0), (100, 2.0)], "c": [(10, 3.0), (100, 400.0)]}
    svg = ElementTree.fromstring(plot.chart("title", series, x="across", y="up"))
    assert {"a & b", "c", "title", "across", "up"} <= set(svg.itertext())


def test_an_axis_within_one_power_of_ten_has_more_than_one_mark():
    svg = ElementTree.fromstring(
        plot.chart("title", {"a": [(10, 1.5), (100, 5.5)]}, x="across", y="up")
    )
    marks = [text for text in svg.itertext() if text.isdigit()]
    assert marks == ["10", "20", "50", "100", "1", "2", "5"]
