"""Chooses the local model's server at set-up: the packaged one where it runs, else compiles one.

`make run-llm` calls `python -m chatproject.model_server.installing` after installing the packages.
"""

import sys
import time

from chatproject.model_server import compiled, packaged
from chatproject.service_error import ServiceError


def install() -> None:
    """See that one of the two servers can run here.

    Raises:
        ServiceError: neither can; the message says what is missing.
    """
    if compiled.is_built():
        return
    reason = packaged.why_it_does_not_run()
    if reason is None:
        return
    _say(f"The packaged llama-server does not run on this machine: {reason.split('; see ')[0]}.")
    if missing := compiled.missing():
        raise ServiceError(
            f"compiling one for this machine needs {missing}; install that (Debian, Ubuntu: "
            "build-essential) and run `make run-llm` again, or set LLM_BASE_URL to a server of "
            "your own and use `make run`"
        )
    _say("Compiling llama-cpp-python's server instead, once: 8 minutes on two cores …")
    begun = time.monotonic()
    compiled.build()
    _say(f"Compiled in {(time.monotonic() - begun) / 60:.0f} minutes.")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main() -> int:
    """Install; exit code 1 with the reason if that fails."""
    try:
        install()
    except ServiceError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
