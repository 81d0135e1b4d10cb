"""Streams conversations as files. Each is in the read log before its first byte is sent."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from sessions_app import clock
from sessions_app.domain.data import Message
from sessions_app.domain.review import Act
from sessions_app.domain.texts.display import isolated
from sessions_app.domain.texts.text import escaped, inert
from sessions_app.review import pages
from sessions_app.review.conversations.forms import ExportForm
from sessions_app.review.conversations.recent_actions import remember
from sessions_app.services import review
from sessions_app.services.review import ExportedConversation

_TYPES = {
    "json": ("application/json", "json"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
}


def respond(
    request: HttpRequest, session_ids: Sequence[str], form: ExportForm
) -> StreamingHttpResponse:
    options = form.cleaned_data
    exported = review.conversations_export(
        session_ids=session_ids,
        staff=pages.staff_of(request),
        why=form.why,
        form=options["form"],
        masked=not options.get("unmasked", False),
        now=clock.now(),
    )
    remember(request, Act.EXPORT, [conversation.session.session_id for conversation in exported])
    kind, suffix = _TYPES[options["form"]]
    name = session_ids[0] if len(session_ids) == 1 else f"{len(session_ids)}-conversations"
    body = _as_json(exported) if options["form"] == "json" else _as_markdown(exported)
    return StreamingHttpResponse(
        body,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}.{suffix}"'},
    )


def _as_json(exported: Sequence[ExportedConversation]) -> Iterator[str]:
    # Written piece by piece: a conversation may be larger than a worker's memory.
    yield '{"conversations":['
    for position, conversation in enumerate(exported):
        session = conversation.session
        head = {
            "session_id": session.session_id,
            "user_id": session.user_id,
            "title": conversation.title,
            "status": session.status.value,
            "created_at": _moment(session.created_at),
            "updated_at": _moment(session.updated_at),
            "metadata": dict(conversation.metadata),
            "masked": conversation.masked,
        }
        yield ("," if position else "") + _json(head)[:-1] + ',"messages":['
        for index, message in enumerate(conversation.messages):
            yield ("," if index else "") + _json(_message(message))
        yield "]}"
    yield "]}\n"


def _as_markdown(exported: Sequence[ExportedConversation]) -> Iterator[str]:
    for conversation in exported:
        session = conversation.session
        yield f"# {isolated(conversation.title) or 'Conversation'}\n\n"
        yield f"Session {session.session_id}, "
        yield f"user {isolated(session.user_id)}, created {_moment(session.created_at)}\n"
        for message in conversation.messages:
            name = f" ({isolated(message.name)})" if message.name else ""
            yield f"\n## {message.seq}. {message.role.value.capitalize()}{name}, "
            yield f"{_moment(message.timestamp)}\n\n"
            yield "*deleted*\n" if message.deleted else f"{inert(message.content)}\n"
            for call in message.tool_calls or ():
                yield f"\n```json\n{_json(call, indent=2)}\n```\n"
        yield "\n"


def _message(message: Message) -> dict[str, Any]:
    fields = {
        "seq": message.seq,
        "id": message.id,
        "role": message.role.value,
        "content": message.content,
        "timestamp": _moment(message.timestamp),
        "token_count": message.token_count,
        "name": message.name,
        "tool_calls": list(message.tool_calls) if message.tool_calls else None,
        "tool_call_id": message.tool_call_id,
        "metadata": dict(message.metadata) or None,
        "deleted": message.deleted or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _json(value: Any, **options: Any) -> str:
    return escaped(json.dumps(value, ensure_ascii=False, **options).encode()).decode()
