"""The terms of a text for ranking: lower case, no stop words, stemmed, hashed.

The stemmer is a light one for English: the plural, past and noun endings of Porter 1980 ("An
algorithm for suffix stripping"), without its measure. Words of other languages stay as they are
unless they end like English ones. Accents and Arabic's vowel signs fall away, as people leave them
out; scripts without spaces are cut into pairs of characters, the usual unit of retrieval for them.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sessions_app.domain.texts.folding import bounded

_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile("[\u0300-\u036f\u0640\u064b-\u065f\u0670]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_ARABIC = str.maketrans({"ة": "ه", "ى": "ي"})
# The article, and what is written in one word with it.
_ARTICLES = ("وال", "بال", "كال", "فال", "لل", "ال")

_STOP_WORDS = """
a an the and or but if of at by for with about to from in on is are was were be been being have
has had do does did doing will would should could can may might must i me my we our us you your
he him his she her it its they them their this that these those what which who whom when where
why how there here as so than too very just not no s t don re ve ll m d am also any some such
more most other into out up down over under again then once all both each few own same only
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_ENDINGS = ("ation", "ment", "ness", "ful", "er", "or", "ly", "ive", "al", "ion")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a word: "painted", "painting" and "paints" share one. Short words stay whole."""
    # Short words lose their meaning with an ending: "was", "bed".
    if len(word) <= 3:
        return word
    word = _without_inflection(_singular(word))
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") else word


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "i"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_inflection(word: str) -> str:
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3 and any(vowel in base for vowel in "aeiouy"):
            if base[-1] == base[-2] and base[-1] not in "lsz":
                return base[:-1]
            return base + "e" if base.endswith(("at", "bl", "iz")) else base
    return word


def words(text: str) -> list[str]:
    """The stems of a text's words in order, with repeats and without stop words."""
    folded = text.lower().replace("'s", "")
    # Most texts; the rest costs as much again.
    if folded.isascii():
        return [stem(word) for word in _WORD.findall(folded) if word not in STOP_WORDS]
    tokens = [token for word in _WORD.findall(_without_marks(folded)) for token in _cut(word)]
    return [stem(word) for word in tokens if word not in STOP_WORDS]


def _without_marks(text: str) -> str:
    bare = _MARKS.sub("", unicodedata.normalize("NFD", bounded(text.replace("’s", ""))))
    # Composed again, for Korean and Japanese.
    return unicodedata.normalize("NFC", bounded(bare))


def _cut(word: str) -> list[str]:
    """A word as it is compared: pairs of characters where its script has no spaces."""
    if word.isascii():
        return [word]
    if not _UNSPACED.search(word):
        return [_without_article(word.translate(_ARABIC))]
    tokens: list[str] = []
    end = 0
    for match in _UNSPACED.finditer(word):
        run = match.group()
        tokens += [word[end : match.start()]] if match.start() > end else []
        tokens += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
        end = match.end()
    return [*tokens, word[end:]] if end < len(word) else tokens


def _without_article(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 3:
            return word[len(article) :]
    return word


_CACHED_CHARS = 2_000


def term_ids(text: str) -> NDArray[np.uint32]:
    """The text's stems as 32-bit hashes, with repeats: 4 bytes per word, small enough to store.

    Two stems share a hash about once in four billion pairs; a false match then adds one word's
    weight to one message.
    """
    # The cache keeps the texts as well: with long ones it would take hundreds of megabytes.
    return _cached_ids(text) if len(text) <= _CACHED_CHARS else _hashed(text)


@lru_cache(maxsize=8_192)
def _cached_ids(text: str) -> NDArray[np.uint32]:
    return _hashed(text)


def forget() -> None:
    """Forget the texts that were read before, to measure what reading one costs."""
    _cached_ids.cache_clear()


def _hashed(text: str) -> NDArray[np.uint32]:
    ids = np.fromiter((zlib.crc32(word.encode()) for word in words(text)), dtype=np.uint32)
    # The cache hands the same array to every caller.
    ids.setflags(write=False)
    return ids
