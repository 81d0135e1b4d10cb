"""The routes with one request and one answer, as request builders; both clients have them all."""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from chat_sessions_client import answers
from chat_sessions_client.effects import Answer
from chat_sessions_client.requests import (
    NULL,
    Request,
    address,
    given,
    new_key,
    read_json,
    read_nothing,
    reads,
)


def register(
    username: str, password: str, *, email: str | None = None, invitation: str | None = None
) -> Request[answers.Registered]:
    """Create an account. The client itself goes on as who it was."""
    body = {"username": username, "password": password, "email": email, "invitation": invitation}
    read = reads(answers.Registered)
    return Request("POST", "/auth/register", read, body=body, repeatable=False, is_signed=False)


def create_api_key(
    name: str,
    password: str,
    *,
    expires_in_days: int | None = None,
    require_session: bool | None = None,
) -> Request[answers.NewApiKey]:
    """Create an API key, whose secret is in this answer only. Needs a person's token."""
    body = {
        "name": name,
        "password": password,
        "expires_in_days": expires_in_days,
        "require_session": require_session,
    }
    return Request("POST", "/auth/api-keys", reads(answers.NewApiKey), body=body, repeatable=False)


def create_session(
    *,
    title: str | None = None,
    system_prompt: str | None = None,
    metadata: Mapping[str, str] | None = None,
    ttl_seconds: int | None = None,
    context_policy: answers.ContextPolicy | None = None,
    messages: Sequence[answers.MessageDraft] | None = None,
    external_id: str | None = None,
    tags: Sequence[str] | None = None,
    pinned: bool | None = None,
    temporary: bool | None = None,
) -> Request[answers.Session]:
    """Create a session, or open the one that has this `external_id` already.

    It is sent under a key, so that sending it again creates no second one.
    """
    body = {
        "title": title,
        "system_prompt": system_prompt,
        "metadata": metadata,
        "ttl_seconds": ttl_seconds,
        "context_policy": context_policy,
        "messages": None if messages is None else list(messages),
        "external_id": external_id,
        "tags": None if tags is None else list(tags),
        "pinned": pinned,
        "temporary": temporary,
    }
    return Request(
        "POST",
        "/session/create",
        _session,
        body=body,
        headers={"Idempotency-Key": new_key()},
    )


def get_session(session_id: str, *, limit: int = 50) -> Request[answers.SessionWithMessages]:
    """Read a session and its newest messages, oldest first."""
    path = address("session", session_id)
    return Request("GET", path, _session_with_messages, query={"limit": limit})


def update_session(
    session_id: str,
    *,
    title: str | None = None,
    metadata: Mapping[str, str] | None = None,
    merge_metadata: Mapping[str, str | None] | None = None,
    ttl_seconds: int | Literal["default"] | None = None,
    context_policy: answers.ContextPolicy | None = None,
    tags: Sequence[str] | None = None,
    pinned: bool | None = None,
    etag: str | None = None,
) -> Request[answers.Session]:
    """Change a session; with the `etag` of a session that was read, only if it is still that.

    `ttl_seconds="default"` gives it the service's timeout again. `metadata` replaces what is there,
    `merge_metadata` changes single keys, and removes those that it has as None.
    """
    body = given(
        {
            "title": title,
            "metadata": metadata,
            "context_policy": context_policy,
            "tags": None if tags is None else list(tags),
            "pinned": pinned,
        }
    )
    headers = {"If-Match": etag} if etag else {}
    if merge_metadata is not None:
        if metadata is not None:
            raise ValueError("Pass metadata or merge_metadata, not both.")
        body["metadata"] = dict(merge_metadata)
        headers["Content-Type"] = "application/merge-patch+json"
    if ttl_seconds is not None:
        body["ttl_seconds"] = NULL if ttl_seconds == "default" else ttl_seconds
    return Request(
        "PATCH",
        address("session", session_id),
        _session,
        body=body,
        headers=headers,
        # The change itself would make a repeat meet another version.
        repeatable=etag is None,
    )


def delete_session(session_id: str) -> Request[None]:
    """Delete a session and all its messages."""
    return Request("DELETE", address("session", session_id), read_nothing)


def fork_session(
    session_id: str,
    *,
    up_to_seq: int | None = None,
    title: str | None = None,
    idempotency_key: str | None = None,
) -> Request[answers.Session]:
    """Create a session that begins with this one's history, once, however often it is sent."""
    body = {"up_to_seq": up_to_seq, "title": title}
    path = address("session", session_id, "fork")
    headers = {"Idempotency-Key": idempotency_key or new_key()}
    return Request("POST", path, _session, body=body, headers=headers)


