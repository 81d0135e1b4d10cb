"""What an import reads, and what comes of reading it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.writing import Record
from sessions_app.sources.json_text import OPERATORS, Bounds

_REFUSED_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Source:
    """What to import: a file or a folder, `-` for stdin, or a MongoDB URI with its collection.

    `attachments` is the folder where pictures and files lie beside it. With `forks`, the branches
    of a conversation that are not current become sessions of their own. `bounds` say how much of
    a file is taken.
    """

    name: str
    format: str = "auto"
    collection: str | None = None
    attachments: str | None = None
    forks: bool = False
    bounds: Bounds = OPERATORS


@dataclass(slots=True)
class SourceReading:
    """An open source and its records.

    What came of it, once they are read: `left` counts what could not be imported, `changed` what
    was changed, `branches` those that are not current. `refused` says which conversations or lines
    were refused, up to a hundred of them; `refused_count` how many there were. `seen` tells the
    format that it looks like.
    """

    format: str
    records: Iterator[tuple[int, Record]]
    opened: ExitStack
    left: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    branches: int = 0
    refused: list[str] = field(default_factory=list)
    refused_count: int = 0
    seen: str = ""
    fraction: Callable[[], float | None] = lambda: None

    def refuse(self, refusal: InvalidInput) -> None:
        """Pass over what is wrong; the rest is read."""
        self.refused_count += 1
        if len(self.refused) < _REFUSED_SHOWN:
            self.refused.append(refusal.detail)

    def close(self) -> None:
        """Close the source, read to its end or not."""
        self.opened.close()
