"""`/session/{id}/attachments` and `/attachments/{id}`: bytes in, and out again to their owner."""

from dataclasses import replace

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import attachments as described
from sessions_app.api.negotiation import AnyAnswer
from sessions_app.api.wire import attachments as wire
from sessions_app.domain.applications import Scope
from sessions_app.http.content import content_response
from sessions_app.http.input import QueryView, user_id
from sessions_app.http.uploads import BytesParser, FormParser, UploadView, uploaded
from sessions_app.http.waiting import Takes, Waits, takes, waits
from sessions_app.services import attachments


class AttachmentViewSet(ViewSet, UploadView, QueryView):
    """The caller's attachments."""

    scopes = {"GET": Scope.SESSIONS_READ, "POST": Scope.SESSIONS_WRITE}
    queries = {"upload": wire.UploadQuery, "retrieve": wire.ContentQuery}
    content_negotiation_class = AnyAnswer
    parser_classes = (FormParser, BytesParser)

    def require(self, request: Request, **kwargs: str) -> None:
        """Raise what refuses a file for this session; it must be one that takes messages."""
        attachments.upload_require(
            session_id=kwargs["session_id"], user_id=user_id(request), now=clock.now()
        )

    @waits(Waits.FOR_AN_UPLOAD)
    @takes(Takes.A_FILE)
    @described.attachment_upload
    def upload(self, request: Request, session_id: str) -> Response:
        """Keep bytes for a session; the same bytes again give the same attachment."""
        with uploaded(request) as upload:
            stored = attachments.attachment_upload(
                session_id=session_id,
                user_id=user_id(request),
                upload=replace(upload, name=self.query.get("name") or upload.name),
                now=clock.now(),
            )
        return Response(wire.attachment(stored), status=201)

    @described.attachment_show
    def facts(self, request: Request, attachment_id: str) -> Response:
        """What is known of an attachment."""
        stored = attachments.attachment_get(attachment_id=attachment_id, user_id=user_id(request))
        return Response(wire.attachment(stored))

    @described.attachment_content
    def retrieve(self, request: Request, attachment_id: str) -> HttpResponseBase:
        """The bytes; ranges of them, and nothing where the client has them already."""
        content = attachments.attachment_content(
            attachment_id=attachment_id, user_id=user_id(request)
        )
        return content_response(request, content, save=self.query["download"] == "1")

    @described.attachment_thumbnail
    def thumbnail(self, request: Request, attachment_id: str) -> HttpResponseBase:
        """A small picture; 404 until it is made."""
        content = attachments.attachment_content(
            attachment_id=attachment_id, user_id=user_id(request), thumbnail=True
        )
        return content_response(request, content, save=False)
