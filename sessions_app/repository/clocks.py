"""What time MongoDB's servers say it is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReadPreference

from sessions_app.domain.audit.expiry import ClockReading
from sessions_app.repository import failures

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
