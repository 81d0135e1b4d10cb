"""A child that does not outlive its parent, whichever way the parent ends."""

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
    # The parent may have died before the line above; then no signal will ever come.
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def following(number: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` for a child of this process."""
    parent = os.getpid()
    return lambda: follow(parent, number)


def _find_prctl() -> Callable[..., int] | None:
    # Looked up at import: between fork and exec a child should do as little as it can.
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None), "prctl", None)
    return function


_prctl = _find_prctl()
