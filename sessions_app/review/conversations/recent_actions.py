"""The words of each staff action, and its line in the admin's list of recent actions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from sessions_app.domain.review import Act
from sessions_app.review.models import Conversation


@dataclass(frozen=True, slots=True)
class Words:
    """How an action is worded: its button, its question, and what was done."""

    button: str
    question: str
    done: str
    dangerous: bool = False

    def success(self, count: int) -> str:
        """Says that `count` conversations were changed."""
        return f"{_conversations(count)} {self.done}."

    def failure(self, count: int, problem: str) -> str:
        """Says that `count` conversations were not changed, and why."""
        return f"{_conversations(count)} not {self.done}: {problem}"

    @property
    def history(self) -> str:
        """The line in the admin's list of recent actions."""
        return self.done.capitalize()


class NoteWords(Words):
    """A note is added to a conversation, which stays as it is."""

    def success(self, count: int) -> str:
        return "Note added." if count == 1 else f"Note added to {_conversations(count)}."

    def failure(self, count: int, problem: str) -> str:
        return f"Note not added to {_conversations(count)}: {problem}"

    @property
    def history(self) -> str:
        return "Note added"


def _conversations(count: int) -> str:
    return "1 conversation" if count == 1 else f"{count} conversations"


WORDS: dict[Act, Words] = {
    Act.FLAG: Words("Flag", "Flag for review?", "flagged"),
    Act.NOTE: NoteWords("Add a note", "Add a note?", "added"),
    Act.RESOLVE: Words("Resolve", "Resolve, and remove the flag?", "resolved"),
    Act.ARCHIVE: Words("Archive", "Archive? It becomes read-only for its user.", "archived"),
    Act.RESTORE: Words("Restore", "Restore? It becomes active again.", "restored"),
    Act.HOLD: Words(
        "Place legal hold",
        "Place under legal hold? Nobody can delete it until the hold is lifted.",
        "put on hold",
    ),
    Act.RELEASE: Words("Lift legal hold", "Lift the legal hold?", "released from hold"),
    Act.EXPORT: Words("Export", "Export as a file? Its content leaves this service.", "exported"),
    Act.DELETE: Words(
        "Delete", "Delete for good? The messages cannot be restored.", "deleted", True
    ),
}


def remember(request: HttpRequest, chosen: Act, session_ids: Sequence[str]) -> None:
    """Add a line per conversation to the admin's own list of recent actions."""
    staff_id = str(request.user.pk)
    kind = ContentType.objects.get_for_model(Conversation)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=staff_id,
            content_type=kind,
            object_id=session_id,
            object_repr=f"Conversation {session_id[-6:]}",
            action_flag=DELETION if chosen is Act.DELETE else CHANGE,
            change_message=WORDS[chosen].history,
        )
        for session_id in session_ids
    )
