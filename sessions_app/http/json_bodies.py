"""JSON bodies: requests are read strictly and within bounds, answers are written fast."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from sessions_app.domain.errors import TooLarge
from sessions_app.domain.limits import JSON_MAX_DEPTH

# Room for a client's own JSON, of JSON_MAX_DEPTH at most, and the body around it. Code that walks
# a value recursively later cannot run out of stack.
_MAX_DEPTH = 2 * JSON_MAX_DEPTH
_TOO_DEEP = f"JSON parse error - nested deeper than {_MAX_DEPTH} levels."


MERGE_PATCH = "application/merge-patch+json"
"""RFC 7396: what an object is to have anew, and null for what it is not to have any more."""


class StrictJSONParser(BaseParser):
    """JSON in UTF-8 (RFC 8259) of at most `REQUEST_MAX_BYTES`.

    Raises ParseError (400) for anything else, TooLarge (413) before a larger body is read.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body as Python values."""
        limit = self.most_bytes()
        # One byte more than allowed tells a body over the limit without reading all of it.
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"The body may have at most {limit} bytes.")
        try:
            value = json.loads(
                raw.decode("utf-8"),
                parse_constant=_refuse_constant,
                object_pairs_hook=_object_of_unique_names,
            )
        except UnicodeDecodeError as error:
            raise ParseError("JSON parse error - the body is not UTF-8.") from error
        except RecursionError as error:
            raise ParseError(_TOO_DEEP) from error
        except json.JSONDecodeError as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except ValueError as error:
            # Python's own bound on the digits of a whole number; its message is about Python.
            raise ParseError("JSON parse error - a number has too many digits.") from error
        if _is_deeper_than(_MAX_DEPTH, value):
            raise ParseError(_TOO_DEEP)
        return value

    def most_bytes(self) -> int:
        """The limit of a body."""
        return int(settings.REQUEST_MAX_BYTES)


class MergePatchParser(StrictJSONParser):
    """The same under the name of a merge patch."""

    media_type = MERGE_PATCH


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"JSON parse error - {name} is not JSON.")


def _object_of_unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # RFC 8259, 4: with a repeated name, programs differ in which value they take.
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ParseError("JSON parse error - a name stands twice in one object.")
    return members


def _is_deeper_than(depth: int, value: Any) -> bool:
    """Level by level, as a recursive walk could run out of stack."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        level = [
            child
            for outer in level
            for child in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


class JsonNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, which is not asked where JSON comes and JSON is wanted: mostly."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the body; None where there is none for it."""
        if (
            request.content_type in _PLAIN_JSON
            and parsers[0].media_type == StrictJSONParser.media_type
        ):
            return parsers[0]
        return super().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The renderer and the type of the answer; raises NotAcceptable."""
        accept = request.META.get("HTTP_ACCEPT", _ANYTHING)
        if (
            accept in _JSON_WANTED
            and len(renderers) == 1
            and renderers[0].media_type in _PLAIN_JSON
        ):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


_ANYTHING = "*/*"
_PLAIN_JSON = frozenset({"application/json", "application/json; charset=utf-8"})
_JSON_WANTED = frozenset({_ANYTHING, "application/json"})


class OrjsonRenderer(BaseRenderer):
    """JSON in UTF-8, by orjson: a page of messages is most of what this service sends."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """`data` as JSON; nothing at all for None, as in a 204."""
        return b"" if data is None else orjson.dumps(data)