def archive_session(session_id: str) -> Request[answers.Session]:
    """Make a session read-only."""
    return Request("POST", address("session", session_id, "archive"), _session, body={})


def restore_session(session_id: str) -> Request[answers.Session]:
    """Make an archived session active again."""
    return Request("POST", address("session", session_id, "restore"), _session, body={})


def append_message(
    session_id: str,
    content: str = "",
    *,
    role: answers.Role = "user",
    parts: Sequence[answers.Part] | None = None,
    name: str | None = None,
    tool_calls: Sequence[Mapping[str, object]] | None = None,
    tool_call_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
    client_id: str | None = None,
) -> Request[answers.Message]:
    """Append one message, once, however often it has to be sent.

    `parts` name the pictures and files that `upload_attachment` has kept.
    """
    body = {
        "role": role,
        "content": content,
        "parts": None if parts is None else list(parts),
        "name": name,
        "tool_calls": None if tool_calls is None else list(tool_calls),
        "tool_call_id": tool_call_id,
        "metadata": metadata,
        "client_id": client_id or new_key(),
    }
    path = address("session", session_id, "message")
    return Request("POST", path, reads(answers.Message), body=body)


def append_messages(
    session_id: str,
    messages: Sequence[answers.MessageDraft],
    *,
    idempotency_key: str | None = None,
) -> Request[list[answers.Message]]:
    """Append up to 100 messages at consecutive `seq`, all or none, and once."""
    return Request(
        "POST",
        address("session", session_id, "messages"),
        lambda answer: cast("list[answers.Message]", read_json(answer)["messages"]),
        body={"messages": list(messages)},
        headers={"Idempotency-Key": idempotency_key or new_key()},
    )


def upload_attachment(
    session_id: str,
    content: bytes,
    *,
    name: str | None = None,
    media_type: str = "application/octet-stream",
) -> Request[answers.Attachment]:
    """Keep a picture, a file or a sound for a session; a message's `parts` then name it.

    The same content again is the same attachment, so it may be sent as often as it takes.
    """
    return Request(
        "POST",
        address("session", session_id, "attachments"),
        reads(answers.Attachment),
        query={"name": name},
        content=content,
        headers={"Content-Type": media_type},
    )


def get_attachment(attachment_id: str) -> Request[answers.Attachment]:
    """What is known of an attachment."""
    path = address("attachments", attachment_id, "facts")
    return Request("GET", path, reads(answers.Attachment))


def message_page(
    session_id: str, *, after: int | None = None, before: int | None = None, limit: int = 100
) -> Request[answers.MessagePage]:
    """Read messages after a `seq`, or those before one; oldest first."""
    query = {"after": after, "before": before, "limit": limit}
    path = address("session", session_id, "messages")
    return Request("GET", path, reads(answers.MessagePage), query=query)


def erase_message(session_id: str, seq: int) -> Request[None]:
    """Erase a message's content; its `seq` stays, as a tombstone."""
    return Request("DELETE", address("session", session_id, "messages", seq), read_nothing)


