"""Identifiers: how they are spelt."""

from sessions_app.domain.limits import SEQ_DIGITS


def message_id(uuid: str) -> str:
    """`msg_` and the 32 hexadecimal digits of `uuid`."""
    return f"msg_{uuid.replace('-', '')}"


def bucket_id(session_id: str, first_seq: int) -> str:
    """`<session_id>/<first_seq>` with zeros in front, so that ids sort in message order."""
    return f"{session_id}/{first_seq:0{SEQ_DIGITS}d}"
