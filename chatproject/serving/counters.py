"""The files in which metrics are counted, in `DATA_DIR/metrics`: one set for each process.

Those are the workers that serve, and the one that runs the jobs.

prometheus_client maps them into memory. Where a mapped file has holes, the kernel ends whoever
writes into one while the disk is full (SIGBUS). So every file is written out in full before the
first worker starts, and none grows: `sessions_app.instruments` bounds the number of series. A
worker that takes another's place goes on with its set, so no counter falls when a worker dies.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

KIB = 1024
# By the kinds of `sessions_app.instruments`. A series takes some 250 bytes, a histogram's 17 times
# that for each of its label sets.
SIZES: Mapping[str, int] = {
    "counter": 512 * KIB,
    "histogram": 4 * KIB * KIB,
    "gauge_livesum": 128 * KIB,
    "gauge_livemax": 128 * KIB,
}
_SET = "counter_{slot}.db"


def directory_of(data_dir: Path) -> Path:
    """Where the files are."""
    return data_dir / "metrics"


def write_out(directory: Path, processes: int) -> None:
    """Make empty sets for so many processes; raises OSError when the disk has no room for them."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in directory.glob("*.db"):
        left.unlink(missing_ok=True)
    for slot in range(1, processes + 1):
        for kind, size in SIZES.items():
            with (directory / f"{kind}_{slot}.db").open("wb") as counter_file:
                counter_file.write(bytes(size))
                counter_file.flush()
                # Until then a file system may have promised more than it has.
                os.fsync(counter_file.fileno())


def claim(directory: Path) -> int | None:
    """The number of a set that no living process has; None when there is none.

    It is this process's until it ends, however that happens: the kernel releases the lock.
    """
    for counter_file in sorted(directory.glob(_SET.format(slot="*"))):
        descriptor = os.open(counter_file, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        slot = int(counter_file.stem.rpartition("_")[2])
        _forget_gauges(directory, slot)
        return slot
    return None


def _forget_gauges(directory: Path, slot: int) -> None:
    """What a dead worker had in hand, nobody has any more."""
    for kind, size in SIZES.items():
        if kind.startswith("gauge"):
            # In place: the blocks are there already.
            with (directory / f"{kind}_{slot}.db").open("r+b") as gauge_file:
                gauge_file.write(bytes(size))


def count_in(directory: Path) -> bool:
    """Have this process count in a set of files; before any metric is made. False if none is free.

    Without a set it counts in its own memory, and a scrape that it answers is of it alone. Where
    none has been made at all, as under another server, the library makes files as it needs them.
    """
    if not any(directory.glob(_SET.format(slot="*"))):
        return True
    slot = claim(directory)
    if slot is None:
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        return False
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    from prometheus_client import values

    # The library's own way to name the files by something else than the process number.
    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    return True
