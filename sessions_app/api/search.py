"""`/session/search`: find messages and titles of the caller's own sessions."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from sessions_app import clock
from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import response_example
from sessions_app.api.wire import search as wire
from sessions_app.domain.applications import Scope
from sessions_app.http.input import QueryView, user_id
from sessions_app.http.throttles import SearchThrottle
from sessions_app.http.waiting import Waits, allowance, waits
from sessions_app.services.search import search_own

_HIT = {
    "session_id": "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31",
    "title": "Lisbon",
    "seq": 1,
    "role": "user",
    "snippet": "Which hotels in Lisbon take dogs?",
    "timestamp": "2026-11-22T10:00:00.250Z",
}


@waits(Waits.FOR_MUCH)
class SearchView(QueryView):
    """The caller's own messages and titles."""

    scopes = {"GET": Scope.SESSIONS_READ}
    queries = {"get": wire.SearchQuery}

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), SearchThrottle()]

    @extend_schema(
        operation_id="session_search",
        parameters=[wire.SearchQuery],
        responses=responses({200: wire.SearchOutput}, 400),
        examples=[response_example("Found", {"results": [_HIT], "complete": True})],
    )
    def get(self, request: Request) -> Response:
        """Find messages and titles: all the words, the last as a beginning, "quoted" as it stands.

        Case, accents and width make no difference. Titles come first, then whole words before
        beginnings, then the newest; archived sessions are looked through, too.
        """
        query = self.query
        search_results = search_own(
            user_id=user_id(request),
            text=query["q"],
            limit=query["limit"],
            seconds=allowance(request),
            now=clock.now(),
        )
        return Response(wire.search(search_results))
