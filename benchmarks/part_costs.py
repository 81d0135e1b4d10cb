"""What do the parts of a window cost by themselves?

    python -m benchmarks.part_costs

Prints one JSON object per line; processor time, so that what else the machine does counts little.
`encoder: load` and `tokenizer: load` are taken in a process of their own each, with the memory that
it grew by. The others are the median of `--rounds`: encoding a message of 60 words, counting a
million identical characters, judging a message of a million characters, and a topic judge's state
through its dictionary and back.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import psutil

WORDS = " ".join(f"word{number % 37} about the garden" for number in range(15))
MILLION = "a" * 1_000_000


def main(argv: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--load", choices=["encoder", "tokenizer"], help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.load:
        _print(f"{options.load}: load", **_loading(options.load))
        return
    for name in ("encoder", "tokenizer"):
        subprocess.run([sys.executable, "-m", "benchmarks.part_costs", "--load", name], check=True)
    for name, step in _steps().items():
        step()
        _print(name, cpu_ms=statistics.median(_cpu_ms(step) for _ in range(options.rounds)))


def _loading(name: str) -> dict[str, float]:
    before = psutil.Process().memory_info().rss
    spent = _cpu_ms(_load_encoder if name == "encoder" else _load_tokenizer)
    return {"cpu_ms": spent, "grown_mb": (psutil.Process().memory_info().rss - before) / 1e6}


def _load_encoder() -> None:
    from sessions_app.encoders import load_encoder

    encoder = load_encoder()
    assert encoder is not None
    encoder.encode(["warm"])


def _load_tokenizer() -> None:
    from sessions_app import tokenizer

    tokenizer.count_tokens("warm")


def _steps() -> dict[str, Callable[[], object]]:
    from sessions_app import tokenizer
    from sessions_app.domain.topics.detection import observe
    from sessions_app.domain.topics.state import TopicMessage, TopicState
    from sessions_app.encoders import load_encoder

    encoder = load_encoder()
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
        steps = {"encoder: a message of 60 words": lambda: encoder.encode([WORDS])} | steps
    return steps


def _cpu_ms(step: Callable[[], object]) -> float:
    begun = time.process_time()
    step()
    return (time.process_time() - begun) * 1e3


def _print(name: str, **figures: float) -> None:
    rounded = {key: round(value, 3) for key, value in figures.items()}
    print(json.dumps({"benchmark": "part_costs", "name": name, **rounded}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
