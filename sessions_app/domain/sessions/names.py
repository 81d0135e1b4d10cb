"""Names of sessions that clients choose, and names that are made for clients that choose none.

Both are unique per owner. Those that are made begin with a sign that no client's name has.
"""

import hashlib
import json
import re
from typing import Any

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import EXTERNAL_ID_MAX_CHARS

NEW = "new"
"""Asks for a new session in place of a name."""
NONE = "none"
"""Says that there is no session."""
RULE = f"An id of your own has 1 to {EXTERNAL_ID_MAX_CHARS} characters of A-Z a-z 0-9 . _ : -"

PATTERN = rf"^[A-Za-z0-9._:-]{{1,{EXTERNAL_ID_MAX_CHARS}}}$"
"""Of what a client may name a session, but for the two words above."""

_EXTERNAL_ID = re.compile(PATTERN)
_SESSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_CONVERSATION_PREFIX = "conv_"


def is_external_id(text: str) -> bool:
    """Whether a client may name a session so."""
    return bool(_EXTERNAL_ID.fullmatch(text)) and text not in {NEW, NONE}


def check_external_id(text: str, *, attr: str) -> None:
    """Raise InvalidInput for what a client may not name a session."""
    if text in {NEW, NONE}:
        raise InvalidInput(f"{text!r} is kept for requests that name no session.", attr=attr)
    if not is_external_id(text):
        raise InvalidInput(f"{RULE}.", attr=attr)


def is_session_id(text: str) -> bool:
    """Whether it has the form of an id that is given here: a UUIDv7 as it is written."""
    return bool(_SESSION_ID.fullmatch(text))


def without_prefix(name: str) -> str:
    """The session's id in the name of a conversation."""
    return name.removeprefix(_CONVERSATION_PREFIX)


def name_of_opening(user: str, first_message: Any) -> str:
    """The name of the session of an application's user that begins with this message."""
    return _made("user", user, first_message)


def name_of_request(digest: str) -> str:
    """The name of the session that was made for this request."""
    return _made("request", digest)


def _made(*parts: Any) -> str:
    text = json.dumps(parts, ensure_ascii=True)
    return f"~{hashlib.blake2b(text.encode(), digest_size=24).hexdigest()}"
