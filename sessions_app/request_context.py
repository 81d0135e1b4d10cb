"""Which request this thread or task works for: for the log, and for the model's server.

A turn's task inherits it from the request that has begun the turn.
"""

from contextvars import ContextVar
from dataclasses import dataclass

REQUEST_ID_HEADER = "X-Request-Id"


@dataclass(slots=True)
class RequestFacts:
    """What the log tells of a request; filled in as it becomes known."""

    request_id: str = ""
    session_id: str = ""


facts: ContextVar[RequestFacts | None] = ContextVar("request_facts", default=None)


def request_id() -> str:
    """The id of the request, empty outside of one."""
    known = facts.get()
    return known.request_id if known else ""