def session_page(
    *,
    status: answers.Status = "active",
    expiring_within: int | None = None,
    tag: str | None = None,
    metadata: Mapping[str, str] | None = None,
    pinned: bool | None = None,
    temporary: bool | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Request[answers.SessionPage]:
    """One page of your sessions; `sessions` goes through all of them."""
    query = {
        "expiring_within": expiring_within,
        "limit": limit,
        "cursor": cursor,
        **_filters(status, tag, metadata, pinned, temporary),
    }
    return Request("GET", "/session", reads(answers.SessionPage), query=query)


def count_sessions(
    *,
    status: answers.Status = "active",
    tag: str | None = None,
    metadata: Mapping[str, str] | None = None,
    pinned: bool | None = None,
    temporary: bool | None = None,
    by: str | None = None,
) -> Request[answers.SessionCount]:
    """Count your sessions; with `by` (`tag`, or `metadata.KEY`) also each of its values."""
    query = {"by": by, **_filters(status, tag, metadata, pinned, temporary)}
    return Request("GET", "/session/count", reads(answers.SessionCount), query=query)


def delete_sessions(
    session_ids: Sequence[str] | None = None,
    *,
    status: answers.Status | None = None,
    tag: str | None = None,
    metadata: Mapping[str, str] | None = None,
    pinned: bool | None = None,
    temporary: bool | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> Request[answers.BulkResult]:
    """Delete up to 100 sessions, by their ids or by at least one filter; a legal hold keeps one."""
    body = {
        "session_ids": None if session_ids is None else list(session_ids),
        "status": status,
        "tag": tag,
        "metadata": metadata,
        "pinned": pinned,
        "temporary": temporary,
        "limit": limit,
        "dry_run": dry_run,
    }
    return Request("POST", "/session/delete", reads(answers.BulkResult), body=body)


def archive_sessions(
    session_ids: Sequence[str] | None = None,
    *,
    tag: str | None = None,
    metadata: Mapping[str, str] | None = None,
    pinned: bool | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> Request[answers.BulkResult]:
    """Archive up to 100 sessions, by their ids or by at least one filter."""
    body = {
        "session_ids": None if session_ids is None else list(session_ids),
        "tag": tag,
        "metadata": metadata,
        "pinned": pinned,
        "limit": limit,
        "dry_run": dry_run,
    }
    return Request("POST", "/session/archive", reads(answers.BulkResult), body=body)


def search(query: str, *, limit: int | None = None) -> Request[answers.SearchResults]:
    """Find your messages and titles by their words, best first."""
    read = reads(answers.SearchResults)
    return Request("GET", "/session/search", read, query={"q": query, "limit": limit})


def context(
    session_id: str,
    *,
    max_tokens: int | None = None,
    strategy: answers.Strategy | None = None,
    query: str | None = None,
) -> Request[answers.Context]:
    """Show what a model would be sent now, and why each message is in it or not."""
    parameters = {"max_tokens": max_tokens, "strategy": strategy, "query": query}
    path = address("session", session_id, "context")
    return Request("GET", path, reads(answers.Context), query=parameters)


def reset_context(session_id: str, *, undo: bool = False) -> Request[answers.Session]:
    """Start the window after the newest message, or undo that; history stays."""
    path = address("session", session_id, "context", "reset")
    return Request("POST", path, _session, body={"undo": undo})


def topics(session_id: str) -> Request[answers.TopicList]:
    """List the topics of a session."""
    path = address("session", session_id, "topics")
    return Request("GET", path, reads(answers.TopicList))


def cancel_turn(session_id: str) -> Request[answers.CancelledTurn | None]:
    """Stop the turn in progress; None where there is none."""
    path = address("session", session_id, "chat", "cancel")
    return Request("POST", path, _cancelled, body={})


def user_page(*, limit: int = 100, cursor: str | None = None) -> Request[answers.EndUserPage]:
    """One page of an application's users; `users` goes through all of them."""
    query = {"limit": limit, "cursor": cursor}
    return Request("GET", "/users", reads(answers.EndUserPage), query=query, names_end_user=False)


def user_session_page(
    end_user: str,
    *,
    status: answers.Status = "active",
    limit: int = 100,
    cursor: str | None = None,
) -> Request[answers.SessionPage]:
    """One page of a user's sessions; `user_sessions` goes through all of them."""
    query = {"status": status, "limit": limit, "cursor": cursor}
    path = address("users", end_user, "sessions")
    return Request("GET", path, reads(answers.SessionPage), query=query, names_end_user=False)


def erase_user(end_user: str, *, proof: bool = True) -> Request[answers.ErasedUser]:
    """Erase a user of the application; the answer has the receipt and the proof.

    The proof reads the whole store: with a large one, leave it to `manage.py erase_user --check`.
    """
    path, read = address("users", end_user), reads(answers.ErasedUser)
    return Request("DELETE", path, read, query={"proof": proof}, names_end_user=False)


def _filters(
    status: answers.Status,
    tag: str | None,
    metadata: Mapping[str, str] | None,
    pinned: bool | None,
    temporary: bool | None,
) -> dict[str, object]:
    named = {f"metadata.{key}": value for key, value in (metadata or {}).items()}
    return {"status": status, "tag": tag, "pinned": pinned, "temporary": temporary, **named}


def _session(answer: Answer) -> answers.Session:
    session = cast("answers.Session", read_json(answer))
    if etag := answer.headers.get("etag"):
        session["etag"] = etag
    return session


def _session_with_messages(answer: Answer) -> answers.SessionWithMessages:
    return cast("answers.SessionWithMessages", _session(answer))


def _cancelled(answer: Answer) -> answers.CancelledTurn | None:
    if answer.status == 204:
        return None
    return cast("answers.CancelledTurn", read_json(answer))
