"""Every benchmark of the store runs with tiny sizes and prints valid JSON lines."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import flame
from benchmarks.topic_sets import SETS

ROOT = Path(__file__).parents[2]
# One worker in a service that a benchmark starts: that it runs is the question, not how fast.
ENVIRONMENT = os.environ | {"WORKERS": "1"}
PEERS = ROOT / ".venv" / "peers" / "bin" / "python"


# These take minutes between them; `make bench` and the slow run do them.
takes_long = pytest.mark.slow


def run(name: str, *arguments: str) -> list[dict[str, Any]]:
    """The lines of a benchmark, without the one about the machine."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--short", *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
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


@takes_long
def test_many_sessions_compares_a_small_and_a_large_database(tmp_path: Path):
    sizes = ("--few", "20", "--own", "50", "--total", "200", "--rounds", "3")
    lines = run("many_sessions", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {"first page of the list", "one session"}
    assert [line["sessions_in_all"] for line in lines] == [20, 200, 20, 200]


def test_http_append_compares_the_service_with_a_bare_view_of_its_own_process(tmp_path: Path):
    sizes = ("--requests", "8", "--rounds", "1", "--users", "4", "--connections", "2")
    lines = run("http_append", "--dir", str(tmp_path), *sizes)
    variants = {
        name: {line["variant"] for line in lines if line["name"] == name} for name in named(lines)
    }
    assert variants == {
        "POST message": {"service", "service without key", "bare view"},
        "POST message, one session": {"service", "service without key", "bare view"},
        "GET session": {"service", "bare view"},
    }
    assert {line["messages"] for line in lines} == {10, 200}
    assert all(line["ratio"] == 1.0 for line in lines if line["variant"] == "bare view")
    assert all(line["ratio"] > 0 < line["worker_cpu_ms"] + line["per_second"] for line in lines)


@takes_long
def test_http_by_length_asks_over_http_what_the_store_is_asked(tmp_path: Path):
    sizes = ("--lengths", "10", "150", "--rounds", "2")
    lines = run("http_by_length", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {
        "append keyed",
        "newest 50",
        "recent context of 2,000 tokens",
        "delta of 10",
        "middle page of 50",
    }
    assert {line["messages"] for line in lines} == {10, 150}


def test_hot_path_measures_requests_and_their_parts(tmp_path: Path):
    lines = run("hot_path", "--dir", str(tmp_path), "--rounds", "1", "--calls", "2")
    assert {line["name"].partition(":")[0] for line in lines} == {"request", "part"}
    assert all(line["cpu_us"] > 0 for line in lines)


@takes_long
@pytest.mark.skipif(not shutil.which("py-spy", path=flame.SPY_PATH), reason="py-spy is missing")
def test_flame_draws_a_worker_and_counts_its_parts(tmp_path: Path):
    more = ("--seconds", "1", "--images", str(tmp_path), "--requests", "append")
    lines = run("flame", "--dir", str(tmp_path / "data"), *more)
    assert (
        {"driver", "session service"}
        <= named(lines)
        <= {flame.RUST, flame.REST, *dict(flame.PARTS)}
    )
    assert sum(line["share"] for line in lines) == pytest.approx(1, abs=0.02)
    assert "<svg" in (tmp_path / "flame-append.svg").read_text()


def test_a_look_counts_for_the_innermost_part():
    stacks = (
        "thread (7): writes-1;run (threading.py:9);call (chatproject/serving/lanes.py:55);"
        "append (sessions_app/repository/log/appending.py:7);command (pymongo/database.py:8) 3\n"
        "thread (7): writes-1;call (chatproject/serving/lanes.py:55);"
        "encode_message (sessions_app/repository/log/codec.py:2);dumps (json/__init__.py:3) 2\n"
        "thread (8): somebody;run (threading.py:9) 1\n"
    )
    assert flame.counted_parts(stacks) == {"driver": 3, "session service": 2, flame.REST: 1}


@takes_long
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


@takes_long
def test_metrics_cost_compares_the_service_with_itself_uncounted(tmp_path: Path):
    sizes = ("--requests", "8", "--rounds", "1", "--users", "4")
    lines = run("metrics_cost", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {"append, counted", "append, not counted", "GET /metrics"}
    assert all(line["p50_ms"] > 0 for line in lines)


@takes_long
def test_queryset_cost_compares_every_way_of_asking_with_the_driver(tmp_path: Path):
    lines = run("queryset_cost", "--dir", str(tmp_path), "--rounds", "2")
    assert {line["name"] for line in lines if line["variant"] != "driver"} == named(lines)
    assert all(line["ratio"] == 1 for line in lines if line["variant"] == "driver")
    assert all(line["p50_ms"] > 0 and line["cpu_us"] > 0 for line in lines)


@takes_long
def test_memory_reads_the_workers_and_one_page(tmp_path: Path):
    sizes = ("--requests", "100", "--users", "2", "--messages", "300")
    requests, pages = run("memory", "--dir", str(tmp_path), *sizes)
    assert requests["workers"] >= 1
    assert requests["mb_settled"] > 0
    assert pages["kb_sent_per_page"] > 0


@takes_long
def test_load_says_how_many_users_are_held_and_what_becomes_of_more(tmp_path: Path):
    sizes = ("--seconds", "1", "--minutes", "0.05", "--most", "20")
    lines = run("load", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {
        "users",
        "users held",
        "overload",
        "recovery",
        "resident memory of the workers",
    }
    [overload] = [line for line in lines if line["name"] == "overload"]
    assert overload["answered"] > 0 == overload["refused_without_retry_after"]
    assert set(overload["statuses"]) <= {"200", "201", "429", "503"}


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
        timeout=120,
    )
    assert done.returncode == 2
    assert "is not there; see --help, or use --only-ours" in done.stderr


def test_provider_streams_compares_with_the_packages_own():
    lines = run("provider_streams", "--streams", "3", "--pieces", "4", "--rate", "50")
    assert named(lines) == {"this provider", "the package's stream"}
    assert {line["pieces"] for line in lines} == {12}
    assert all(line["p95_ms"] >= line["p50_ms"] > 0 < line["cpu_us_per_piece"] for line in lines)


def test_session_approaches_finds_what_sets_them_apart(tmp_path: Path):
    sizes = ("--lengths", "1", "40", "--rounds", "3")
    lines = run("session_approaches", "--dir", str(tmp_path), *sizes)
    token, django, hybrid = (line for line in lines if line["name"] == "promises")
    assert (token["lost"], hybrid["lost"]) == (token["acknowledged"] // 2, 0)
    copies = [line["copies_of_a_repeated_turn"] for line in (token, django, hybrid)]
    assert copies == [1, 2, 1]
    shown = [line["turns_that_an_old_credential_shows"] for line in (token, django, hybrid)]
    assert shown == [5, 10, 10]
    ends = [line["ends_at_turn"] for line in lines if line["name"] == "limit"]
    assert len(ends) == 3
    assert ends == sorted(ends)
    carried = {(line["approach"], line["turns"]): line["carried_bytes"]
               for line in lines if line["name"] == "turn"}  # fmt: skip
    assert carried[token["approach"], 40] > 10 * carried[token["approach"], 1]
    assert carried[hybrid["approach"], 40] < 400


@takes_long
def test_schema_shapes_compares_three_shapes(tmp_path: Path):
    """Without the end of a growing array, which takes a minute and 16 MB to reach."""
    sizes = ("--lengths", "10", "150", "--rounds", "2", "--skip", "limit")
    lines = run("schema_shapes", "--dir", str(tmp_path), *sizes)
    assert named(lines) == {"append", "window of 50"}
    assert {line["shape"] for line in lines} == {
        "document per message",
        "growing array",
        "tail and buckets",
    }


@takes_long
def test_append_annotated_compares_a_judged_session_with_one_that_is_not(tmp_path: Path):
    lines = run("append_annotated", "--dir", str(tmp_path), "--rounds", "2")
    assert named(lines) == {"append, without", "append, with"}
    assert {line["messages"] for line in lines} == {60, 100}


@takes_long
def test_scale_model_checks_itself_and_plans(tmp_path: Path):
    sizes = ("--sessions", "4", "--requests", "4", "--rounds", "1")
    lines = run("scale_model", "--dir", str(tmp_path), *sizes)
    checks = [line for line in lines if line["name"] == "check"]
    assert len(checks) == 3
    assert all(line["predicted"] > 0 and line["measured"] > 0 for line in checks)
    assert {line["case"] for line in lines if line["name"] == "plan"} >= {"as assumed"}


@takes_long
def test_search_measures_every_kind_of_query(tmp_path: Path):
    sizes = ("--messages", "300", "--others", "100", "--rounds", "2")
    lines = run("search", "--dir", str(tmp_path), *sizes)
    assert {"index", "own, a rare word", "staff, a phrase", "append, with"} <= named(lines)
    assert all(line["complete"] for line in lines if "complete" in line)


@takes_long
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


@takes_long
def test_turn_streams_measures_first_pieces_and_appends(tmp_path: Path):
    sizes = ("--streams", "2", "--seconds", "1", "--first", "0.05", "--answer", "0.5")
    more = ("--rates", "10", "--modes", "loop", "baseline", "--baseline", str(ROOT))
    lines = run("turn_streams", "--dir", str(tmp_path), *sizes, *more)
    assert named(lines) == {"first piece", "plain append"}
    assert {line["mode"] for line in lines} == {"loop", "baseline"}
    assert all(line["errors"] == 0 for line in lines if line["name"] == "first piece")
    assert all(line["ratio"] > 0 for line in lines)


@takes_long
def test_response_chain_compares_chains_with_turns_and_a_fork(tmp_path: Path):
    lines = run("response_chain", "--dir", str(tmp_path), "--length", "3")
    assert named(lines) == {
        "turns over REST",
        "responses",
        "responses with 5 tools",
        "fork in the middle",
        "retrieve",
        "input items",
    }
    chains = [line for line in lines if "record_bytes" in line]
    assert all(line["message_bytes"] > 0 and line["record_bytes"] > 0 for line in chains)


@takes_long
def test_review_list_asks_for_every_filter_and_some_combinations(tmp_path: Path):
    sizes = ("--sessions", "300", "--rounds", "1", "--combinations", "5", "--appends", "24")
    lines = run("review_list", "--dir", str(tmp_path), *sizes)
    assert {"no filter", "messages=1000", "order expiry", "a user", "combinations"} <= named(lines)
    assert all(line["p95_ms"] >= line["p50_ms"] > 0 for line in lines)
    assert named(lines) >= {"append, without the index", "append, with the index"}


def test_context_speed_measures_plans_cuts_and_sketches():
    lines = run("context_speed", "--candidates", "50", "--budget", "500", "--turns", "8")
    assert named(lines) == {"plan", "cuts", "sketches"}
    cuts = [line for line in lines if line["name"] == "cuts"]
    assert {line["strategy"] for line in cuts} == {"trim", "recent", "topic", "relevant", "hybrid"}
    assert all(0 <= line["whole_prefix_share"] <= 1 for line in cuts)


@takes_long
def test_context_speed_reads_windows_of_stored_sessions(tmp_path: Path):
    lines = run("context_speed", "--store", "--lengths", "150", "--dir", str(tmp_path))
    assert {line["strategy"] for line in lines} == {"recent", "hybrid"}
    assert all(line["queries"] > 0 < line["kept"] for line in lines)


def test_context_recall_finds_evidence_that_a_trim_has_dropped(tmp_path: Path):
    """A conversation of the published form, made up: the answer was said first."""
    said = ["Ann keeps bees behind the mill.", *(f"The weather, {n} times." for n in range(600))]
    messages = [
        {"role": "assistant" if n % 2 else "user", "content": content}
        for n, content in enumerate(said)
    ]
    question = {"question": "Where does Ann keep her bees?", "evidence": [1], "category": 4}
    data = tmp_path / "memory" / "locomo-dev.jsonl"
    data.parent.mkdir()
    data.write_text(json.dumps({"messages": messages, "questions": [question]}))
    lines = run("context_recall", "--data", str(tmp_path), "--no-vectors")
    recall = {(line["strategy"], line["budget"]): line["recall"] for line in lines}
    assert recall["trim", 1_000] == recall["recent", 1_000] == 0
    assert recall["relevant", 1_000] == recall["hybrid", 1_000] == 1
    assert all(line["mean_tokens"] <= line["budget"] for line in lines)


def test_topic_shift_scores_every_detector_on_every_set(tmp_path: Path):
    """Sets of the published form, made up: the subject changes at the fourth message."""
    contents = [
        "which red wine goes with duck", "a light red wine, not too cold", "which red wine glass",
        "my bicycle chain slips on hills", "the bicycle chain is worn, replace it", "which chain",
    ]  # fmt: skip
    dialogue = {
        "id": "a",
        "messages": [{"role": "user", "content": content} for content in contents],
        "topic_starts": [4],
    }
    (tmp_path / "topics").mkdir()
    for part in {part for parts in SETS.values() for part in parts}:
        (tmp_path / "topics" / f"{part}.jsonl").write_text(json.dumps(dialogue))
    lines = run("topic_shift", "--data", str(tmp_path))
    assert {line["set"] for line in lines} == set(SETS)
    score = {line["detector"]: line["score"] for line in lines if line["set"] == "tiage"}
    assert score["shipped, dense (seen in training)"] > score["never"]


@takes_long
def test_part_costs_times_each_part_of_a_window():
    lines = run("part_costs", "--rounds", "1")
    assert {line["name"].partition(":")[0] for line in lines} == {"encoder", "tokenizer", "topics"}
    assert all(line.get("cpu_ms", line.get("p50_ms")) >= 0 for line in lines)


@takes_long
def test_integrity_speed_checks_every_session_and_finds_nothing(tmp_path: Path):
    lines = run("integrity_speed", "--dir", str(tmp_path), "--sessions", "300")
    assert named(lines) == {"check in 1 process", "check in 2 processes"}
    assert all((line["sessions"], line["findings"]) == (300, 0) for line in lines)


@takes_long
def test_long_operations_do_each_session_once_although_they_are_killed(tmp_path: Path):
    lines = run("long_operations", "--dir", str(tmp_path), "--sessions", "3000", "--encoded", "20")
    assert named(lines) == {
        "fill", "check_integrity", "audit_context", "rebuild_search", "rebuild_annotations",
        "summarise_sessions",
    }  # fmt: skip
    assert all(line["each_once"] for line in lines if line["name"] != "fill")


@takes_long
def test_moving_imports_every_format(tmp_path: Path):
    lines = run("moving", "--dir", str(tmp_path), "--conversations", "20")
    assert named(lines) == {
        "openai", "claude", "openwebui", "librechat", "agents", "langchain", "langgraph",
    }  # fmt: skip
    assert {line["conversations"] for line in lines} == {20}


@takes_long
def test_attachments_compares_appends_and_shows_what_uploads_take(tmp_path: Path):
    lines = run("attachments", "--dir", str(tmp_path))
    assert named(lines) == {
        "append, without",
        "append, with a reference",
        "the same picture again",
        "reads alone",
        "reads beside uploads",
        "uploads at once",
    }
    [picture] = [line for line in lines if line["name"] == "the same picture again"]
    assert (picture["kept"], picture["stored_bytes"]) == (1, picture["picture_bytes"])
