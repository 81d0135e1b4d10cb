"""What the pages say in words, and in which colours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessions_app.domain.review import REASONS, Act, LogLine, Reason
from sessions_app.domain.window import Reason as Fate
from sessions_app.services.review_timeline import Entry, Event
from sessions_app.services.review_windows import SeenWindow

ACTS: Mapping[Act, str] = {
    Act.LIST: "Looked at the list",
    Act.SEARCH: "Searched",
    Act.SEARCH_HIT: "Found by a search",
    Act.OPEN: "Opened",
    Act.READ: "Read",
    Act.WINDOW: "Looked at a window",
    Act.UNMASK: "Unmasked",
    Act.EXPORT: "Exported",
    Act.LOG_READ: "Looked at the read log",
    Act.LOG_EXPORT: "Exported the read log",
    Act.FLAG: "Flagged",
    Act.NOTE: "Noted",
    Act.RESOLVE: "Resolved",
    Act.ARCHIVE: "Archived",
    Act.RESTORE: "Restored",
    Act.HOLD: "Placed under legal hold",
    Act.RELEASE: "Lifted the legal hold",
    Act.DELETE: "Deleted",
}
FATES: Mapping[Fate, str] = {
    Fate.SYSTEM_PROMPT: "system prompt",
    Fate.NEWEST_USER: "the newest question",
    Fate.RECENT: "recent",
    Fate.CURRENT_TOPIC: "the topic at hand",
    Fate.RELEVANT: "close to the question",
    Fate.DELETED: "erased",
    Fate.BEFORE_RESET: "before a reset",
    Fate.PREVIOUS_TOPIC: "a previous topic",
    Fate.ORPHANED_RESULT: "a tool's result without its call",
    Fate.UNANSWERED_CALL: "a tool call without all results",
    Fate.OVER_BUDGET: "no room in the budget",
    Fate.OVER_MAX_MESSAGES: "more than the allowed messages",
    Fate.STABLE_CUT: "before the cut",
    Fate.LESS_RELEVANT: "less close to the question",
}
EVENTS: Mapping[Event, str] = {
    Event.CREATED: "Created",
    Event.FIRST_MESSAGE: "First message",
    Event.SHIFT: "Topic shift",
    Event.RESET: "Context reset behind this message",
    Event.LAST_MESSAGE: "Newest message",
    Event.ARCHIVED: "Archived",
    Event.EXPIRES: "Expires",
    Event.STAFF: "",
    Event.NOTE: "",
}


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window, ready to be shown: `share` is how much of the budget it takes, in percent."""

    window: SeenWindow
    kept: int
    dropped: int
    share: int
    reasons: Sequence[tuple[str, int, bool]]
    runs: Sequence[tuple[int, int]]


def window_view(window: SeenWindow | None) -> WindowView | None:
    """What the panel of a window says."""
    if window is None:
        return None
    if window.plan is None:
        return WindowView(window, 0, 0, 0, [], [])
    plan = window.plan
    counted = Counter((message.kept, message.reason) for message in plan.messages)
    reasons = [
        (FATES[reason], number, kept)
        for (kept, reason), number in sorted(
            counted.items(), key=lambda item: (not item[0][0], -item[1])
        )
    ]
    share = round(100 * plan.token_count / max(1, plan.max_tokens))
    return WindowView(
        window, plan.kept_count, plan.dropped_count, share, reasons, runs(plan.kept_seqs)
    )


def runs(seqs: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers as runs without a gap, first and last."""
    found: list[tuple[int, int]] = []
    for seq in seqs:
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


def why(line: LogLine) -> str:
    """The reason of a line, in words."""
    reason = line.why.reason
    return REASONS[Reason(reason)] if reason in set(Reason) else ""


def about(line: LogLine) -> str:
    """Which part of a conversation a line is about."""
    part = line.about
    said = []
    if "window_at" in part:
        said.append(f"window at message {part['window_at']}")
    if "first" in part:
        said.append(f"messages {part['first']}–{part['last']}")
    if "form" in part:
        said.append(str(part["form"]))
    if "refused" in part:
        said.append(f"refused: {part['refused']}")
    if part.get("masked") is False:
        said.append("unmasked")
    known = {"window_at", "first", "last", "form", "refused", "masked"}
    said += [f"{name}: {value}" for name, value in part.items() if name not in known]
    return ", ".join(said)


def event(entry: Entry) -> str:
    """An event of a timeline, in words."""
    if entry.line is not None:
        return ACTS[entry.line.act]
    if entry.note is not None:
        return ACTS[entry.note.act]
    return EVENTS[entry.event]
