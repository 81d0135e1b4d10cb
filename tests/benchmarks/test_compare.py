"""Two checkouts are run in turn; figures that both have are compared, others are named."""

import json
from pathlib import Path

import pytest

from benchmarks import compare

BENCHMARK = """
import json, sys
order = open({log!r}, "a")
order.write({side!r} + " ")
print(json.dumps({{"name": "machine", "cores": 2}}))
print(json.dumps({{"name": "append", "messages": 10, "n": 3, "p50_ms": {ms}, "ratio": 1.0}}))
print(json.dumps({{"name": "append", "messages": 100, "n": 3, "p50_ms": 2 * {ms}}}))
print(json.dumps({{"name": {only!r}, "p50_ms": 1.0, "words": " ".join(sys.argv[1:])}}))
"""


@pytest.fixture
def checkouts(tmp_path: Path) -> tuple[Path, Path, Path]:
    log = tmp_path / "order"
    for side, ms, only in (("before", 2.0, "old"), ("after", 3.0, "new")):
        folder = tmp_path / side / "benchmarks"
        folder.mkdir(parents=True)
        source = BENCHMARK.format(side=side, ms=ms, only=only, log=str(log))
        (folder / "some_benchmark.py").write_text(source)
    return tmp_path / "before", tmp_path / "after", log


def test_it_prints_the_ratio_of_each_figure(
    checkouts: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
):
    before, after, _ = checkouts
    compare.main([str(before), "some_benchmark", "--after", str(after), "--rounds", "2"])
    printed = capsys.readouterr()
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert [(line["what"], line["messages"], line["figure"]) for line in lines] == [
        ("append", 10, "p50_ms"),
        ("append", 100, "p50_ms"),
    ]
    assert [(line["before"], line["after"], line["ratio"]) for line in lines] == [
        (2.0, 3.0, 1.5),
        (4.0, 6.0, 1.5),
    ]
    assert "only before: old" in printed.err
    assert "only after: new" in printed.err


def test_the_side_that_begins_changes_from_round_to_round(checkouts: tuple[Path, Path, Path]):
    before, after, log = checkouts
    compare.main([str(before), "some_benchmark", "--after", str(after), "--rounds", "2"])
    assert log.read_text().split() == ["before", "after", "after", "before"]


def test_arguments_after_the_dashes_reach_the_benchmark(checkouts: tuple[Path, Path, Path]):
    before, _, _ = checkouts
    lines = list(compare.run(before, "some_benchmark", ["--short", "--rounds", "3"]))
    assert lines[-1]["words"] == "--short --rounds 3"


def test_the_ratio_is_the_median_over_rounds_with_its_spread():
    key = (("name", "append"), "p50_ms")
    before = [{key: 1.0}, {key: 2.0}, {key: 4.0}]
    after = [{key: 1.0}, {key: 3.0}, {key: 8.0}]
    (line,) = compare.compared(before, after)
    assert (line["ratio"], line["least"], line["greatest"]) == (1.5, 1.0, 2.0)


def test_a_checkout_without_the_benchmark_is_refused(
    checkouts: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
):
    before, after, _ = checkouts
    with pytest.raises(SystemExit):
        compare.main([str(before), "no_such_benchmark", "--after", str(after)])
    assert "has no benchmarks/no_such_benchmark.py" in capsys.readouterr().err
