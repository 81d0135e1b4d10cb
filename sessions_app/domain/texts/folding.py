"""Bounds a text before it is folded, so that folding takes the same time for every character.

Unicode's normal forms sort each run of combining marks. That takes time that grows with the square
of its length, and holds the interpreter's lock meanwhile: a message of 32,000 marks stopped a
worker for seconds. The Stream-Safe Text Format (Unicode Standard Annex 15, section 13) allows 30
marks in a run, more than any language writes; the rest of a run is left out here.
"""

import re
import unicodedata
from itertools import islice

# The Stream-Safe Text Format's bound.
MARKS_MAX = 30
# How many characters of a text may be spelled out in many letters; the others become at most four.
SPELLED_OUT_MAX = 1_000


def bounded(text: str) -> str:
    """`text` without what would make folding it slow, or its folded form much longer than it."""
    # Most text is ASCII, which has nothing to leave out.
    if text.isascii():
        return text
    text = _LONG_RUN.sub(r"\1", text)
    last = next(islice(_SPELLED_OUT.finditer(text), SPELLED_OUT_MAX, None), None)
    if last is None:
        return text
    return text[: last.start()] + _SPELLED_OUT.sub("", text[last.start() :])


def _is_mark(code: int) -> bool:
    """Whether normal forms sort this character: its combining class is not 0."""
    return unicodedata.combining(chr(code)) != 0


# The planes behind the first two have ideographs, tags and selectors, which nothing sorts.
_SORTED = "".join(map(chr, filter(_is_mark, range(0x300, 0x20000))))
# These are no marks themselves, and decompose to marks alone.
_DECOMPOSED_TO_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
MARKS = f"[{_SORTED}{_DECOMPOSED_TO_MARKS}]"
_LONG_RUN = re.compile(f"({MARKS}{{{MARKS_MAX}}}){MARKS}+")
# Arabic phrases of up to 18 letters, Japanese units of measure, Korean words in brackets.
_SPELLED_OUT = re.compile("[\u321d\u321e\u327c\u3300-\u3357\u33ae\u33af\ufdfa\ufdfb]")
