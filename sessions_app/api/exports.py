"""`/session/{id}/export`: a whole conversation as a file, streamed."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import orjson
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from sessions_app import clock
from sessions_app.api.description import sessions as described
from sessions_app.api.negotiation import AcceptIgnored
from sessions_app.api.wire.messages import message as written_message
from sessions_app.api.wire.messages import timestamp
from sessions_app.api.wire.sessions import ExportQuery, etag
from sessions_app.api.wire.sessions import session as written_session
from sessions_app.domain.applications import Scope
from sessions_app.domain.data import Message, Role, Session
from sessions_app.domain.parts import is_kept
from sessions_app.domain.texts.display import isolated
from sessions_app.domain.texts.text import escaped, inert
from sessions_app.http.input import QueryView, user_id
from sessions_app.services.transfer import session_attachments, session_stream

Attached = Iterator[Mapping[str, Any]] | None

_SPEAKERS = {
    Role.SYSTEM: "System",
    Role.USER: "User",
    Role.ASSISTANT: "Assistant",
    Role.TOOL: "Tool",
}


class ExportView(QueryView):
    """The whole conversation, archived or not."""

    scopes = {"GET": Scope.EXPORT}
    queries = {"get": ExportQuery}

    content_negotiation_class = AcceptIgnored

    @described.session_export
    def get(self, request: Request, session_id: str) -> StreamingHttpResponse:
        """Stream the conversation as JSON, JSON lines or Markdown."""
        form = self.query["format"]
        session, messages = session_stream(
            session_id=session_id, user_id=user_id(request), now=clock.now()
        )
        write, content_type, suffix = _FORMS[form]
        is_whole = self.query["attachments"] == "inside"
        attached = session_attachments(session) if is_whole else None
        return StreamingHttpResponse(
            write(session, messages, attached),
            content_type=content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{session.session_id}.{suffix}"',
                "ETag": etag(session),
            },
        )


def _as_json(session: Session, messages: Iterator[Message], attached: Attached) -> Iterator[bytes]:
    """One object: the session with all its `messages`, and `attachments` where they are wanted."""
    # The closing brace comes last, so that the messages stream inside the object.
    yield orjson.dumps(written_session(session))[:-1] + b',"messages":['
    yield from _listed(map(written_message, messages))
    if attached is not None:
        yield b'],"attachments":['
        yield from _listed(attached)
    yield b"]}\n"


def _listed(values: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    comma = b""
    for value in values:
        yield comma + escaped(orjson.dumps(value))
        comma = b","


def _as_json_lines(_: Session, messages: Iterator[Message], attached: Attached) -> Iterator[bytes]:
    """One message a line, then one attachment a line where they are wanted."""
    for value in chain(map(written_message, messages), attached or ()):
        yield escaped(orjson.dumps(value)) + b"\n"


def _as_markdown(session: Session, messages: Iterator[Message], _: Attached) -> Iterator[str]:
    """A heading for each message; contents are not escaped, as they often are Markdown."""
    yield f"# {isolated(session.title) or 'Conversation'}\n\n"
    yield f"Session {session.session_id}, created {timestamp(session.created_at)}\n"
    for message in messages:
        speaker = _SPEAKERS[message.role] + (f" ({isolated(message.name)})" if message.name else "")
        yield f"\n## {message.seq}. {speaker}, {timestamp(message.timestamp)}\n\n"
        if message.superseded_by is not None:
            yield f"*superseded by {message.superseded_by}*\n\n"
        yield "*deleted*\n" if message.deleted else f"{inert(message.content)}\n"
        yield from map(_link, filter(is_kept, message.parts or ()))
        for call in message.tool_calls or ():
            yield f"\n```json\n{_call(call)}\n```\n"


def _link(part: Mapping[str, Any]) -> str:
    """A picture, or a link to a file, by its path at this service."""
    words = part.get("alt") or part.get("name") or part["media_type"]
    shown = "!" if part["type"] == "image" else ""
    label = re.sub(r"[\[\]\\\s]+", " ", isolated(words))
    return f"\n{shown}[{label}](/attachments/{part['attachment_id']})\n"


def _call(call: Mapping[str, Any]) -> str:
    return escaped(orjson.dumps(call, option=orjson.OPT_INDENT_2)).decode()


_FORMS: dict[str, Any] = {
    "json": (_as_json, "application/json", "json"),
    "jsonl": (_as_json_lines, "application/x-ndjson", "jsonl"),
    "markdown": (_as_markdown, "text/markdown; charset=utf-8", "md"),
}
