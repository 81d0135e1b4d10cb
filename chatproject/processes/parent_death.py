"""Ends child processes when their parent ends, even when the parent is killed."""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def follow(parent: int, number: signal.Signals) -> None:
    """Have the kernel send this process `number` when its parent `parent` dies (Linux only)."""
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    # If the parent died before the call above, the kernel sends no signal.
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def following(number: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` for a child of this process."""
    parent = os.getpid()
    return lambda: follow(parent, number)


def _find_prctl() -> Callable[..., int] | None:
    # Looked up at import, because between fork and exec a child should do as little as possible.
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None), "prctl", None)
    return function


_prctl = _find_prctl()
