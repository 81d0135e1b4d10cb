"""What the pages say in words, and in which colours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessions_app.domain.review import REASONS, Act, LogLine, Reason
from sessions_app.domain.turns import runs
from sessions_app.domain.window import Reason as Decision
from sessions_app.services.review import Entry, Event, SeenWindow

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
FATES: Mapping[Decision, str] = {
    Decision.SYSTEM_PROMPT: "system prompt",
    Decision.NEWEST_USER: "the newest question",
    Decision.RECENT: "recent",
    Decision.CURRENT_TOPIC: "the topic at hand",
    Decision.RELEVANT: "close to the question",
    Decision.DELETED: "erased",
    Decision.BEFORE_RESET: "before a reset",
    Decision.PREVIOUS_TOPIC: "a previous topic",
    Decision.ORPHANED_RESULT: "a tool's result without its call",
    Decision.UNANSWERED_CALL: "a tool call without all results",
    Decision.OVER_BUDGET: "no room in the budget",
    Decision.OVER_MAX_MESSAGES: "more than the allowed messages",
    Decision.STABLE_CUT: "before the cut",
    Decision.LESS_RELEVANT: "less close to the question",
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
    """A window, ready to be shown. Nothing is `known` of one that could not be planned."""

    window: SeenWindow
    known: bool
    kept: int
    dropped: int
    tokens: int
    budget: int
    reasons: Sequence[tuple[str, int, bool]]
    runs: Sequence[tuple[int, int]]

    @property
    def share(self) -> int:
        """How much of the budget it takes, in percent."""
        return round(100 * self.tokens / max(1, self.budget))


def window_view(window: SeenWindow | None) -> WindowView | None:
    """What the panel of a window says."""
    if window is None:
        return None
    fates = window.fates
    counted = Counter(fates.values())
    ordered = sorted(counted.items(), key=lambda item: (not item[0].kept, -item[1]))
    kept = [seq for seq in sorted(fates) if fates[seq].kept]
    source = window.record or window.plan
    return WindowView(
        window=window,
        known=source is not None,
        kept=len(kept),
        dropped=window.record.dropped if window.record else len(fates) - len(kept),
        tokens=source.token_count if source else 0,
        budget=source.max_tokens if source else 0,
        reasons=[(decision(fate.reason), number, fate.kept) for fate, number in ordered],
        runs=runs(kept),
    )


def decision(reason: Decision | None) -> str:
    """Why a message was kept or dropped, in words."""
    if reason is None:
        return "for a reason not on record"
    return FATES.get(reason, reason.value.replace("_", " "))


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
