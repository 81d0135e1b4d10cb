"""The page's benchmark, in a real Chromium."""

from pathlib import Path

import pytest

from tests.benchmarks.test_each_benchmark_runs import named, run


@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="there is no /usr/bin/chromium")
def test_it_weighs_the_page_cold_warm_and_with_a_chat():
    lines = run("page_load")
    assert named(lines) == {"cold", "warm", "slow", "a chat"}
    assert all(line["first_paint_ms"] > 0 and line["interactive_ms"] > 0 for line in lines)
    cold = next(line for line in lines if line["name"] == "cold")
    assert cold["light_enough"]
