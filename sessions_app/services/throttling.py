"""Rate limits shared by all workers, counted in fixed periods.

A worker claims a share of a period's limit from the common counter and spends it by itself, so
that a high limit costs one round trip for many requests. A share is a sixtieth of the limit:
limits up to 60 are exact, larger ones may refuse up to a share per worker too early, and never
allow too much.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sessions_app.repository import throttles

_SHARES = 60
_MAX_CLAIMS = 50_000


@dataclass(slots=True)
class _Claim:
    period: int
    remaining: int
    exhausted: bool = False


_claims: dict[str, _Claim] = {}
_lock = threading.Lock()


def caller_key(*, scope: str, caller: str) -> str:
    """The key that a caller is counted under within a scope.

    Hashed, so that no user name or address is stored to count requests. Lone surrogates pass: a
    user name that is no valid text is refused after it was counted.
    """
    digest = hashlib.blake2b(caller.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return f"{scope}:{digest}"


def throttle_take(*, key: str, limit: int, period_seconds: int, now: datetime) -> float | None:
    """Use one of `limit` requests of this period; seconds to wait when there is none, else None.

    Raises StorageUnavailable when the common counter cannot be reached.
    """
    period, elapsed = divmod(now.timestamp(), period_seconds)
    wait = period_seconds - elapsed
    # Not held over the query below: two threads may each claim a share, and one is wasted.
    with _lock:
        claim = _claims.get(key)
        if claim is not None and claim.period == period:
            if claim.remaining:
                claim.remaining -= 1
                return None
            if claim.exhausted:
                return wait
    share = max(1, limit // _SHARES)
    used = throttles.take(
        key=f"{key}/{period:.0f}",
        amount=share,
        # A period longer than needed, as workers' clocks may differ from MongoDB's.
        expires_at=datetime.fromtimestamp((period + 1) * period_seconds, UTC)
        + timedelta(seconds=period_seconds),
    )
    # `used` includes this share; only what is left of the limit before it may be spent.
    granted = min(share, limit - (used - share))
    with _lock:
        # Forgetting a claim wastes at most its share; it never allows more than the limit.
        if len(_claims) > _MAX_CLAIMS:
            _claims.clear()
        _claims[key] = _Claim(int(period), max(0, granted - 1), exhausted=granted < share)
    return None if granted > 0 else wait


@contextmanager
def one_at_a_time(*, key: str, seconds: float, now: datetime) -> Iterator[bool]:
    """Whether no other caller is in the same `key`, on any worker; work only where it is so.

    A worker that dies meanwhile leaves it taken for `seconds`.
    """
    # MongoDB stores milliseconds; the end must name the same moment.
    until = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    begun = throttles.begin(key=key, now=now, until=until)
    try:
        yield begun
    finally:
        if begun:
            throttles.end(key=key, until=until)


def forget() -> None:
    """Drop this worker's claims, so that it is as a new process."""
    with _lock:
        _claims.clear()
