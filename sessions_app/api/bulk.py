"""`/session`, many at once: count, delete and archive sessions by a filter or by their ids."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import bulk as described
from sessions_app.api.wire import filters as wire
from sessions_app.domain.errors import InvalidInput
from sessions_app.http.input import QueryView, user_id, validated
from sessions_app.services.sessions import bulk, filters
from sessions_app.services.sessions.bulk import BulkResult, Chosen


class BulkViewSet(ViewSet, QueryView):
    """The caller's own sessions, as many as a filter means."""

    queries = {
        "count": wire.CountQuery,
        "destroy_many": wire.BulkQuery,
        "archive_many": wire.BulkQuery,
    }

    @described.session_count
    def count(self, request: Request) -> Response:
        """Count the caller's sessions, and the values that they have."""
        counted = filters.sessions_count(
            user_id=user_id(request),
            wanted=wire.session_filter(self.query),
            by=self.query.get("by"),
            now=clock.now(),
        )
        return Response(wire.counted(counted))

    @described.session_destroy_many
    def destroy_many(self, request: Request) -> Response:
        """Delete the sessions that a filter means, each with all its messages."""
        return _carried_out(request, bulk.sessions_delete, self.query)

    @described.session_delete_chosen
    def delete_chosen(self, request: Request) -> Response:
        """Delete the sessions that the body names or that its filter means."""
        return _carried_out(request, bulk.sessions_delete, validated(wire.BulkInput, request.data))

    @described.session_archive_many
    def archive_many(self, request: Request) -> Response:
        """Archive the sessions that the query's or the body's filter means, or the body names."""
        by_query = bool(request.query_params)
        if by_query and request.data:
            raise InvalidInput("Say it in the query or in the body, not in both.")
        data = self.query if by_query else validated(wire.BulkInput, request.data)
        return _carried_out(request, bulk.sessions_archive, data)


def _carried_out(
    request: Request, act: Callable[..., BulkResult], data: dict[str, Any]
) -> Response:
    session_ids = data.get("session_ids")
    if session_ids is None and not wire.says_which(data):
        raise InvalidInput(
            "Say which sessions: by at least one of status, tag, pinned, temporary and metadata."
        )
    dry_run = wire.is_dry(data)
    chosen = Chosen(data["limit"], wire.session_filter(data), session_ids)
    result = act(user_id=user_id(request), chosen=chosen, dry_run=dry_run, now=clock.now())
    return Response(wire.bulk(result, dry_run=dry_run))
