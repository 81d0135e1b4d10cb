"""Answers whose form the client does not choose by `Accept`: files and event streams."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.request import Request


class AcceptIgnored(BaseContentNegotiation):
    """The route, its query or its body says what is sent; `Accept` is ignored."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The first parser: there is only one."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The first renderer, which only writes errors."""
        return renderers[0], renderers[0].media_type


class AnyAnswer(DefaultContentNegotiation):
    """Ignores `Accept`, which may ask for a picture; what the body is, its own type says."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The only one there is."""
        return renderers[0], renderers[0].media_type
