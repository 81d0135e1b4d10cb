"""Tables of docs/schema.md."""

from collections.abc import Sequence

from benchmarks.harness import figure
from benchmarks.harness.markdown import Line, by, pivot, table
from benchmarks.published.figures import IMAGES, named, series


def shape_times(lines: Sequence[Line]) -> str:
    """Append, window and full read by shape and length."""
    tables = []
    for question in ("append", "window of 50", "all messages"):
        asked = named(lines, question)
        tables.append(
            pivot(
                asked, row="shape", column="messages", value="p50_ms", head=f"{question}: p50, ms"
            )
        )
    figure.lines(
        IMAGES / "shapes-append.svg",
        "Appending one message",
        series(named(lines, "append"), row="shape", x="messages", y="p50_ms"),
        x="messages in the session",
        y="milliseconds (p50)",
    )
    plot = "![Milliseconds of an append, by shape](images/shapes-append.svg)"
    return "\n\n".join([tables[0], plot, *tables[1:]])


def shape_bytes(lines: Sequence[Line]) -> str:
    """Bytes by shape and length."""
    stored = named(lines, "bytes")
    rows = [
        [shape, messages, line["data_kb"], line["disk_kb"], line["index_kb"]]
        for (shape, messages), (line,) in by(
            sorted(stored, key=lambda line: line["shape"]), "shape", "messages"
        )
    ]
    return table(["shape", "messages", "documents, kB", "files, kB", "indexes, kB"], rows)


def shape_limit(lines: Sequence[Line]) -> str:
    """The end of a growing array."""
    line = named(lines, "limit")[0]
    return (
        f"The array took {line['messages']:,} messages ({line['data_kb'] / 1e3:,.2f} MB). "
        f"The next was refused: `{line['refusal']}`."
    )
