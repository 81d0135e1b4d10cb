"""How a worker tells the watchdog that it is alive, and hears of the workers that have died.

The watchdog makes the `Pulse` before any worker is forked, so all of them have the same one: a pipe
into which each worker writes its process number once a second, and a page of shared memory in which
the watchdog lists the dead. Neither is a file, so a full disk stops neither.
"""

import mmap
import os
import secrets
import struct
from contextlib import suppress

BEAT_SECONDS = 1.0
_BEAT = struct.Struct("=q")
_COUNT = struct.Struct("=q")
# A ring: who has not read it for so many deaths leaves the oldest to their leases.
_REMEMBERED = 64
_READ_BYTES = 65_536


class Pulse:
    """What a watchdog shares with the workers that it watches; `instance` names them together."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        for descriptor in (self._reading, self._writing):
            os.set_blocking(descriptor, False)
        self._dead = mmap.mmap(-1, _COUNT.size + _REMEMBERED * _BEAT.size)
        self.instance = secrets.token_hex(4)

    def beat(self) -> None:
        """Say that this process is alive."""
        self._say(os.getpid())

    def leave(self) -> None:
        """Say that this process is about to end, and will be silent."""
        self._say(-os.getpid())

    def _say(self, number: int) -> None:
        # A full pipe means that the watchdog stands still, which is no reason for a worker to.
        with suppress(BlockingIOError):
            os.write(self._writing, _BEAT.pack(number))

    def heard(self) -> tuple[set[int], set[int]]:
        """The processes that have beaten since the last call, and those that have left."""
        numbers: set[int] = set()
        # A record is shorter than PIPE_BUF, so it is written whole, and read whole.
        with suppress(BlockingIOError):
            while received := os.read(self._reading, _READ_BYTES):
                numbers.update(number for (number,) in _BEAT.iter_unpack(received))
        return {n for n in numbers if n > 0}, {-n for n in numbers if n < 0}

    def bury(self, pid: int) -> None:
        """List a process as dead; the watchdog alone does, so nobody writes beside it."""
        count = self.deaths
        _BEAT.pack_into(self._dead, _COUNT.size + count % _REMEMBERED * _BEAT.size, pid)
        _COUNT.pack_into(self._dead, 0, count + 1)

    @property
    def deaths(self) -> int:
        """How many have died since the start."""
        return int(_COUNT.unpack_from(self._dead, 0)[0])

    def dead_since(self, count: int) -> list[int]:
        """The processes that have died after the first `count`, as far as they are remembered."""
        deaths = self.deaths
        return [
            int(_BEAT.unpack_from(self._dead, _COUNT.size + n % _REMEMBERED * _BEAT.size)[0])
            for n in range(max(count, deaths - _REMEMBERED), deaths)
        ]


class _Shared:
    """The pulse of this process and those that it forks; None under another server."""

    pulse: Pulse | None = None


def share() -> Pulse:
    """Make the pulse that every process has that is forked from now on."""
    _Shared.pulse = Pulse()
    return _Shared.pulse


def shared() -> Pulse | None:
    """The watchdog's pulse, if this process is watched."""
    return _Shared.pulse
