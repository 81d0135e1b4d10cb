"""Bytes that a client uploads: the body itself, or a file in a form; never whole in memory.

A server that reads bodies itself asks the view first whether they are wanted, by `ask`: whoever may
not send a file has no bytes of it received.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.urls import Resolver404, resolve
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from sessions_app.domain.attachments import Upload, checked_name
from sessions_app.domain.errors import AttachmentEmpty, AttachmentIncomplete, TooLarge
from sessions_app.http.input import RefusesUnknown
from sessions_app.http.waiting import Takes

_MEMORY_BYTES = 262_144
_BLOCK = 262_144
# In a request's environment: what came of asking its view before its bytes were received.
_EARLY_ANSWER = "chat_sessions.asked"
_FILES = frozenset({Takes.A_FILE, Takes.AN_EXPORT})


@dataclass(frozen=True, slots=True)
class _EarlyAnswer:
    """Why the view refuses the upload whatever its bytes are; None where it does not."""

    refusal: Exception | None = None


class UploadView(APIView):
    """A view that takes files; it can be asked before their bytes are there."""

    def require(self, request: Request, **kwargs: Any) -> None:
        """Raise what refuses an upload by who sends it and for what, whatever its bytes are."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what was refused when it was asked, in the same words."""
        early_answer: _EarlyAnswer | None = request.META.get(_EARLY_ANSWER)
        if early_answer is not None and early_answer.refusal is not None:
            raise early_answer.refusal
        super().initial(request, *args, **kwargs)
        handler = getattr(self, "action", None) or str(request.method).lower()
        if early_answer is None and getattr(getattr(self, handler, None), "takes", None) in _FILES:
            self.require(request, **kwargs)

    def check_throttles(self, request: Request) -> None:
        """Count the request once, however often its view is asked."""
        if _EARLY_ANSWER not in request.META:
            super().check_throttles(request)


def ask(environ: dict[str, Any]) -> bool:
    """Whether a large body is wanted; if not, its view says why without it.

    A view that takes files may refuse them for any reason; others want none of a client who is
    nobody, if they want to know who asks.
    """
    request = WSGIRequest(environ)
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return False
    view_function: Any = match.func
    if not hasattr(view_function, "cls"):
        return True
    view = view_function.cls(**view_function.initkwargs)
    view.action_map = getattr(view_function, "actions", None)
    view.setup(request, *match.args, **match.kwargs)
    of_view = view.initialize_request(request)
    try:
        if not isinstance(view, UploadView):
            is_open = not any(isinstance(each, IsAuthenticated) for each in view.get_permissions())
            return is_open or of_view.user is not None
        view.initial(of_view, *match.args, **match.kwargs)
    # Of any kind: the view raises it again, where it is answered and logged as any other.
    except Exception as error:  # noqa: BLE001
        environ[_EARLY_ANSWER] = _EarlyAnswer(error)
        return False
    environ[_EARLY_ANSWER] = _EarlyAnswer()
    return True


class _WholeNames(MultiPartParser):
    """Django's parser, which would cut a path off a file's name: here the name is refused."""

    def sanitize_file_name(self, file_name: str) -> str:
        """The name as it was sent; raises BadAttachmentName."""
        return checked_name(file_name)


class FormParser(BaseParser):
    """A form with one file; its other fields stand beside it."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The fields, the file among them as an `Upload`."""
        request = (parser_context or {})["request"]
        meta = {**request.META, "CONTENT_TYPE": media_type}
        try:
            fields, files = _WholeNames(
                meta, cast(Any, stream), [TemporaryFileUploadHandler(request)], "utf-8"
            ).parse()
        except MultiPartParserError as error:
            raise ParseError(f"Multipart form parse error - {error}") from error
        data: dict[str, Any] = {name: fields[name] for name in fields}
        for name in (*fields, *files):
            if len(fields.getlist(name)) + len(files.getlist(name)) > 1:
                raise _refused(name, "repeated_parameter")
        for name in files:
            file: Any = files[name]
            data[name] = Upload(file.file, file.name or "", file.content_type or "", path=str(name))
        return data


def _refused(name: str, code: str) -> ValidationError:
    detail = str(RefusesUnknown.default_error_messages[code])
    return ValidationError({str(name)[:100]: [ErrorDetail(detail, code)]})


class BytesParser(BaseParser):
    """The body itself, of any type."""

    media_type = "*/*"

    def most_bytes(self) -> int:
        """The largest file."""
        return int(settings.ATTACHMENT_MAX_BYTES)

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The body as the file of a form; raises TooLarge, or AttachmentRefused where it is cut."""
        request: Request = (parser_context or {})["request"]
        content = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115
        size, most = 0, self.most_bytes()
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > most:
                content.close()
                raise TooLarge(f"The file may have at most {most} bytes.", attr="file")
            content.write(block)
        if size < int(request.META.get("CONTENT_LENGTH") or 0):
            content.close()
            raise AttachmentIncomplete("The upload was cut off.", attr="file")
        name = _disposed_name(request.headers.get("Content-Disposition", ""))
        return {"file": Upload(cast(Any, content), name, media_type or "")}


class ExportParser(BytesParser):
    """The same for what is to be imported, which may be larger."""

    def most_bytes(self) -> int:
        """The largest export."""
        return int(settings.IMPORT_MAX_BYTES)


def _disposed_name(header: str) -> str:
    """The file's name in a `Content-Disposition` (RFC 6266), in either of its forms."""
    message = Message()
    message["Content-Disposition"] = header.encode("latin-1", "replace").decode("utf-8", "replace")
    return message.get_filename() or ""


@contextmanager
def uploaded(request: Request, *, also: Collection[str] = ()) -> Iterator[Upload]:
    """The one file of a request, as long as the block; raises AttachmentEmpty without one.

    `also` are the other fields that a form may have; any more is refused by its name, as of a
    JSON body.
    """
    data = request.data if isinstance(request.data, Mapping) else {}
    with ExitStack() as files:
        for value in data.values():
            if isinstance(value, Upload):
                files.callback(value.content.close)
        for name in data.keys() - {"file", *also}:
            raise _refused(name, "unknown_parameter")
        upload = data.get("file")
        if not isinstance(upload, Upload):
            raise AttachmentEmpty("There are no bytes.", attr="file")
        yield upload
