"""Base classes of the views of the OpenAI wire."""

from collections.abc import Callable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from sessions_app.domain.sessions import names as session_names
from sessions_app.http.throttles import ChatThrottle
from sessions_app.openai_api.errors import exception_handler
from sessions_app.openai_api.turn_headers import TurnHeaders, turn_headers

SESSION_HEADER = "X-Session-Id"


class AcceptIgnored(DefaultContentNegotiation):
    """Ignores `Accept`: the body's `stream` says whether events are wanted."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class OpenAIView(APIView):
    """A view whose errors are OpenAI's."""

    content_negotiation_class = AcceptIgnored

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Every answer names its session, errors too."""
        return {**super().default_response_headers, SESSION_HEADER: session_names.NONE}

    def answers_for(self, session_id: str) -> None:
        """Name this session in the answer, whatever becomes of the request."""
        self.headers[SESSION_HEADER] = session_id

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Any]:
        return exception_handler


class ModelCallView(OpenAIView):
    """A view that calls the model; it shares its rate limit with the other API.

    Of a service key, the body may name the end user as OpenAI's clients name theirs. The headers
    are read before the handler runs, whether or not the request has a session; `turn_headers` is
    what they say.
    """

    end_user_member = "user"
    turn_headers: TurnHeaders

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the headers once the caller is known and let through."""
        super().initial(request, *args, **kwargs)
        # Another method is answered as such.
        if request.method == "POST":
            self.turn_headers = turn_headers(request)

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ChatThrottle()]
