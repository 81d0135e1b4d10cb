"""Taking out what was said: a message, a person, and the proof that nothing of them is left.

- `messages`: one message's content, wherever it lies, together with a summary that may quote it
- `users`: everything of a user, in steps that a run after a crash takes up, and the receipt
- `traces`: looking through every document of every collection for a user's id
"""

from sessions_app.repository.erasure import messages, traces, users

__all__ = ["messages", "traces", "users"]
