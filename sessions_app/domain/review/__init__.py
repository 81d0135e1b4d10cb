"""Review: what staff see of conversations and do with them.

`data` holds the filters, pages and cursors of the list, notes, reasons and lines of the read log.
`masking` hides e-mail addresses, telephone and card numbers in what staff read.
"""

from sessions_app.domain.review.data import (
    CHANGES,
    REASONS,
    SHOWS_CONTENT,
    Act,
    ConversationCursor,
    ConversationFilter,
    ConversationPage,
    LogFilter,
    LogLine,
    LogPage,
    Note,
    Order,
    Reason,
    Reviewed,
    Span,
    Staff,
    Why,
)
from sessions_app.domain.review.masking import TextPart, hidden, mask

__all__ = [
    "CHANGES",
    "REASONS",
    "SHOWS_CONTENT",
    "Act",
    "ConversationCursor",
    "ConversationFilter",
    "ConversationPage",
    "LogFilter",
    "LogLine",
    "LogPage",
    "Note",
    "Order",
    "Reason",
    "Reviewed",
    "Span",
    "Staff",
    "TextPart",
    "Why",
    "hidden",
    "mask",
]
