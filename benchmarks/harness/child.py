"""A process beside the benchmark, given jobs and answering them, each in one line of JSON."""

import json
import subprocess
from typing import Any


def answer_of(process: "subprocess.Popen[str]", job: dict[str, Any]) -> Any:
    """What the process makes of a job; raises RuntimeError where it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args} has ended")
    return json.loads(line)
