"""Running benchmarks at full size, their lines into benchmarks/results."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What a full run of a benchmark is called with, where that is more than its name.
ARGUMENTS = {
    "http_by_length": ["--rounds", "150"],
    # The evaluation data are not in the repository; SuperDialseg and TIAGE are public.
    "worked_example": ["--data", os.environ.get("EVALUATION_DATA", "../shared/data")],
}
ROOT = Path(__file__).parents[1]


def run(names: Sequence[str], results: Path) -> None:
    """Each in turn; a benchmark that fails keeps the results that it has.

    Raises subprocess.CalledProcessError.
    """
    results.mkdir(exist_ok=True)
    for name in names:
        print(f"── {name}", file=sys.stderr)
        path, fresh = results / f"{name}.jsonl", results / f"{name}.jsonl.part"
        with fresh.open("w") as lines:
            subprocess.run(
                [sys.executable, "-m", f"benchmarks.{name}", *ARGUMENTS.get(name, [])],
                cwd=ROOT,
                stdout=lines,
                check=True,
            )
        fresh.replace(path)
