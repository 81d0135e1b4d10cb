"""Which names a file may have: those that every system can show and store, and that lie nowhere."""

import re
import unicodedata

from sessions_app.domain.errors import BadAttachmentName
from sessions_app.domain.limits import PART_NAME_MAX_CHARS
from sessions_app.domain.texts import text

_PATH = re.compile(r"[/\\]|^\.{1,2}$|^[A-Za-z]:")

# How many characters are composed to one, at most. What is longer is not composed first: that takes
# time that grows with the square of a run of marks.
_COMPOSED_FROM = 4


def checked_name(name: str, *, attr: str = "name") -> str:
    """The name in its composed form; raises BadAttachmentName."""
    if len(name) > _COMPOSED_FROM * PART_NAME_MAX_CHARS:
        raise _too_long(attr)
    name = unicodedata.normalize("NFC", name).strip()
    if _PATH.search(name):
        raise BadAttachmentName("A name without a path is expected.", attr=attr)
    if not text.is_text(name) or any(map(_is_hidden, name)):
        raise BadAttachmentName(
            "Control characters and those that change the direction of text are not allowed.",
            attr=attr,
        )
    if len(name) > PART_NAME_MAX_CHARS:
        raise _too_long(attr)
    return name


def _too_long(attr: str) -> BadAttachmentName:
    return BadAttachmentName(f"At most {PART_NAME_MAX_CHARS} characters are allowed.", attr=attr)


def _is_hidden(character: str) -> bool:
    """Line breaks, tabs, and what shows nothing: directions, joiners, tags (Unicode, 23)."""
    # Joiners are part of how some scripts and emoji are written.
    if character in "\u200c\u200d":
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Co"}
