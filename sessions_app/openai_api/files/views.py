"""`/v1/files`: attachments under their OpenAI name, which messages name by their `file_id`."""

from dataclasses import replace
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.domain.attachments import Attachment
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import FILE_PURPOSE_MAX_CHARS
from sessions_app.domain.texts import text
from sessions_app.http.content import content_response
from sessions_app.http.input import user_id
from sessions_app.http.uploads import BytesParser, FormParser, UploadView, uploaded
from sessions_app.http.waiting import Takes, Waits, takes, waits
from sessions_app.openai_api import requests
from sessions_app.openai_api.errors import Required
from sessions_app.openai_api.files import schema as described
from sessions_app.openai_api.views import OpenAIView
from sessions_app.openai_api.wire import seconds
from sessions_app.services import attachments

PAGE_DEFAULT, PAGE_MAX = 10_000, 10_000


class FilesView(UploadView, OpenAIView):
    scopes = {"GET": Scope.SESSIONS_READ, "POST": Scope.SESSIONS_WRITE}
    parser_classes = (FormParser, BytesParser)

    @waits(Waits.FOR_AN_UPLOAD)
    @takes(Takes.A_FILE)
    @described.create
    def post(self, request: Request) -> Response:
        """Keep a file; the same content again is the same file."""
        with uploaded(request, also=("purpose",)) as upload:
            stored = attachments.attachment_store(
                user_id=user_id(request),
                upload=replace(upload, path="file"),
                purpose=_purpose(request),
                now=clock.now(),
            )
        return Response(_file(stored))

    @described.index
    def get(self, request: Request) -> Response:
        """The caller's files."""
        query = request.query_params
        requests.check_query(request, ("after", "limit", "purpose"))
        page, has_more = attachments.files_list(
            user_id=user_id(request),
            after=query.get("after"),
            limit=_limit(query.get("limit")),
            purpose=query.get("purpose"),
        )
        files = [_file(each) for each in page]
        ends = {
            "first_id": files[0]["id"] if files else None,
            "last_id": files[-1]["id"] if files else None,
        }
        return Response({"object": "list", "data": files, **ends, "has_more": has_more})


class FileView(OpenAIView):
    scopes = {"GET": Scope.SESSIONS_READ, "DELETE": Scope.SESSIONS_WRITE}

    @described.show
    def get(self, request: Request, file_id: str) -> Response:
        """What is known of a file."""
        return Response(_file(attachments.file_get(file_id=file_id, user_id=user_id(request))))

    @described.delete
    def delete(self, request: Request, file_id: str) -> Response:
        """Delete a file; messages that refer to it keep it."""
        attachments.file_delete(file_id=file_id, user_id=user_id(request), now=clock.now())
        return Response({"id": file_id, "object": "file", "deleted": True})


class FileContentView(OpenAIView):
    scopes = {"GET": Scope.SESSIONS_READ}

    @described.content
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """The bytes of a file, or of a picture that an item refers to."""
        content = attachments.file_content(file_id=file_id, user_id=user_id(request))
        return content_response(request, content, save=True)


def _purpose(request: Request) -> str:
    value = request.data.get("purpose") if isinstance(request.data, dict) else None
    if not isinstance(value, str) or not value:
        raise Required(attr="purpose")
    if len(value) > FILE_PURPOSE_MAX_CHARS or not text.is_text(value):
        raise InvalidInput(f"At most {FILE_PURPOSE_MAX_CHARS} characters.", attr="purpose")
    return value


def _limit(value: str | None) -> int:
    if value is None:
        return PAGE_DEFAULT
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= PAGE_MAX):
        raise InvalidInput(f"Expected a number from 1 to {PAGE_MAX}.", attr="limit")
    return int(value)


def _file(stored: Attachment) -> dict[str, Any]:
    return {
        "id": stored.file_id,
        "object": "file",
        "bytes": stored.size,
        "created_at": seconds(stored.created_at),
        "expires_at": None,
        "filename": stored.name or stored.file_id,
        "purpose": stored.purpose or "user_data",
        "status": "processed",
        "status_details": None,
    }
