"""What the README names exists, and the README is what a newcomer can take in."""

import json
import re
import tomllib
from typing import Any

import pytest
from django.core.management import get_commands

from tests.docs import pages, readme, reference, routes

# Names of the environment that are no settings of the service.
FOREIGN = {"CODE_OF_CONDUCT", "IDEMPOTENCY_KEY"}
BADGES = pages.ROOT / "docs" / "images"


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (pages.ROOT / "Makefile").read_text(), re.MULTILINE))


def test_it_has_at_most_two_hundred_lines():
    assert len(readme.TEXT.splitlines()) <= 200


def test_every_route_that_it_names_exists():
    named = re.findall(r"`([A-Z]+(?:, [A-Z]+)*) (/[^`]*)`", readme.prose())
    found = {
        (method, routes.template(path)) for methods, path in named for method in methods.split(", ")
    }

    assert found
    assert found <= routes.served()


def test_every_setting_that_it_names_is_read():
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", readme.prose()))

    assert named
    assert named - FOREIGN <= set(reference.settings_read())


def test_every_command_that_it_names_exists():
    assert set(re.findall(r"manage\.py ([a-z_]+)", readme.TEXT)) <= set(get_commands())


def test_it_names_the_make_targets_that_exist():
    assert set(re.findall(r"make ([a-z-]+)\b(?!\w)", readme.TEXT)) >= makefile_targets() - {"help"}
    assert set(re.findall(r"`make ([a-z-]+)", readme.TEXT)) <= makefile_targets()


def test_it_says_what_make_test_leaves_out():
    text = readme.section("Run it")

    assert "slow" in text
    assert "ARGS=--slow" in text
    assert "chromium" in text


def test_it_has_a_picture_for_either_colour_scheme():
    shown = re.findall(r'(?:src|srcset)="(docs/images/[^"]+)"', readme.TEXT)

    assert len(shown) == 2
    assert all((pages.ROOT / path).exists() for path in shown)
    assert re.search(r'alt="[^"]{40,}"', readme.TEXT)


def test_its_diagram_leaves_the_colours_to_the_reader_s_scheme():
    [diagram] = re.findall(r"```mermaid\n(.*?)```", readme.TEXT, re.DOTALL)

    assert not re.search(r"fill:|stroke:|color:|%%\{init", diagram)


@pytest.mark.parametrize(
    ("badge", "holds"),
    [
        ("python", lambda project, _: project["requires-python"].removeprefix(">=")),
        ("types", lambda _, tools: "strict" if tools["mypy"]["strict"] else "loose"),
        ("licence", lambda *_: (pages.ROOT / "LICENSE").read_text().split()[0]),
    ],
)
def test_a_badge_says_what_holds(badge: str, holds):
    parsed = tomllib.loads((pages.ROOT / "pyproject.toml").read_text())
    text = (BADGES / f"badge-{badge}.svg").read_text()

    assert f">{holds(parsed['project'], parsed['tool'])}<" in text


def results(benchmark: str) -> list[dict[str, Any]]:
    path = pages.ROOT / "benchmarks" / "results" / f"{benchmark}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def figures(name: str, messages: int) -> dict[str, float]:
    """The medians of a question to the peers, by store."""
    return {
        row["store"]: row["p50_ms"]
        for row in results("peers_store")
        if row["name"] == name and row.get("messages") == messages
    }


def test_its_ratio_of_long_to_short_appends_is_that_of_the_results():
    ours = {at: figures("append", at)["ours"] for at in (100, 100_000)}
    ratios = [
        row["ratio_to_100"]
        for row in results("store_by_length")
        if row["name"].startswith("append") and row.get("messages") == 100_000
        if "unknown here" not in row["name"]
    ]
    ratios.append(ours[100_000] / ours[100])

    assert f"takes {min(ratios):.1f} to {max(ratios):.1f} times as long" in readme.TEXT


@pytest.mark.parametrize(
    ("row", "question"),
    [("a context of 2,000 tokens", "context of 2,000 tokens"), ("an append to", "append")],
)
def test_its_figures_beside_peers_are_those_of_the_results(row: str, question: str):
    [shown] = [each for each in readme.table("What was measured") if each[0].startswith(row)]

    for store, value in figures(question, 100_000).items():
        cell = shown[1] if store == "ours" else shown[2]
        text = f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"
        assert text in cell, (store, text)


def test_its_recall_is_that_of_the_page_on_windows():
    [shown] = [each for each in readme.table("What was measured") if each[0].startswith("evidence")]
    measured = pages.read("context-measured.md")
    rows = {row[0]: row for row in pages.tables(pages.section(measured, "Relevance"))["budget"]}

    assert rows["`hybrid` as shipped"][2] in shown[1]
    assert rows["`hybrid`, weights fitted without the conversation that is scored"][2] in shown[1]
    assert rows["newest that fit"][2] in shown[2]
    assert rows["LangChain's `trim_messages`"][2] in shown[2]
    assert "fitted on LoCoMo" in shown[1]


def test_every_measured_row_has_its_command():
    rows = readme.table("What was measured")

    assert len(rows) >= 5
    assert all(re.search(r"`python -m (benchmarks|pytest)", row[3]) for row in rows)
