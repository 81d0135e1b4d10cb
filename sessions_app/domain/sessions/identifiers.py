"""The form of identifiers, and what sorts before and after them."""

from datetime import UTC, datetime, timedelta

from sessions_app.domain.limits import SEQ_DIGITS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bucket_id(session_id: str, first_seq: int) -> str:
    """`<session_id>/<first_seq>` with zeros in front, so that ids sort in message order."""
    return f"{session_id}/{first_seq:0{SEQ_DIGITS}d}"


def uuid7_floor(moment: datetime) -> str:
    """A bound: UUIDv7s made at `moment` or later sort after it, earlier ones before.

    Their first 48 bits are the milliseconds since 1970 (RFC 9562, 5.7).
    """
    digits = f"{(moment - _EPOCH) // timedelta(milliseconds=1):012x}"
    return f"{digits[:8]}-{digits[8:]}"
