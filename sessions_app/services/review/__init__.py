"""Review: what staff see of users' conversations and do with them, all of it in the read log.

`read_log` writes the lines, and asks for a reason once a day. `conversations` lists, opens and
reads; `attached` shows pictures and files; `searching` finds; `windows` plans again what the model
saw; `timeline` lists what has happened; `exports` writes whole conversations. `masking` hides
addresses and numbers in all of them. `actions` carries out what staff do, with the steps on any
user's session in `staff_actions`.
"""

from sessions_app.services.review.actions import (
    NEEDS_TEXT,
    ActionOutcome,
    act_on,
    notes,
    text_checked,
)
from sessions_app.services.review.attached import (
    FileMasked,
    attachment_blurred,
    attachment_read,
)
from sessions_app.services.review.conversations import (
    Transcript,
    activity_bounds,
    conversation_exists,
    conversation_header,
    conversation_headers,
    conversation_list,
    conversation_open,
    conversation_read,
    conversation_turns,
    conversation_unmask,
    topic_labels,
)
from sessions_app.services.review.exports import ExportedConversation, conversations_export
from sessions_app.services.review.log_audit import review_log_audit, review_log_length
from sessions_app.services.review.masking import hidden, known_regions
from sessions_app.services.review.read_log import (
    About,
    ReasonNeeded,
    log_of_session,
    log_page,
    log_stream,
    log_write,
    reads_of_user,
    why,
)
from sessions_app.services.review.searching import Hit, conversation_search
from sessions_app.services.review.timeline import Entry, Event, flagged_because, timeline
from sessions_app.services.review.windows import MessageFate, SeenWindow

__all__ = [
    "NEEDS_TEXT",
    "About",
    "ActionOutcome",
    "Entry",
    "Event",
    "ExportedConversation",
    "FileMasked",
    "Hit",
    "MessageFate",
    "ReasonNeeded",
    "SeenWindow",
    "Transcript",
    "act_on",
    "activity_bounds",
    "attachment_blurred",
    "attachment_read",
    "conversation_exists",
    "conversation_header",
    "conversation_headers",
    "conversation_list",
    "conversation_open",
    "conversation_read",
    "conversation_search",
    "conversation_turns",
    "conversation_unmask",
    "conversations_export",
    "flagged_because",
    "hidden",
    "known_regions",
    "log_of_session",
    "log_page",
    "log_stream",
    "log_write",
    "notes",
    "reads_of_user",
    "review_log_audit",
    "review_log_length",
    "text_checked",
    "timeline",
    "topic_labels",
    "why",
]
