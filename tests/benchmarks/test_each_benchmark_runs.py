"""Every benchmark of the store runs with tiny sizes and prints valid JSON lines."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EVALUATION = ROOT.parent / "shared" / "data"
PEERS = ROOT / ".venv" / "peers" / "bin" / "python"


def run(name: str, *arguments: str) -> list[dict[str, Any]]:
    """The lines of a benchmark, without the one about the machine."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--short", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    machine, *lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert machine["name"] == "machine"
    assert machine["cores"] >= 1
    assert {line["benchmark"] for line in lines} == {name}
    return lines


def named(lines: list[dict[str, Any]]) -> set[str]:
    return {line["name"] for line in lines}


def test_store_by_length_compares_every_operation_at_every_length(tmp_path: Path):
    lines = run(
        "store_by_length", "--dir", str(tmp_path), "--lengths", "10", "150", "--rounds", "3"
    )
    assert named(lines) == {
        "append",
        "append keyed",
        "append to a session unknown here",
        "newest 50",
        "context of 2,000 tokens",
        "newest until 2,000 tokens",
        "delta of 10",
        "middle page of 50",
    }
    assert {line["messages"] for line in lines} == {10, 150}
    assert all(line["p95_ms"] >= line["p50_ms"] > 0 and line["n"] == 3 for line in lines)
    assert all(line["ratio"] == 1.0 for line in lines if line["messages"] == 10)


