"""What the views of this wire have in common."""

from collections.abc import Callable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from sessions_app.http.throttles import ChatThrottle
from sessions_app.openai_api.errors import exception_handler


class OneAnswer(DefaultContentNegotiation):
    """The body says whether events are wanted, so `Accept` has no say."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The first, which also writes errors."""
        return renderers[0], renderers[0].media_type


class OpenAIView(APIView):
    """A view whose errors are OpenAI's."""

    content_negotiation_class = OneAnswer

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Any]:
        """That of this wire."""
        return exception_handler


class ModelCallView(OpenAIView):
    """A view that has the model work, which is counted as in the other API."""

    def get_throttles(self) -> list[BaseThrottle]:
        """And the limit of model calls."""
        return [*super().get_throttles(), ChatThrottle()]
