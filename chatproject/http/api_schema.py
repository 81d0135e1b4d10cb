"""`/api/schema`: the API's description, made once per process, as it changes with the code only."""

import hashlib
from threading import Lock
from typing import NamedTuple

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# A client that asks again later gets a 304 by the ETag.
_CACHE_CONTROL = "public, max-age=300"
# Making it takes 0.4 seconds of processor time: not twice at the same moment.
_lock = Lock()


class Description(NamedTuple):
    """The description in one format, and the tag of exactly these bytes."""

    content: bytes
    etag: str


# By format.
descriptions: dict[str, Description] = {}


class SchemaView(SpectacularAPIView):
    """The API as OpenAPI 3, as YAML or JSON."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, *_: object, **__: object) -> HttpResponseBase:
        """The description; 304 for a client that has it. No parameter changes it."""
        renderer: BaseRenderer = request.accepted_renderer
        description = _described(renderer)
        headers = {
            "Cache-Control": _CACHE_CONTROL,
            "Content-Disposition": f'inline; filename="Chat sessions.{renderer.format}"',
            "ETag": description.etag,
            "Vary": "Accept",
        }
        response = HttpResponse(
            description.content, content_type=renderer.media_type, headers=headers
        )
        answer = get_conditional_response(request, etag=description.etag, response=response)
        return answer or response


def _described(renderer: BaseRenderer) -> Description:
    with _lock:
        if renderer.format not in descriptions:
            # Without a request: the description is the same for everybody.
            generator = SchemaGenerator()  # type: ignore[no-untyped-call]
            schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            written = renderer.render(schema, renderer_context={})
            content = written.encode() if isinstance(written, str) else written
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            descriptions[renderer.format] = Description(content, etag)
        return descriptions[renderer.format]
