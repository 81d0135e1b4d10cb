"""Answers whose form the client does not choose by `Accept`: files to save."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class OneForm(BaseContentNegotiation):
    """The route or its query says what is sent, so `Accept` has no say."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The only one."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The first, which is left to write errors."""
        return renderers[0], renderers[0].media_type
