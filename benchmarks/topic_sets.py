"""The public topic sets: read, encoded once, scored the way SuperDialseg does."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sessions_app.domain.topics import Vector, pack_vector

SETS = {
    "dialseg711": ("dialseg711-dev",),
    "tiage": ("tiage-train", "tiage-dev"),
    "superdialseg": ("superdialseg-train", "superdialseg-dev"),
}
# Chats with an assistant, which the chat model is fitted on and the head is not.
CHATS = {
    "cast22": ("cast22-dev",), "ikat": ("ikat",), "mtrag": ("mtrag",),
    "mtbench101": ("mtbench101",), "written": ("written",),
}  # fmt: skip
Encode = Callable[[Sequence[str]], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One labelled dialogue; `starts` are the `seq` that open a topic, `vectors` packed ones."""

    name: str
    roles: tuple[str, ...]
    contents: tuple[str, ...]
    starts: frozenset[int]
    vectors: tuple[bytes, ...]


def files_of(data: Path, names: Iterable[str]) -> list[Path]:
    """The files of some sets. Raises FileNotFoundError when one is absent."""
    paths = [data / "topics" / f"{part}.jsonl" for name in names for part in (SETS | CHATS)[name]]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(path)
    return paths


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_sets(
    data: Path,
    cache: Path | None,
    encoder: Callable[[], Encode],
    names: Iterable[str] = tuple(SETS),
) -> dict[str, list[Dialogue]]:
    """These sets with their vectors, which are kept in `cache` (an .npz) between runs.

    `encoder` is called only when a vector is missing there.
    """
    raw = {
        name: [row for path in files_of(data, [name]) for row in _json_lines(path)]
        for name in names
    }
    texts = dict.fromkeys(
        message["content"] for rows in raw.values() for row in rows for message in row["messages"]
    )
    packed = _vectors(list(texts), cache, encoder)
    return {name: [_dialogue(row, packed) for row in rows] for name, rows in raw.items()}


def _json_lines(path: Path) -> list[dict]:  # type: ignore[type-arg]
    # not splitlines(): a string may hold other line separators than \n
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def _dialogue(row: dict, packed: dict[str, bytes]) -> Dialogue:  # type: ignore[type-arg]
    contents = tuple(message["content"] for message in row["messages"])
    return Dialogue(
        name=row["id"],
        roles=tuple(message["role"] for message in row["messages"]),
        contents=contents,
        starts=frozenset(row["topic_starts"]),
        vectors=tuple(packed[content] for content in contents),
    )


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _vectors(
    texts: list[str], cache: Path | None, encoder: Callable[[], Encode]
) -> dict[str, bytes]:
    known: dict[str, bytes] = {}
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as held:
            known = {
                key: row.tobytes() for key, row in zip(held["keys"], held["rows"], strict=True)
            }
    missing = [text for text in texts if _key(text) not in known]
    encode = encoder() if missing else None
    # One at a time, as production does: a batch's padding moves int8 activations a little.
    fresh = {_key(text): pack_vector(encode([text])[0]) for text in missing if encode}
    known |= fresh
    if cache is not None and fresh:
        rows = np.stack([np.frombuffer(row, dtype=np.int8) for row in known.values()])
        np.savez(cache, keys=np.array(list(known)), rows=rows)
    return {text: known[_key(text)] for text in texts}


def project_encoder() -> Encode:
    """The encoder that production uses. Raises RuntimeError when its packages are missing."""
    from sessions_app.encoders import load_encoder

    encoder = load_encoder()
    if encoder is None:
        raise RuntimeError("the encoder's packages are not installed: see requirements.txt")

    def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.asarray(encoder.encode(texts), dtype=np.float32)

    return encode


