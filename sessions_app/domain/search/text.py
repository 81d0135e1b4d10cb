"""The words that search goes by: text folded, cut into terms, and shown around a hit.

Folding makes what people hold for the same letters the same: case (Unicode's case folding), width
and other compatibility forms (NFKC), and the diacritics of Latin, Greek, Cyrillic, Hebrew and
Arabic. Scripts that put no spaces between words, and Korean, whose words take endings, are cut
into pairs of neighbouring characters, so that any part of a run is found. Nothing is stemmed and
nothing left out: what somebody looks for may be "not".
"""

import re
import unicodedata
from collections.abc import Iterator

TERM_MAX_CHARS = 32
SNIPPET_MAX_CHARS = 200
_LEAD_CHARS = 60

_DIACRITICS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]")
# Letters that Unicode does not take apart, and that people type without their stroke.
_LETTERS = str.maketrans("øđłıħŧ", "odliht") | {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"}

# Thai, Lao, Myanmar, Khmer, kana, Han (with the planes of rare ones), Hangul.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\uac00-\ud7a3"
)
# `\w` leaves out the vowel signs that belong to a word of an Indic script.
SIGNS = "".join(
    re.escape(chr(code))
    for code in (*range(0x0300, 0x0E00), *range(0xA800, 0xAC00), *range(0x1B00, 0x1C00))
    if unicodedata.category(chr(code)) in {"Mn", "Mc"}
)
_PICTURES = "\u2600-\u27bf\U0001f000-\U0001faff"
LETTER = rf"[^\W_{UNSPACED}]"
_ASCII = re.compile(r"[a-z0-9]+")
_TOKEN = re.compile(
    rf"(?P<run>[{UNSPACED}]+)|(?P<word>{LETTER}+(?:[{SIGNS}]+{LETTER}*)*)|(?P<picture>[{_PICTURES}])"
)
_VARIATION = re.compile("[\ufe0e\ufe0f\u200c\u200d]")
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """`text` as search compares it; folding twice is the same as once."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = _DIACRITICS.sub("", _VARIATION.sub("", apart)).translate(_LETTERS)
    return unicodedata.normalize("NFKC", bare)


def tokens(folded: str) -> Iterator[tuple[str, str]]:
    """What a folded text consists of: `("word" | "run" | "picture", text)` in order."""
    for found in _TOKEN.finditer(folded):
        yield found.lastgroup or "", found[0]


def terms(text: str) -> set[str]:
    """Everything by which a text is found."""
    folded = fold(text)
    if folded.isascii():
        return {word[:TERM_MAX_CHARS] for word in _ASCII.findall(folded)}
    found: set[str] = set()
    for kind, token in tokens(folded):
        if kind == "run":
            found.update(pairs(token))
            # A single character is looked for as the beginning of a pair; the last begins none.
            found.add(token[-1])
        else:
            found.add(token[:TERM_MAX_CHARS])
    return found


def pairs(run: str) -> list[str]:
    """Each two neighbouring characters of a run."""
    return [run[at : at + 2] for at in range(len(run) - 1)]


def snippet(text: str, hit: re.Pattern[str]) -> str:
    """At most SNIPPET_MAX_CHARS of `text` around the first place that `hit` matches, in one line.

    `hit` is for folded text; the snippet is cut from the text as it was written.
    """
    text = unicodedata.normalize("NFC", text)
    start = _backed_to_a_space(text, max(0, _place(text, hit) - _LEAD_CHARS))
    # White space may shrink, so more is taken than shown.
    shown = _SPACE.sub(" ", text[start : start + 2 * SNIPPET_MAX_CHARS]).strip()
    shown = f"…{shown}" if start else shown
    if len(shown) <= SNIPPET_MAX_CHARS and start + 2 * SNIPPET_MAX_CHARS >= len(text):
        return shown
    cut = shown[: SNIPPET_MAX_CHARS - 1]
    space = cut.rfind(" ", SNIPPET_MAX_CHARS - 25)
    return f"{cut[:space] if space > 0 else cut}…"


def _place(text: str, hit: re.Pattern[str]) -> int:
    """Where in `text` the hit begins; 0 when it cannot be told."""
    folded = fold(text)
    if len(folded) == len(text):
        found = hit.search(folded)
        return found.start() if found else 0
    parts = [fold(character) for character in text]
    found = hit.search("".join(parts))
    if found is None:
        return 0
    before = 0
    for at, part in enumerate(parts):
        before += len(part)
        if before > found.start():
            return at
    return 0


def _backed_to_a_space(text: str, start: int) -> int:
    """A little before `start`, where a word begins, if there is such a place."""
    if start == 0:
        return 0
    for at in range(start, max(0, start - 20), -1):
        if text[at - 1].isspace():
            return at
    return start
