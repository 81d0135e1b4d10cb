"""The words of the pages: acts, events and reasons, as a person reads them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessions_app.domain.review import REASONS, Act, LogLine, Reason
from sessions_app.domain.turns import runs
from sessions_app.domain.window import Reason as Decision
from sessions_app.services.review import Entry, Event, SeenWindow

ACTS: Mapping[Act, str] = {
    Act.LIST: "Viewed the list",
    Act.SEARCH: "Searched",
    Act.SEARCH_HIT: "Found by a search",
    Act.OPEN: "Opened",
    Act.READ: "Read",
    Act.WINDOW: "Viewed a window",
    Act.UNMASK: "Unmasked",
    Act.ATTACHMENT: "Looked at an attachment",
    Act.EXPORT: "Exported",
    Act.LOG_READ: "Viewed the read log",
    Act.LOG_EXPORT: "Exported the read log",
    Act.FLAG: "Flagged",
    Act.NOTE: "Added a note",
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
    Decision.CURRENT_TOPIC: "the current topic",
    Decision.RELEVANT: "relevant to the question",
    Decision.DELETED: "erased",
    Decision.BEFORE_RESET: "before a reset",
    Decision.PREVIOUS_TOPIC: "a previous topic",
    Decision.ORPHANED_RESULT: "a tool's result without its call",
    Decision.UNANSWERED_CALL: "a tool call without all results",
    Decision.OVER_BUDGET: "over the budget",
    Decision.OVER_MAX_MESSAGES: "over the message limit",
    Decision.STABLE_CUT: "before the cut",
    Decision.LESS_RELEVANT: "less relevant to the question",
}
EVENTS: Mapping[Event, str] = {
    Event.CREATED: "Created",
    Event.FIRST_MESSAGE: "First message",
    Event.SHIFT: "Topic shift",
    Event.RESET: "Context reset after this message",
    Event.LAST_MESSAGE: "Newest message",
    Event.ARCHIVED: "Archived",
    Event.EXPIRES: "Expires",
    Event.STAFF: "",
    Event.NOTE: "",
}


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window as the page shows it; `known` is false if it could not be planned."""

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
        """Percent of the budget that is used."""
        return round(100 * self.tokens / max(1, self.budget))


def window_view(window: SeenWindow | None) -> WindowView | None:
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
    """Why a message was kept or dropped."""
    if reason is None:
        return "reason not recorded"
    return FATES.get(reason, reason.value.replace("_", " "))


def why(line: LogLine) -> str:
    reason = line.why.reason
    return REASONS[Reason(reason)] if reason in set(Reason) else ""


def about(line: LogLine) -> str:
    """The part of a conversation that a line of the read log is about."""
    part = line.about
    details = []
    if "window_at" in part:
        details.append(f"window at message {part['window_at']}")
    if "first" in part:
        details.append(f"messages {part['first']}–{part['last']}")
    if "form" in part:
        details.append(str(part["form"]))
    if "refused" in part:
        details.append(f"refused: {part['refused']}")
    if part.get("masked") is False:
        details.append("unmasked")
    known = {"window_at", "first", "last", "form", "refused", "masked"}
    details += [f"{name}: {value}" for name, value in part.items() if name not in known]
    return ", ".join(details)


def event(entry: Entry) -> str:
    if entry.line is not None:
        return ACTS[entry.line.act]
    if entry.note is not None:
        return ACTS[entry.note.act]
    return EVENTS[entry.event]
