"""Sessions as their owner sees them: made, read, changed, archived, deleted, named, branched.

- `making`: new sessions and forks, each in one write; `creations`: what a repeat of one answers;
  `named`: a session by the name that its owner gave it
- `reading`, `filters`: a session with its newest messages; pages of sessions, and counts
- `changing`, `bulk`: change, archive, restore and delete, one session or all that a filter finds
- `terms`: the policy and timeout of a session that says none itself
- `branches`: which of several answers is current
- `titles`, `model_titles`: titles made of the messages, and better ones by a model
"""

from sessions_app.services.sessions.changing import (
    session_archive,
    session_delete,
    session_move,
    session_restore,
    session_update,
)
from sessions_app.services.sessions.making import session_create, session_fork
from sessions_app.services.sessions.reading import session_get, session_list
from sessions_app.services.sessions.terms import policy_default, timeout_at

__all__ = [
    "policy_default",
    "session_archive",
    "session_create",
    "session_delete",
    "session_fork",
    "session_get",
    "session_list",
    "session_move",
    "session_restore",
    "session_update",
    "timeout_at",
]
