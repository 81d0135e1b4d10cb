"""JSON with pictures and files in it, as clients of `/v1` send them again with each request.

The bytes are let through, the rest is as limited as any body: that is what a session stores.
"""

from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings

from sessions_app.domain.errors import TooLarge
from sessions_app.http.json_bodies import StrictJSONParser

# Members that may hold the bytes of a file, as data URLs or bare.
_OF_BYTES = frozenset({"url", "image_url", "file_data", "file_url", "data", "input_audio"})
_SMALL = 1_024


class ParserWithFiles(StrictJSONParser):
    """JSON of at most `REQUEST_WITH_FILES_MAX_BYTES`, and of `REQUEST_MAX_BYTES` without files."""

    def most_bytes(self) -> int:
        """The limit of a body with files."""
        return int(settings.REQUEST_WITH_FILES_MAX_BYTES)

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body as Python values; raises TooLarge."""
        value = super().parse(stream, media_type, parser_context)
        length = (
            int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
            if (parser_context)
            else 0
        )
        limit = settings.REQUEST_MAX_BYTES
        if length > limit and length - sum(_lengths(value)) > limit:
            raise TooLarge(f"The body may have at most {limit} bytes beside its files.")
        return value


def _lengths(value: Any) -> Iterator[int]:
    """The lengths of the files in a body, whose depth the parser has bounded."""
    if isinstance(value, list):
        for each in value:
            yield from _lengths(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                if name in _OF_BYTES and len(each) > _SMALL:
                    yield len(each)
            else:
                yield from _lengths(each)
