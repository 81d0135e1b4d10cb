"""New identifiers: UUIDv7 (RFC 9562, 5.7), which sort by the time they were made."""

import uuid_utils


def new_session_id() -> str:
    """A UUIDv7 of 36 characters."""
    return str(uuid_utils.uuid7())


def new_line_id() -> str:
    """36 characters, for a line of the read log or a note."""
    return str(uuid_utils.uuid7())


def new_turn_id() -> str:
    """`turn_` and 32 hexadecimal digits, which sort by the time they were made."""
    return f"turn_{uuid_utils.uuid7().hex}"
