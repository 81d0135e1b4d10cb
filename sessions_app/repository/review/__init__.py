"""What staff see and leave behind. Every read of theirs is a line in the log before they see it.

- `conversations`: everybody's sessions by any filter, each page from one index; the flag
- `notes`: what staff wrote about a session
- `read_log`: who read or did what, when and why; `chain`: that log as a hash chain
"""

from sessions_app.repository.review import chain, conversations, notes, read_log

__all__ = ["chain", "conversations", "notes", "read_log"]
