"""Query strings: each route says which members it knows, and a request with another is refused."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from sessions_app.http.input import NoMembers, RefusesUnknown, validated


class QueryView(APIView):
    """A view that validates the query string before its handler runs; `query` is what it says.

    `queries` has the query of each action, in a view without actions of each method; those that
    are not in it take none.
    """

    queries: ClassVar[Mapping[str, type[RefusesUnknown]]] = {}
    query: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Validate it once the caller is known and let through; raises ValidationError."""
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower().replace("head", "get")
        handler = getattr(self, "action", None) or method
        # A method that there is not is answered as such.
        if hasattr(self, handler):
            self.query = validated(self.queries.get(handler, NoMembers), request.query_params)
