"""That waits end, and say what did not happen; and that no test waits by other means."""

import ast
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests import waiting
from tests.waiting import Threads, at_once, in_time, joined, line_of, started, wait_until

HERE = Path(__file__).parent


@pytest.fixture
def forever() -> Iterator[threading.Event]:
    """What is waited for in vain, until the test ends."""
    event = threading.Event()
    yield event
    event.set()


def test_the_first_truthy_value_is_returned():
    looks = iter([0, "", 7])
    assert wait_until(lambda: next(looks)) == 7


def test_a_failure_says_what_did_not_happen():
    with pytest.raises(AssertionError, match=r"a sunrise did not happen within 0\.01 s"):
        wait_until(lambda: False, 0.01, "a sunrise")
    with pytest.raises(AssertionError, match=r"lambda: 1 > 2"):
        wait_until(lambda: 1 > 2, 0.01)


def test_a_stream_without_an_end_is_left():
    with pytest.raises(AssertionError, match=r"the end did not come within 0\.01 s"):
        list(in_time(count(), 0.01))
    assert list(in_time([1, 2])) == [1, 2]


def test_a_thread_that_does_not_end_is_named(forever: threading.Event):
    thread = threading.Thread(target=forever.wait, args=(20,), name="sleeper")
    thread.start()
    with pytest.raises(AssertionError, match="sleeper did not end"):
        joined(thread, seconds=0.01)
    forever.set()
    joined(thread)


def test_work_that_does_not_end_holds_up_no_block(
    forever: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting, "WORK_SECONDS", 0.05)

    def stuck() -> None:
        forever.wait(20)

    with pytest.raises(AssertionError, match="stuck did not end"), Threads() as threads:
        threads.submit(stuck)


def test_what_works_return_is_in_their_order_and_what_they_raise_is_raised():
    def fail() -> int:
        raise ZeroDivisionError

    assert at_once(lambda: 1, lambda: 2) == [1, 2]
    with pytest.raises(ZeroDivisionError):
        at_once(lambda: 1, fail)
    with Threads(2) as threads:
        assert list(threads.map(abs, [-1, -2, -3])) == [1, 2, 3]


def test_no_more_threads_work_than_may():
    most, now, lock = [0], [0], threading.Lock()

    def work() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1

    with Threads(3) as threads:
        for _ in range(20):
            threads.submit(work)
    assert most[0] <= 3


def test_a_process_does_not_outlive_a_block_that_fails():
    with (
        pytest.raises(AssertionError, match="printed nothing"),
        started(
            [sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.PIPE
        ) as process,
    ):
        line_of(process.stdout, 0.01)
    assert process.returncode == -9


# What may wait for ever when it has no argument that bounds it.
METHODS = {"wait", "join", "communicate", "acquire", "readline"}
RUNS = {"run", "call", "check_call", "check_output"}
POOLS = {"ThreadPoolExecutor", "ProcessPoolExecutor"}


def may_wait_for_ever(node: ast.AST) -> bool:
    if isinstance(node, ast.While):
        return all(isinstance(each, ast.Pass) for each in node.body)
    if isinstance(node, ast.With):
        return any("subprocess.Popen(" in ast.unparse(item.context_expr) for item in node.items)
    if not isinstance(node, ast.Call):
        return False
    of, _, name = ast.unparse(node.func).rpartition(".")
    named = {keyword.arg for keyword in node.keywords}
    if (of == "subprocess" and name in RUNS) or name == "Barrier":
        return not named & {"timeout", None}
    return name in POOLS or (bool(of) and name in METHODS and not node.args and not named)


def unbounded(source: str) -> list[int]:
    """The lines that may wait for what never comes."""
    return [
        getattr(node, "lineno", 0)
        for node in ast.walk(ast.parse(source))
        if may_wait_for_ever(node)
    ]


@pytest.mark.parametrize(
    "source",
    [
        "while not done: pass",
        "thread.join()",
        "subprocess.run(['true'])",
        "threading.Barrier(2)",
        "with subprocess.Popen(['cat']) as process: process.kill()",
        "ThreadPoolExecutor(8)",
        "process.stdout.readline()",
    ],
)
def test_what_waits_for_ever_is_found(source: str):
    assert unbounded(source) == [1]


def test_no_test_waits_for_ever():
    found = [
        f"{path.relative_to(HERE)}:{line}"
        for path in sorted(HERE.rglob("*.py"))
        if path.name != "waiting.py" and "programs" not in path.parts
        for line in unbounded(path.read_text(encoding="utf-8"))
    ]
    assert found == []
