"""What time MongoDB's servers say it is."""

import logging
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
from pymongo import ReadPreference

from sessions_app import clock
from sessions_app.domain.audit.expiry import ClockReading
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.repository import failures

logger = logging.getLogger(__name__)

# Between two readings for the time of this process, and for how long one may take.
KEEP_SECONDS = 2.0
_READ_SECONDS = 1.0
# A slower answer says less of when it was made than what is known already.
_QUICK_SECONDS = 0.25
# The driver picks a secondary by chance; so often is each of a few missed by next to none.
_TRIES_A_SECONDARY = 8


@failures.translated
def server_time() -> datetime:
    """The primary's clock, or that of the mongos."""
    moment: datetime = _hello(ReadPreference.PRIMARY)["localTime"]
    return moment


@failures.translated
def readings() -> list[ClockReading]:
    """The clocks of the primary (or the mongos) and of each secondary that chance leads to."""
    first = _read(ReadPreference.PRIMARY)
    quickest = {first.server: first}
    for _ in range(_TRIES_A_SECONDARY * len(failures.client().secondaries)):
        reading = _read(ReadPreference.SECONDARY)
        # Of several readings of a clock the quickest is the most exact.
        known = quickest.get(reading.server)
        if known is None or reading.uncertainty < known.uncertainty:
            quickest[reading.server] = reading
    return list(quickest.values())


@failures.translated
def read() -> None:
    """Read MongoDB's clock for `clock.now`; raises StorageUnavailable."""
    started = clock.steady()
    with pymongo.timeout(_READ_SECONDS):
        moment: datetime = _hello(ReadPreference.PRIMARY)["localTime"]
    took = clock.steady() - started
    if took <= _QUICK_SECONDS or not clock.is_known():
        # Read somewhere between the asking and the answer; whole milliseconds, rounded down.
        clock.read(moment + timedelta(microseconds=500), at=started + took / 2)


def read_if_there() -> None:
    """The same, for a process that goes by its host's clock until MongoDB answers."""
    try:
        read()
    except StorageUnavailable:
        logger.warning("MongoDB's clock cannot be read; this host's is used until it can")


def keep() -> None:
    """Read it now, and again and again on a thread of its own; once in each process that serves."""
    read_if_there()
    threading.Thread(target=_keep, name="clock", daemon=True).start()


def _keep() -> None:
    was_right = True
    while True:
        if clock.is_right() != was_right:
            was_right = not was_right
            logger.error(
                "this host's clock is %.0f s off MongoDB's%s",
                clock.off_by(),
                "; within bounds again" if was_right else ": not ready until it is set right",
            )
        time.sleep(KEEP_SECONDS)
        # Unavailable, or something that another reading may not meet: the next one tells.
        with suppress(Exception):
            read()


def _read(preference: Any) -> ClockReading:
    wall, started = datetime.now(UTC), time.monotonic()
    hello = _hello(preference)
    took = timedelta(seconds=time.monotonic() - started)
    # Read somewhere between the asking and the answer; and MongoDB tells whole milliseconds.
    ahead = hello["localTime"] - (wall + took / 2)
    server = str(hello.get("me") or "mongos")
    return ClockReading(server, ahead, took / 2 + timedelta(milliseconds=1))


def _hello(preference: Any) -> dict[str, Any]:
    client = failures.client()
    # A command's times come without their zone unless the client's options go along.
    hello: dict[str, Any] = client.admin.command(
        "hello", read_preference=preference, codec_options=client.codec_options
    )
    return hello
