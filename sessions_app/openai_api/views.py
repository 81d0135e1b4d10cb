"""What the views of this wire have in common."""

from collections.abc import Callable
from typing import Any

from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from sessions_app.http.negotiation import OneForm
from sessions_app.http.throttles import ChatThrottle
from sessions_app.openai_api.errors import exception_handler


class OpenAIView(APIView):
    """A view whose errors are OpenAI's."""

    # The body says whether events are wanted, so `Accept` has no say.
    content_negotiation_class = OneForm

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Any]:
        """That of this wire."""
        return exception_handler


class ModelCallView(OpenAIView):
    """A view that has the model work, which is counted as in the other API."""

    def get_throttles(self) -> list[BaseThrottle]:
        """And the limit of model calls."""
        return [*super().get_throttles(), ChatThrottle()]
