"""What do the parts of a window cost by themselves?

Processor time, so that what else the machine does counts little. `encoder: load` and
`tokenizer: load` are taken in a process of their own each, with the memory that it grew by. The
others are timed in turn: encoding a message of 60 words, counting a million identical characters,
judging a message of a million characters, and a topic judge's state through its dictionary and
back.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import report
from sessions_app import encoders, tokenizer
from sessions_app.domain.topics.detection import observe
from sessions_app.domain.topics.state import TopicMessage, TopicState

WORDS = " ".join(f"word{number % 37} about the garden" for number in range(15))
MILLION = "a" * 1_000_000
LOADED = ("encoder", "tokenizer")


def main() -> None:
    """Parse, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="three rounds instead of twenty")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--load", choices=LOADED, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(_loading(options.load)))
        return
    result = report.Report("part_costs")
    result.machine(Path.cwd())
    for name in LOADED:
        command = [sys.executable, "-m", "benchmarks.part_costs", "--load", name]
        loaded = subprocess.run(command, check=True, capture_output=True, text=True)
        result.add(f"{name}: load", **json.loads(loaded.stdout))
    rounds = options.rounds or (3 if options.short else 20)
    steps = _steps()
    samples: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            samples[name].append(_cpu_ms(step))
    for name, taken in samples.items():
        result.add(name, **report.timing(taken))
    result.table()


def _loading(name: str) -> dict[str, Any]:
    before = psutil.Process().memory_info().rss
    spent = _cpu_ms(_load_encoder if name == "encoder" else lambda: tokenizer.count_tokens("warm"))
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    return {"cpu_ms": round(spent, 1), "grown_mb": round(grown, 1)}


def _load_encoder() -> None:
    encoder = encoders.load_encoder()
    if encoder is not None:
        encoder.encode(["warm"])


def _steps() -> dict[str, Callable[[], object]]:
    encoder = encoders.load_encoder()
    state = TopicState()
    for number in range(8):
        role = "assistant" if number % 2 else "user"
        state, _ = observe(state, TopicMessage(role=role, content=f"{WORDS} {number}"))
    long = TopicMessage(role="user", content="garden " * 150_000)
    steps: dict[str, Callable[[], object]] = {
        "tokenizer: a million identical characters": lambda: tokenizer.count_tokens(MILLION),
        "topics: a message of a million characters": lambda: observe(state, long),
        "topics: the state and back": lambda: TopicState.from_dict(state.to_dict()),
    }
    if encoder is not None:
        steps["encoder: a message of 60 words"] = lambda: encoder.encode([WORDS])
    return steps


def _cpu_ms(step: Callable[[], object]) -> float:
    begun = time.process_time()
    step()
    return (time.process_time() - begun) * 1e3


if __name__ == "__main__":
    main()
