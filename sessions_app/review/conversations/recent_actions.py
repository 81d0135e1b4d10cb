"""How each staff action is worded, and its line in the admin's list of recent actions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from sessions_app.domain.review import Act
from sessions_app.review.models import Conversation


@dataclass(frozen=True, slots=True)
class Words:
    """How an action is spoken of: on a button, in the question, when it is done."""

    button: str
    question: str
    done: str
    dangerous: bool = False


WORDS: dict[Act, Words] = {
    Act.FLAG: Words("Flag", "Flag for review?", "flagged"),
    Act.NOTE: Words("Add a note", "Add a note?", "noted"),
    Act.RESOLVE: Words("Resolve", "Resolve, and take the flag away?", "resolved"),
    Act.ARCHIVE: Words("Archive", "Archive? It becomes read-only for its user.", "archived"),
    Act.RESTORE: Words("Restore", "Restore? It becomes active again.", "restored"),
    Act.HOLD: Words(
        "Place legal hold", "Place under legal hold? Nobody can delete it then.", "put on hold"
    ),
    Act.RELEASE: Words("Lift legal hold", "Lift the legal hold?", "released from hold"),
    Act.EXPORT: Words("Export", "Export as a file? What is in it leaves the service.", "exported"),
    Act.DELETE: Words(
        "Delete", "Delete for good? The messages cannot be brought back.", "deleted", True
    ),
}


def remember(request: HttpRequest, chosen: Act, session_ids: Sequence[str]) -> None:
    """The admin's own list of recent actions."""
    staff_id = str(request.user.pk)
    kind = ContentType.objects.get_for_model(Conversation)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=staff_id,
            content_type=kind,
            object_id=session_id,
            object_repr=f"Conversation {session_id[-6:]}",
            action_flag=DELETION if chosen is Act.DELETE else CHANGE,
            change_message=WORDS[chosen].done.capitalize(),
        )
        for session_id in session_ids
    )
