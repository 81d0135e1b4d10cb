"""Waits that end. No test, and nothing that a test uses, waits by other means without a bound.

A test that waits for something that never comes would hold up all others, and could not say what it
waited for. Each of these fails instead, and says so.
"""

import faulthandler
import inspect
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, TypeVar

# Far longer than anything takes that is waited for here, on a machine that does much else at once.
PATIENCE = 60.0
# What threads do together may be a thousand requests.
WORK_SECONDS = 120.0
# Between two looks, at first and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T], seconds: float = PATIENCE, what: str = "", **more: float
) -> T:
    """The first truthy value of `condition`; `what` says in a failure what did not happen."""
    for _ in within(seconds, what or _told(condition), **more):
        if value := condition():
            return value
    raise AssertionError  # `within` has failed before


def within(
    seconds: float = PATIENCE, what: str = "it", pause: float = _LONGEST_PAUSE
) -> Iterator[int]:
    """Count the looks at something from 0, with a pause between them; fail after the time.

    For a loop that does something of its own in each round, and leaves when it has seen enough.
    """
    deadline, number = time.monotonic() + seconds, 0
    while True:
        late = time.monotonic() >= deadline
        yield number
        if late:
            raise _failure(f"{what} did not happen within {seconds:g} s")
        time.sleep(min(_FIRST_PAUSE * 1.5 ** min(number, 20), pause))
        number += 1


def in_time(items: Iterable[T], seconds: float = PATIENCE, what: str = "the end") -> Iterator[T]:
    """The same items, as long as they come within the time: for loops without pauses of their own.

    What gives the items must not stand still for ever itself: a stream of events does not, as it
    has a heartbeat.
    """
    deadline = time.monotonic() + seconds
    for item in items:
        if time.monotonic() >= deadline:
            raise _failure(f"{what} did not come within {seconds:g} s")
        yield item


def joined(*threads: threading.Thread, seconds: float = PATIENCE) -> None:
    """Wait for the end of these threads."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in threads if thread.is_alive()]
    if left:
        raise _failure(f"{', '.join(left)} did not end within {seconds:g} s")


def at_once(*works: Callable[[], T]) -> list[T]:
    """Do all at the same moment, each on a thread; what they return, in their order."""
    start = threading.Barrier(len(works), timeout=PATIENCE)

    def run(work: Callable[[], T]) -> T:
        start.wait()
        return work()

    with Threads() as threads:
        answers = [threads.submit(run, work) for work in works]
    return [answer.result() for answer in answers]


class Answer(Future[T]):
    """What a thread will return, waited for so long and no longer."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def result(self, timeout: float | None = WORK_SECONDS) -> T:
        try:
            return super().result(timeout)
        except TimeoutError:
            if self.done():  # the error is the work's own
                raise
            raise _failure(f"{self.name} did not end within {timeout:g} s") from None


class Threads(Executor):
    """A `ThreadPoolExecutor`, but that no block and no process waits for a thread for ever."""

    def __init__(self, most: int = 1_000) -> None:
        self._free = threading.Semaphore(most)
        self._answers: list[Answer[Any]] = []

    def submit(self, work: Callable[..., T], /, *args: Any, **more: Any) -> Answer[T]:
        answer: Answer[T] = Answer(getattr(work, "__name__", repr(work)))
        self._answers.append(answer)
        thread = threading.Thread(
            target=self._run, args=(answer, partial(work, *args, **more)), daemon=True
        )
        thread.start()
        return answer

    def _run(self, answer: Answer[T], work: Callable[[], T]) -> None:
        with self._free:
            try:
                answer.set_result(work())
            except BaseException as error:  # noqa: BLE001 - who asks for the result gets it
                answer.set_exception(error)

    def map(self, *args: Any, **more: Any) -> Iterator[Any]:
        return super().map(*args, **({"timeout": WORK_SECONDS} | more))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for all; unlike `result`, without the errors that nobody has asked for."""
        deadline = time.monotonic() + WORK_SECONDS
        for answer in self._answers if wait else ():
            try:
                answer.exception(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise _failure(f"{answer.name} did not end within {WORK_SECONDS:g} s") from None


@contextmanager
def started(command: Any, **options: Any) -> Iterator["subprocess.Popen[Any]"]:
    """A process that does not outlive the block: what still runs at its end is killed."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(stream: IO[Any], seconds: float = PATIENCE) -> Any:
    """The first line that a process prints, which it must flush."""
    if not select.select([stream], [], [], seconds)[0]:
        raise _failure(f"the process printed nothing within {seconds:g} s")
    return stream.readline()


def _failure(said: str) -> AssertionError:
    """The error, with where each thread stands in the test's captured output."""
    faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr)
    return AssertionError(said)


def _told(condition: Callable[[], object]) -> str:
    """The condition as it is written, as far as that can be found."""
    try:
        return " ".join(inspect.getsource(condition).split())
    except (OSError, TypeError):
        return repr(condition)