def subjects(dialogue: Dialogue) -> list[Dialogue]:
    """The conversations that a glued dialogue consists of, each named by its first message."""
    edges = [1, *sorted(dialogue.starts), len(dialogue.contents) + 1]
    return [
        Dialogue(
            name=dialogue.contents[first - 1],
            roles=dialogue.roles[first - 1 : end - 1],
            contents=dialogue.contents[first - 1 : end - 1],
            starts=frozenset(),
            vectors=dialogue.vectors[first - 1 : end - 1],
        )
        for first, end in pairwise(edges)
    ]


def glue(one: Dialogue, other: Dialogue) -> Dialogue:
    """Two conversations as one dialogue with a shift at the seam."""
    return Dialogue(
        name=f"{one.name} / {other.name}",
        roles=one.roles + other.roles,
        contents=one.contents + other.contents,
        starts=frozenset({len(one.contents) + 1}),
        vectors=one.vectors + other.vectors,
    )


def folds(dialogues: Sequence[Dialogue], count: int, seed: int = 7) -> list[list[int]]:
    """Split dialogues into `count` parts; dialogues that share a long message stay together.

    Glued dialogues reuse their sources: without this a fold would be scored on messages it was
    trained on. Where sharing links most of a set (SuperDialseg, whose dialogues are about the same
    few documents, as are those of its test part), the split is by dialogue.
    """
    parent = list(range(len(dialogues)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    first: dict[str, int] = {}
    for place, dialogue in enumerate(dialogues):
        for content in dialogue.contents:
            if len(content) >= 40:
                parent[root(place)] = root(first.setdefault(content, place))
    groups: dict[int, list[int]] = {}
    for place in range(len(dialogues)):
        groups.setdefault(root(place), []).append(place)
    if max(map(len, groups.values())) > len(dialogues) // count:
        groups = {place: [place] for place in range(len(dialogues))}
    order = [list(groups.values())[i] for i in np.random.RandomState(seed).permutation(len(groups))]
    parts: list[list[int]] = [[] for _ in range(count)]
    for group in sorted(order, key=len, reverse=True):
        min(parts, key=len).extend(group)
    return [sorted(part) for part in parts]


def score_dialogue(dialogue: Dialogue, found: Iterable[int]) -> tuple[float, float, float]:
    """(Pk, WindowDiff, F1) of one dialogue, in SuperDialseg's convention."""
    size = len(dialogue.contents)
    reference, guess = _boundaries(dialogue.starts, size), _boundaries(found, size)
    width = max(2, round(size / (sum(reference) + 1) / 2))
    spans = [
        (sum(reference[i : i + width]), sum(guess[i : i + width])) for i in range(size - width + 1)
    ]
    total = max(1, len(spans))
    hit = sum(a and b for a, b in zip(reference, guess, strict=True))
    marked = sum(reference) + sum(guess)
    return (
        sum((a > 0) != (b > 0) for a, b in spans) / total,
        sum(a != b for a, b in spans) / total,
        2 * hit / marked if marked else 0.0,
    )


def _boundaries(starts: Iterable[int], size: int) -> list[int]:
    marks = [0] * size
    for start in starts:
        if 2 <= start <= size:
            marks[start - 2] = 1
    return marks


def score_set(dialogues: Sequence[Dialogue], found: Sequence[Iterable[int]]) -> dict[str, float]:
    """Mean Pk, WindowDiff and F1 over dialogues, and Score = F1/2 + (1-Pk)/4 + (1-WD)/4."""
    rows = [score_dialogue(d, f) for d, f in zip(dialogues, found, strict=True)]
    pk, wd, f1 = (float(x) for x in np.mean(np.array(rows), axis=0))
    return {
        "pk": round(pk, 4),
        "wd": round(wd, 4),
        "f1": round(f1, 4),
        "score": round(f1 / 2 + (1 - pk) / 4 + (1 - wd) / 4, 4),
    }


def unpacked(dialogue: Dialogue) -> Vector:
    """The dialogue's vectors as unit rows (messages, dimensions)."""
    rows = np.stack([np.frombuffer(v, dtype=np.int8) for v in dialogue.vectors]).astype(np.float32)
    unit: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
