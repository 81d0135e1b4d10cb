"""The indexes of `sessions` that staff's list of conversations is answered from.

Each holds every value that the list can be filtered by, so that a filter is judged on the index
alone and no document is read but those shown. The one over all sessions changes with each append
(`updated_at` does), and costs that one index entry; search walks it to see what has changed. The
others hold few sessions.
"""

from typing import Any

# In the order of the list, newest activity first.
KEYS = (
    "-updated_at",
    "-_id",
    "status",
    "flagged",
    "legal_hold",
    "message_count",
    "token_count",
    "topic.current",
    "expires_at",
)
EVERY, FLAGGED, HELD, RATED, EXPIRING = (
    "review_activity",
    "review_flagged",
    "review_held",
    "review_rated",
    "expiry",
)

OF_SESSIONS: tuple[dict[str, Any], ...] = (
    {"name": EVERY, "fields": list(KEYS)},
    {
        "name": FLAGGED,
        "fields": ["flagged", *(key for key in KEYS if key != "flagged")],
        "partialFilterExpression": {"flagged": True},
    },
    {
        "name": HELD,
        "fields": ["legal_hold", *(key for key in KEYS if key != "legal_hold")],
        "partialFilterExpression": {"legal_hold": True},
    },
    {
        # In the order of the ratings, and without what an append changes.
        "name": RATED,
        "fields": ["-rated_at", "-_id", "rated_down", "rated_up", "status"],
        "partialFilterExpression": {"rated_at": {"$exists": True}},
    },
)
