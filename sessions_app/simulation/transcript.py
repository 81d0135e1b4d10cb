"""Formats a watched dialogue as a transcript: lines of text, wrapped to a width."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from sessions_app.simulation.watched import ShiftCount, Watched

# Marks a shift that the file marks too, or, on a line of its own, one that was not detected.
GOLD = "◆"
DIM = "dim"
# Embeddings, overrides and isolates (Unicode Standard Annex 9, 2).
DIRECTIONAL = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
MIN_COLUMNS = 20
_RULE = "────"
_TITLE_RULE = "════"
_INDENT = "    "
# `Text.wrap` takes a console and does not use it here.
_CONSOLE = Console()


def transcript(watched: Watched, width: int) -> list[Text]:
    """The dialogue's name, then its messages, windows and topic shifts in order."""
    lines = _wrapped(Text.assemble((_clean(_title(watched)), "bold")), width)
    windows = {window["seq"]: window for window in watched.windows}
    for seq, message in enumerate(watched.dialogue.messages, 1):
        for shift in _shift(watched, seq):
            lines += _wrapped(shift, width)
        line = Text.assemble((f"{seq} {message['role']}: ", "bold"), _clean(_spoken(message)))
        lines += _wrapped(line, width, _INDENT)
        if seq in windows:
            note = Text.assemble((_INDENT + _clean(window_line(windows[seq])), DIM))
            lines += _wrapped(note, width, _INDENT)
    return lines


def window_line(window: dict[str, Any]) -> str:
    """The window in one line: messages, tokens and strategy."""
    if "problem" in window:
        return f"window: none. {window['problem']}"
    summary = window.get("summary")
    summarised = f" ({summary['first_seq']} to {summary['last_seq']} summarised)" if summary else ""
    return (
        f"window: {window['kept']:,} kept, {window['dropped']:,} dropped{summarised}, "
        f"{window['token_count']:,} of {window['max_tokens']:,} tokens, {window['strategy']}"
    )


def shifts_line(count: ShiftCount) -> str:
    """The topic shifts that were detected, extra or missed, against those that the file marks."""
    dialogues = "1 dialogue" if count.dialogues == 1 else f"{count.dialogues:,} dialogues"
    return (
        f"topic shifts: hits {count.hits:,}, extra {count.extra:,}, missed {count.missed:,} "
        f"({GOLD} in {dialogues})"
    )


def _title(watched: Watched) -> str:
    first = f", topic 1: {watched.topics[0]['label']}" if watched.topics else ""
    return f"{_TITLE_RULE} {watched.dialogue.id}{first} {_TITLE_RULE}"


def _shift(watched: Watched, seq: int) -> Iterator[Text]:
    """The divider before a message that opens a topic, or the mark of a missed shift."""
    marked = seq in (watched.dialogue.topic_starts or ())
    topic = watched.shifts.get(seq)
    if topic is not None:
        label = f"topic {topic['topic']}: {topic['label']} ({topic['score']:.2f})"
        mark = f" {GOLD}" if marked else ""
        yield Text(f"{_RULE} {_clean(label)}{mark} {_RULE}", "cyan")
    elif marked:
        yield Text(f"{GOLD} a topic starts here, not found", DIM)


def _spoken(message: dict[str, Any]) -> str:
    """The content of a message, and the names of the tools it calls."""
    calls = ", ".join(map(_called, message.get("tool_calls") or ()))
    content = str(message["content"]).rstrip()
    return " ".join(filter(None, (content, calls and f"(calls {calls})")))


def _called(call: Any) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return str(name or "a tool")


def _clean(text: str) -> str:
    """Replace characters that would control the terminal or cannot be printed, isolate others."""
    # A carriage return would overwrite the line on a terminal.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if _is_unprintable(sign) else sign for sign in lines)


def _is_unprintable(sign: str) -> bool:
    """Whether a terminal would act on it, or it would turn around what follows on the line."""
    if unicodedata.category(sign) in {"Cc", "Cs"}:
        return sign not in "\n\t"
    return unicodedata.bidirectional(sign) in DIRECTIONAL


def _wrapped(text: Text, width: int, indent: str = "") -> list[Text]:
    """Wrap to lines no wider than `width`; all but the first begin with `indent`."""
    room = max(width, MIN_COLUMNS) - len(indent)
    lines = text.wrap(_CONSOLE, room, overflow="fold", tab_size=4)
    for number, line in enumerate(lines):
        line.rstrip()
        if number and line.plain:
            line.pad_left(len(indent))
    return list(lines)
