"""Text for search: folded, cut into terms, and cut to a snippet around a match.

Folding removes differences that people ignore: case (Unicode's case folding), width and other
compatibility forms (NFKC), and the diacritics of Latin, Greek, Cyrillic, Hebrew and Arabic. Scripts
without spaces, and Korean, whose words take endings, are cut into pairs of neighbouring characters,
so that any part of a run matches. Nothing is stemmed and no word left out: a user may search for
"not".
"""

import re
import unicodedata
from collections.abc import Iterator

from sessions_app.domain.texts.folding import bounded

# A longer word is indexed by its beginning, so that no index entry grows without bound.
TERM_MAX_CHARS = 32
SNIPPET_MAX_CHARS = 200
# Shown before the match, for context.
_LEAD_CHARS = 60
# A match is looked for in one stretch of a long text after the other.
_STRETCH_CHARS = 4_000
_AROUND_CHARS = 400

_DIACRITICS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]")
# Letters that Unicode does not decompose, and that people type without their stroke.
_LETTERS = str.maketrans("øđłıħŧ", "odliht") | {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"}

# Thai, Lao, Myanmar, Khmer, kana, Han (with the planes of rare ones), Hangul.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\uac00-\ud7a3"
)
# `\w` does not match the vowel signs inside a word of an Indic script.
SIGNS = "".join(
    re.escape(chr(code))
    for code in (*range(0x0300, 0x0E00), *range(0xA800, 0xAC00), *range(0x1B00, 0x1C00))
    if unicodedata.category(chr(code)) in {"Mn", "Mc"}
)
_PICTURES = "\u2600-\u27bf\U0001f000-\U0001faff"
LETTER = rf"[^\W_{UNSPACED}]"
# On ASCII text, this pattern gives the same terms as the full one, and is much faster.
_ASCII = re.compile(r"[a-z0-9]+")
_TOKEN = re.compile(
    rf"(?P<run>[{UNSPACED}]+)|(?P<word>{LETTER}+(?:[{SIGNS}]+{LETTER}*)*)|(?P<picture>[{_PICTURES}])"
)
# Variation selectors and joiners change the look of a character, not the character.
_VARIATION = re.compile("[\ufe0e\ufe0f\u200c\u200d]")
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """Fold `text` for comparison; folding twice is the same as once.

    Linear in the length: overlong runs of combining marks are left out.
    """
    # Most text is ASCII, for which this is many times faster.
    if text.isascii():
        return text.lower()
    # Decomposed, so that diacritics are characters of their own and can be removed.
    apart = unicodedata.normalize("NFKD", bounded(text)).casefold()
    bare = _DIACRITICS.sub("", _VARIATION.sub("", apart)).translate(_LETTERS)
    # Bounded again, as a character of a run may have become two.
    return unicodedata.normalize("NFKC", bounded(bare))


def tokens(folded: str) -> Iterator[tuple[str, str]]:
    """The tokens of a folded text in order, each `("word" | "run" | "picture", text)`."""
    for match in _TOKEN.finditer(folded):
        yield match.lastgroup or "", match[0]


def terms(text: str) -> set[str]:
    """The terms under which a text is indexed."""
    folded = fold(text)
    if folded.isascii():
        return {word[:TERM_MAX_CHARS] for word in _ASCII.findall(folded)}
    indexed: set[str] = set()
    for kind, token in tokens(folded):
        if kind == "run":
            indexed.update(pairs(token))
            # A query of a single character matches the first of a pair; the last has no pair.
            indexed.add(token[-1])
        else:
            indexed.add(token[:TERM_MAX_CHARS])
    return indexed


def pairs(run: str) -> list[str]:
    """The pairs of neighbouring characters of a run."""
    return [run[at : at + 2] for at in range(len(run) - 1)]


def snippet(text: str, hit: re.Pattern[str]) -> str:
    """At most SNIPPET_MAX_CHARS of `text` around the first match of `hit`, in one line.

    `hit` matches folded text; the snippet is cut from the text as it was written.
    """
    # Composed, so that a cut does not part a letter from its accent.
    text = unicodedata.normalize("NFC", bounded(text))
    start = _backed_to_a_space(text, max(0, _index_of(text, hit) - _LEAD_CHARS))
    # Runs of white space shrink to one space, so twice the length is cut out first.
    shown = _SPACE.sub(" ", text[start : start + 2 * SNIPPET_MAX_CHARS]).strip()
    shown = f"…{shown}" if start else shown
    if len(shown) <= SNIPPET_MAX_CHARS and start + 2 * SNIPPET_MAX_CHARS >= len(text):
        return shown
    cut = shown[: SNIPPET_MAX_CHARS - 1]
    space = cut.rfind(" ", SNIPPET_MAX_CHARS - 25)
    return f"{cut[:space] if space > 0 else cut}…"


def _index_of(text: str, hit: re.Pattern[str]) -> int:
    """The index in `text` at which the hit begins; 0 where there is none."""
    for start in range(0, len(text), _STRETCH_CHARS):
        # With what lies around it, as a match may reach over its ends.
        first = max(0, start - _AROUND_CHARS)
        stretch = text[first : start + _STRETCH_CHARS + _AROUND_CHARS]
        # A match at the very beginning may be the end of a longer word.
        match = hit.search(fold(stretch), 1 if first else 0)
        if match:
            return first + _unfolded_index(stretch, match.start(), hit)
    return 0


def _unfolded_index(text: str, index: int, hit: re.Pattern[str]) -> int:
    """The index in `text` of the match that begins at `index` in the folded text."""
    if len(fold(text)) == len(text):
        return index
    # Folding changed the length, so indexes differ: fold character by character and count.
    parts = [fold(character) for character in text]
    match = hit.search("".join(parts))
    if match is None:
        return 0
    before = 0
    for at, part in enumerate(parts):
        before += len(part)
        if before > match.start():
            return at
    return 0


def _backed_to_a_space(text: str, start: int) -> int:
    """The index of a word's beginning shortly before `start`, or `start` where there is none."""
    if start == 0:
        return 0
    # A few characters back at most: scripts without spaces have no such place.
    for at in range(start, max(0, start - 20), -1):
        if text[at - 1].isspace():
            return at
    return start