def test_many_sessions_compares_a_small_and_a_large_database(tmp_path: Path):
    sizes = ("--few", "20", "--own", "50", "--total", "200", "--rounds", "3")
    lines = run("many_sessions", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {"first page of the list", "one session"}
    assert [line["sessions_in_all"] for line in lines] == [20, 200, 20, 200]


def test_http_append_compares_the_service_with_both_baselines(tmp_path: Path):
    sizes = ("--requests", "8", "--rounds", "1", "--users", "4", "--connections", "2")
    lines = run("http_append", "--dir", str(tmp_path), *sizes)
    posts = [line for line in lines if line["name"] == "POST message"]
    assert {line["variant"] for line in posts} == {
        "service",
        "service without key",
        "bare",
        "naive",
    }
    assert {line["messages"] for line in lines} == {10, 200}
    assert all(line["ratio"] > 0 and line["times_naive"] > 0 for line in lines)


def test_hot_path_measures_requests_and_their_parts(tmp_path: Path):
    lines = run("hot_path", "--dir", str(tmp_path), "--rounds", "1", "--calls", "2")
    assert {line["name"].partition(":")[0] for line in lines} == {"request", "part"}
    assert all(line["cpu_us"] > 0 for line in lines)


def test_expiry_measures_each_kind_of_ending_and_the_appends_beside_it(tmp_path: Path):
    lines = run("expiry", "--dir", str(tmp_path), "--sessions", "600", "--due", "300")
    assert named(lines) == {
        f"{kind}: {what}"
        for kind in ("archive", "delete", "purge")
        for what in ("sessions a second", "appends alone", "appends beside it")
    }
    rates = [line for line in lines if "per_second" in line]
    assert all(line["due"] == 300 and line["per_second"] > 0 for line in rates)
    beside = [line for line in lines if line["name"].endswith("beside it")]
    assert all(line["target"] == 1.5 and line["ratio"] > 0 for line in beside)


def test_metrics_cost_compares_the_service_with_itself_uncounted(tmp_path: Path):
    sizes = ("--requests", "8", "--rounds", "1", "--users", "4")
    lines = run("metrics_cost", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {"append, counted", "append, not counted", "GET /metrics"}
    assert all(line["p50_ms"] > 0 for line in lines)


def test_queryset_cost_compares_every_way_of_asking_with_the_driver(tmp_path: Path):
    lines = run("queryset_cost", "--dir", str(tmp_path), "--rounds", "2")
    assert {line["name"] for line in lines if line["variant"] != "driver"} == named(lines)
    assert all(line["ratio"] == 1 for line in lines if line["variant"] == "driver")
    assert all(line["p50_ms"] > 0 and line["cpu_us"] > 0 for line in lines)


def test_memory_reads_the_workers_and_one_page(tmp_path: Path):
    sizes = ("--requests", "100", "--users", "2", "--messages", "300")
    requests, pages = run("memory", "--dir", str(tmp_path), *sizes)
    assert requests["workers"] >= 1
    assert requests["mb_settled"] > 0
    assert pages["kb_sent_per_page"] > 0


def test_peers_store_measures_ours_alone_where_the_peers_are_not_installed(tmp_path: Path):
    sizes = ("--lengths", "10", "--rounds", "2", "--only-ours")
    lines = run("peers_store", "--dir", str(tmp_path), *sizes)
    assert {line["store"] for line in lines} == {"ours"}
    assert named(lines) == {"newest 20", "context of 2,000 tokens", "append"}


@pytest.mark.skipif(not PEERS.exists(), reason="no environment with benchmarks/requirements.txt")
def test_peers_store_puts_the_peers_beside_ours(tmp_path: Path):
    lines = run("peers_store", "--dir", str(tmp_path), "--lengths", "10", "--rounds", "2")
    assert {line["store"] for line in lines[1:]} == {"ours", "LangChain", "Agents SDK"}


def test_peers_store_says_how_to_install_the_peers(tmp_path: Path):
    nowhere = str(tmp_path / "python")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers_store", "--peers-python", nowhere],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "is not there; see --help, or use --only-ours" in done.stderr


def test_provider_streams_compares_with_the_packages_own():
    lines = run("provider_streams", "--streams", "3", "--pieces", "4", "--rate", "50")
    assert named(lines) == {"this provider", "the package's stream"}
    assert {line["pieces"] for line in lines} == {12}
    assert all(line["p95_ms"] >= line["p50_ms"] > 0 < line["cpu_us_per_piece"] for line in lines)


TINY = ("--lengths", "2", "--rounds", "1", "--turns", "2", "--conversations", "2", "--grow-to", "6")


def test_session_strategies_finds_what_sets_them_apart(tmp_path: Path):
    """One of each kind; all of them take minutes on two cores."""
    some = ("token in a header", "Django, accounts database", "hybrid: JWT and MongoDB")
    lines = run("session_strategies", "--dir", str(tmp_path), "--strategies", *some, *TINY)
    assert named(lines) == {
        "storage",
        "bytes of a turn",
        "does not fit",
        "turn",
        "two devices at once",
        "replayed",
        "lost worker",
        "revoked",
    }
    found = {(line["name"], line["strategy"]): line for line in lines}
    for question in ("two devices at once", "lost worker"):
        assert found[question, "hybrid: JWT and MongoDB"]["lost"] == 0
    assert found["two devices at once", "token in a header"]["lost"] > 0
    copies = [found["replayed", name]["copies_of_a_repeated_turn"] for name in some]
    assert copies == [1, 2, 1]
    shown = [found["replayed", name]["turns_that_an_old_credential_shows"] for name in some]
    assert shown == [5, 11, 10]


def test_schema_shapes_compares_three_shapes(tmp_path: Path):
    sizes = ("--lengths", "10", "150", "--rounds", "2", "--skip", "limit")
    lines = run("schema_shapes", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {"append", "window of 50", "all messages", "bytes"}
    assert {line["shape"] for line in lines} == {
        "document per message",
        "growing array",
        "tail and buckets",
    }


def test_scale_model_checks_itself_and_plans(tmp_path: Path):
    sizes = ("--sessions", "4", "--requests", "4", "--rounds", "1")
    lines = run("scale_model", "--dir", str(tmp_path), *sizes)
    checks = [line for line in lines if line["name"] == "check"]
    assert len(checks) == 5
    assert all(line["predicted"] > 0 and line["measured"] > 0 for line in checks)
    assert {line["case"] for line in lines if line["name"] == "plan"} >= {"as assumed"}


@pytest.mark.skipif(not EVALUATION.exists(), reason="no evaluation data")
def test_worked_example_judges_two_dialogues(tmp_path: Path):
    lines = run("worked_example", "--dir", str(tmp_path), "--data", str(EVALUATION))
    assert named(lines) == {"judged", "window"}
    assert all(len(line["begins"].split()) <= 8 for line in lines)


def test_search_measures_every_kind_of_query(tmp_path: Path):
    sizes = ("--messages", "300", "--others", "100", "--rounds", "2")
    lines = run("search", "--dir", str(tmp_path), *sizes)
    assert {"index", "own, a rare word", "staff, a phrase", "append, with"} <= named(lines)
    assert all(line["complete"] for line in lines if "complete" in line)


def test_dashboard_measures_the_page_and_what_keeps_it(tmp_path: Path):
    lines = run("dashboard", "--dir", str(tmp_path), "--total", "100", "--rounds", "6")
    assert named(lines) == {
        "refresh, the first",
        "refresh",
        "page, 30 days",
        "page, 90 days",
        "append, not counted",
        "append, counted",
    }


def test_turn_streams_measures_first_pieces_and_appends_in_each_mode(tmp_path: Path):
    sizes = ("--streams", "2", "--seconds", "1", "--first", "0.05", "--answer", "0.5")
    more = ("--rates", "10", "--modes", "loop", "threads 16")
    lines = run("turn_streams", "--dir", str(tmp_path), *sizes, *more)
    assert named(lines) == {"first piece", "plain append"}
    assert {line["mode"] for line in lines} == {"loop", "threads 16"}
    assert all(line["errors"] == 0 for line in lines if line["name"] == "first piece")
    assert all(line["ratio"] > 0 for line in lines)


def test_review_list_asks_for_every_filter_and_some_combinations(tmp_path: Path):
    sizes = ("--sessions", "300", "--rounds", "1", "--combinations", "5", "--appends", "24")
    lines = run("review_list", "--dir", str(tmp_path), *sizes)
    assert {"no filter", "messages=1000", "order expiry", "a user", "combinations"} <= named(lines)
    assert all(line["p95_ms"] >= line["p50_ms"] > 0 for line in lines)
    assert named(lines) >= {"append, without the index", "append, with the index"}
