"""Views that stop half-way: what Django, DRF and the API's own reading cost before any service."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from chatproject.urls import handler400, handler404, handler500
from sessions_app.api.wire.messages import MessageInput, message_draft
from sessions_app.http.input import idempotency_key, validated

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]


@csrf_exempt
def plain(request: HttpRequest) -> HttpResponse:
    """A Django view that does nothing."""
    return HttpResponse(b"{}", content_type="application/json")


class Steps(ViewSet):
    """The service's authentication, rate limit and rendering, and as much more as the name says."""

    def nothing(self, request: Request) -> Response:
        """Answer."""
        return Response({})

    def parsed(self, request: Request) -> Response:
        """Read the body, and answer."""
        return Response({"of": len(request.data)})

    def validated(self, request: Request) -> Response:
        """Make a draft of the body, and answer."""
        draft = message_draft(
            validated(MessageInput, request.data), client_id=idempotency_key(request)
        )
        return Response({"of": len(draft.content)}, status=201)


urlpatterns = [
    path("steps/plain", plain),
    *(
        path(f"steps/{name}", Steps.as_view({"post": name}))
        for name in ("nothing", "parsed", "validated")
    ),
    path("", include("benchmarks.harness.bare_view")),
    path("", include("chatproject.urls")),
]
