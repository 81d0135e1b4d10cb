"""TODO map."""

from sessions_app.repository.erasure import messages, traces, users

__all__ = ["messages", "traces", "users"]
