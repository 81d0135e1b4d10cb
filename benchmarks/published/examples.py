"""Worked examples in docs/topics.md and docs/context.md."""

from collections.abc import Sequence

from benchmarks.harness.markdown import Line, by, table
from benchmarks.published.figures import named


def example_topics(lines: Sequence[Line]) -> str:
    """Each message of the dialogues, as judged."""
    parts = []
    for (dialogue,), judged in by(named(lines, "judged"), "dialogue"):
        rows = [
            [
                f"{line['seq']} {line['role']}: {_escaped(line['begins'])}",
                "◆" if line["people"] else "",
                ("◆ " if line["shift"] else "") + f"{line['score']:.2f}",
                ("◆ " if line["untrained_shift"] else "") + f"{line['untrained_score']:.2f}",
                line["why"],
            ]
            for line in judged
        ]
        head = [f"`{dialogue}`", "people", "shipped", "untrained", "why (untrained)"]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def example_window(lines: Sequence[Line]) -> str:
    """Each message of the dialogue, and what each strategy does with it."""
    planned = named(lines, "window")
    strategies = list(dict.fromkeys(line["strategy"] for line in planned))
    found = {(line["strategy"], line["seq"]): line for line in planned}
    rows = [
        [
            f"{line['seq']} {line['role']}: {_escaped(line['begins'])}",
            line["tokens"],
            line["topic"],
            *(_fate(found[strategy, line["seq"]]) for strategy in strategies),
        ]
        for line in planned
        if line["strategy"] == strategies[0]
    ]
    used = [f"**{found[strategy, 1]['used']}**" for strategy in strategies]
    head = [f"`{planned[0]['dialogue']}`", "tokens", "topic", *(f"`{one}`" for one in strategies)]
    rows.append([f"tokens used of {planned[0]['budget']}", "", "", *used])
    return table(head, rows)


def _fate(line: Line) -> str:
    return f"**{line['reason']}**" if line["kept"] else f"{line['reason']}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
