"""A search on the wire: its query and its hits."""

from typing import Any

from rest_framework import serializers

from sessions_app.api.wire.messages import timestamp
from sessions_app.domain import limits
from sessions_app.domain.data import Role
from sessions_app.domain.search.data import SearchResults
from sessions_app.domain.texts import text
from sessions_app.http.input import (
    NumeralField,
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    values_of,
)

Data = dict[str, Any]


class SearchQuery(RefusesUnknown):
    """What to look for in the caller's messages and titles."""

    q = StrictCharField(max_length=limits.SEARCH_MAX_CHARS)
    limit = NumeralField(
        min_value=1, max_value=limits.SEARCH_LIMIT_MAX, default=limits.SEARCH_LIMIT_DEFAULT
    )

    def validate_q(self, value: str) -> str:
        """Refuse text that shows nothing: white space and formatting characters."""
        if not text.is_visible(value):
            self.fields["q"].fail("blank")
        return value


class SearchHitOutput(serializers.Serializer[Data]):
    """A message that matches; or a session's title, with `seq` and `role` null.

    `snippet` is plain text of at most 200 characters around the first hit.
    """

    session_id = serializers.UUIDField()
    title = StrictCharField(allow_blank=True)
    seq = StrictIntegerField(min_value=1, allow_null=True)
    role = serializers.ChoiceField(choices=values_of(Role), allow_null=True)
    snippet = StrictCharField()
    timestamp = serializers.DateTimeField()


class SearchOutput(serializers.Serializer[Data]):
    """The hits, best first. `complete` is false where the search ran out of time."""

    results = SearchHitOutput(many=True)
    complete = StrictBooleanField()


def search(search_results: SearchResults) -> dict[str, Any]:
    """The results of a search, without the user id, which is the caller's."""
    return {
        "results": [
            {
                "session_id": hit.session_id,
                "title": hit.title,
                "seq": hit.seq,
                "role": hit.role.value if hit.role else None,
                "snippet": hit.snippet,
                "timestamp": timestamp(hit.timestamp),
            }
            for hit in search_results.hits
        ],
        "complete": search_results.complete,
    }
