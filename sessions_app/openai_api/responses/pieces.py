"""Divides a text that arrives in parts, the same way however it arrives."""

import re
from collections.abc import Iterator

# About a word with the space before it. One that may still grow waits for what follows.
_WORD_MAX = 8
_PIECE = re.compile(rf"(\s{{0,{_WORD_MAX}}})(\S{{0,{_WORD_MAX}}})")


class Pieces:
    """The pieces of a text as they are complete."""

    def __init__(self) -> None:
        self._rest = ""

    def take(self, text: str) -> Iterator[str]:
        """The pieces that `text` completes."""
        self._rest += text
        position = 0
        while match := _PIECE.match(self._rest, position):
            is_complete = match.end() < len(self._rest) or len(match[2]) == _WORD_MAX
            if not is_complete or not match[0]:
                break
            yield match[0]
            position = match.end()
        self._rest = self._rest[position:]

    def finish(self) -> Iterator[str]:
        """What waited for more."""
        if self._rest:
            yield self._rest
        self._rest = ""
