"""Bytes that a client uploads: the body itself, or a file in a form; never whole in memory."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import Message
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from sessions_app.domain.attachments import Upload, checked_name
from sessions_app.domain.errors import AttachmentEmpty, AttachmentIncomplete, TooLarge
from sessions_app.http.input import RefusesUnknown

_MEMORY_BYTES = 262_144
_BLOCK = 262_144


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
