"""The model's server as a child process: started, waited for, and ended with its parent."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

from chatproject.model_server.launch import Launch
from chatproject.processes import parent_death
from chatproject.service_error import ServiceError
from sessions_app import child_process

# Reading the weights takes a second on an idle machine.
START_SECONDS = 180.0
STOP_SECONDS = 5.0


@contextmanager
def started(
    launch_at: Callable[[int], Launch], log: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The server and its port, from when it answers until the block ends.

    Raises:
        ServiceError: it cannot be had, or does not get so far that it answers.
    """
    port = child_process.free_port()
    launch = launch_at(port)
    with log.open("wb") as output:
        process = _start(launch, output.fileno())
    try:
        _wait_until_ready(process, port, launch.ready_path, log)
        yield process, port
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def _start(launch: Launch, output: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - the command is ours
        launch.command,
        env=dict(launch.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # A Ctrl-C in the terminal must reach the supervisor only; that stops this process.
        start_new_session=True,
        preexec_fn=parent_death.following(SIGKILL),
    )


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", port: int, ready_path: str, log: Path
) -> None:
    def is_ready() -> bool:
        return child_process.answers_ok(child_process.LOOPBACK, port, ready_path)

    try:
        child_process.wait_until_it_answers(process, is_ready, seconds=START_SECONDS)
    except child_process.ProcessEnded as error:
        raise ServiceError(
            f"llama-server ended with code {error.exit_code} while starting "
            f"({last_words(log)}); see {log}"
        ) from error
    except TimeoutError as error:
        raise ServiceError(
            f"llama-server was not ready within {START_SECONDS:.0f} seconds; "
            f"{log} says how far it got"
        ) from error


def last_words(log: Path) -> str:
    """The last line of the log, such as the dynamic linker's about a missing library."""
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip()[-200:] for line in reversed(lines) if line.strip()), "silently")
