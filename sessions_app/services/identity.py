"""New identifiers: UUIDv7 (RFC 9562, 5.7), which sort by the time they were made."""

import hashlib
from uuid import UUID

import uuid_utils


def new_session_id() -> str:
    """A UUIDv7 of 36 characters."""
    return str(uuid_utils.uuid7())


def session_id_of(user_id: str, key: str) -> str:
    """The id of the session that a user's request under this idempotency key makes.

    A UUIDv8 (RFC 9562, 5.8): whichever worker the request comes to, it makes the same one.
    """
    digest = bytearray(hashlib.blake2b(f"{user_id}\0{key}".encode(), digest_size=16).digest())
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))


def new_line_id() -> str:
    """36 characters, for a line of the read log or a note."""
    return str(uuid_utils.uuid7())


def new_turn_id() -> str:
    """`turn_` and 32 hexadecimal digits, which sort by the time they were made."""
    return f"turn_{uuid_utils.uuid7().hex}"
