"""Texts that are larger than the window: cut in the middle, with a mark that says what is missing.

What is to be answered is always sent: the question, or the calls and results at the end. Where that
does not fit, its longest texts are cut to one common length, so that short ones stay whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from sessions_app.domain.texts.tokens import TokenCounter

MARK = "\n[… {characters:,} characters left out …]\n"
LEAST_TOKENS = 32
"""What a text that is cut keeps at least, the mark included: less is no use to send."""

_MARK_TOKENS = 16
# More than a text has characters a token, so that what is counted stays bounded.
_CHARS_PER_TOKEN = 12


def cut_middle(text: str, most: int, count: TokenCounter) -> str:
    """The beginning and the end of a text in at most `most` tokens; the text where it fits."""
    if len(text) <= most * _CHARS_PER_TOKEN and count(text) <= most:
        return text
    half = max(1, (most - _MARK_TOKENS) // 2)
    head, tail = _beginning(text, half, count), _end(text, half, count)
    while True:
        missing = len(text) - len(head) - len(tail)
        cut = head + MARK.format(characters=missing) + tail
        over = count(cut) - most
        if over <= 0 or not (head or tail):
            return cut
        # Tokens that meet at the seams may be others than those that were counted apart.
        head, tail = head[: -2 * over] or "", tail[2 * over :]


def _beginning(text: str, most: int, count: TokenCounter) -> str:
    part = text[: most * _CHARS_PER_TOKEN]
    while part and (tokens := count(part)) > most:
        part = part[: min(len(part) - 1, len(part) * most // tokens)]
    return part


def _end(text: str, most: int, count: TokenCounter) -> str:
    part = text[-most * _CHARS_PER_TOKEN :]
    while part and (tokens := count(part)) > most:
        part = part[len(part) - min(len(part) - 1, len(part) * most // tokens) :]
    return part


def common_length(tokens: Sequence[int], room: int) -> int | None:
    """The tokens to which each of some texts is cut so that all fit `room`; None if none will do.

    Texts that are shorter are left whole.
    """
    left, waiting = room, sorted(tokens)
    while waiting:
        share = left // len(waiting)
        if waiting[0] > share:
            return share if share >= LEAST_TOKENS else None
        left -= waiting.pop(0)
    return max(tokens, default=0)
