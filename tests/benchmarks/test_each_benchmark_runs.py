"""Every benchmark of the store runs with tiny sizes and prints valid JSON lines."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
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
