"""The bytes of an attachment as an answer: whole, in part, or not again (RFC 9110, 13 and 14)."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from sessions_app.domain.attachments import Kind
from sessions_app.services.attachments import Content

# No byte has a longer number, and Python refuses to make a number of thousands of digits.
_RANGE = re.compile(r"bytes=(\d{0,30})-(\d{0,30})", re.ASCII)
# What a browser shows itself; all else is saved.
_SHOWN = ("image/", "audio/")
# Whatever it is, in a tab of its own it runs nothing and loads nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


def content_response(request: HttpRequest, content: Content, *, save: bool) -> HttpResponseBase:
    """The bytes that a request asks for; 206, 304 and 416 where it asks for so much."""
    etag = f'"{content.digest}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        # Kept by its reader alone, who asks each time whether it is still there.
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Disposition": disposition(content, save=save),
    }
    if (
        etag in request.headers.get("If-None-Match", "")
        or request.headers.get("If-None-Match") == "*"
    ):
        return HttpResponse(status=304, headers=headers)
    wanted = _range(request, etag, content.size)
    if wanted is None:
        unmet = {**headers, "Content-Range": f"bytes */{content.size}"}
        return HttpResponse(status=416, headers=unmet, content_type="text/plain")
    first, last = wanted
    is_part = (first, last) != (0, content.size - 1)
    if is_part:
        headers["Content-Range"] = f"bytes {first}-{last}/{content.size}"
    pieces: Iterator[bytes] = content.pieces(first, last - first + 1)
    if request.method == "HEAD":
        pieces = iter(())
    response = StreamingHttpResponse(
        pieces, status=206 if is_part else 200, content_type=_type(content), headers=headers
    )
    response["Content-Length"] = str(last - first + 1)
    return response


def _type(content: Content) -> str:
    is_text = content.media_type == Kind.TEXT
    return "text/plain; charset=utf-8" if is_text else content.media_type


def disposition(content: Content, *, save: bool) -> str:
    """`inline` for what a browser shows; the name in UTF-8 and, for old clients, in ASCII."""
    shown = not save and content.media_type.startswith(_SHOWN)
    kind, name = ("inline" if shown else "attachment"), content.attachment.name
    if not name:
        return kind
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that are wanted; None where there are no such bytes.

    Several ranges at once, and what is no range, count as none.
    """
    whole = 0, size - 1
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return whole
    if request.headers.get("If-Range", etag) != etag:
        return whole
    first, last = match.groups()
    if not first:
        length = int(last)
        return (max(0, size - length), size - 1) if length else None
    if int(first) >= size:
        return None
    if last and int(last) < int(first):
        return whole
    return int(first), min(int(last), size - 1) if last else size - 1
