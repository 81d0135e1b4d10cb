"""`/v1/conversations`: sessions under their OpenAI name, and their items."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.domain.data import Session
from sessions_app.domain.items import Item
from sessions_app.http.input import idempotency_key, user_id
from sessions_app.http.waiting import Takes, takes
from sessions_app.openai_api import naming, requests
from sessions_app.openai_api.bodies import ParserWithFiles
from sessions_app.openai_api.conversations import input as read
from sessions_app.openai_api.conversations import schema as described
from sessions_app.openai_api.requests import CONVERSATION_PREFIX, metadata_of
from sessions_app.openai_api.views import OpenAIView
from sessions_app.openai_api.wire import seconds
from sessions_app.services import conversations, sessions
from sessions_app.services.conversations import Attempt


class ConversationsView(OpenAIView):
    scopes = {"POST": Scope.SESSIONS_WRITE}
    parser_classes = (ParserWithFiles,)

    @takes(Takes.FILES_IN_JSON)
    @described.create
    def post(self, request: Request) -> Response:
        """Create a conversation, with up to 20 items and metadata."""
        body = read.members(request, {"items", "metadata"})
        session = conversations.conversation_create(
            user_id=user_id(request),
            batch=read.first_items(body),
            metadata=metadata_of(body),
            body_digest=requests.digest("", body),
            attempt=_attempt(request, "", body),
            now=clock.now(),
        )
        self.answers_for(session.session_id)
        return Response(_conversation(session))


class _OfConversation(OpenAIView):
    def session_id(self, conversation_id: str) -> str:
        """The session of a conversation, which the answer names."""
        session_id = naming.conversation_session_id(
            conversation_id, user_id(self.request), clock.now()
        )
        self.answers_for(session_id)
        return session_id


class ConversationView(_OfConversation):
    scopes = {
        "GET": Scope.SESSIONS_READ,
        "POST": Scope.SESSIONS_WRITE,
        "DELETE": Scope.SESSIONS_WRITE,
    }

    @described.show
    def get(self, request: Request, conversation_id: str) -> Response:
        """Show a conversation."""
        session = conversations.conversation_get(
            session_id=self.session_id(conversation_id),
            user_id=user_id(request),
            now=clock.now(),
        )
        return Response(_conversation(session))

    @described.update
    def post(self, request: Request, conversation_id: str) -> Response:
        """Replace a conversation's metadata."""
        body = read.members(request, {"metadata"}, required=("metadata",))
        session = sessions.session_update(
            session_id=self.session_id(conversation_id),
            user_id=user_id(request),
            changes={"metadata": metadata_of(body)},
            versions=None,
            now=clock.now(),
        )
        return Response(_conversation(session))

    @described.delete
    def delete(self, request: Request, conversation_id: str) -> Response:
        """Delete a conversation with all of its items."""
        session_id = self.session_id(conversation_id)
        sessions.session_delete(session_id=session_id, user_id=user_id(request))
        return Response(
            {
                "id": f"{CONVERSATION_PREFIX}{session_id}",
                "object": "conversation.deleted",
                "deleted": True,
            }
        )


class ItemsView(_OfConversation):
    scopes = {"GET": Scope.SESSIONS_READ, "POST": Scope.SESSIONS_WRITE}
    parser_classes = (ParserWithFiles,)

    @described.item_list
    def get(self, request: Request, conversation_id: str) -> Response:
        """List items, the newest first unless `order` is `asc`."""
        query = read.page_query(request)
        page = conversations.item_page(
            session_id=self.session_id(conversation_id),
            user_id=user_id(request),
            after=query.after,
            limit=query.limit,
            ascending=query.ascending,
            now=clock.now(),
        )
        return Response(_list(page.items, has_more=page.has_more))

    @takes(Takes.FILES_IN_JSON)
    @described.item_create
    def post(self, request: Request, conversation_id: str) -> Response:
        """Add items, all or none."""
        body = read.members(request, {"items", "include"}, required=("items",))
        read.include(request, body)
        session_id = self.session_id(conversation_id)
        items = conversations.items_append(
            session_id=session_id,
            user_id=user_id(request),
            batch=read.items(body),
            attempt=_attempt(request, session_id, body),
            now=clock.now(),
        )
        return Response(_list(items, has_more=False))


class ItemView(_OfConversation):
    scopes = {"GET": Scope.SESSIONS_READ, "DELETE": Scope.SESSIONS_WRITE}

    @described.item_show
    def get(self, request: Request, conversation_id: str, item_id: str) -> Response:
        """Show an item."""
        read.include(request)
        item = conversations.item_get(
            session_id=self.session_id(conversation_id),
            user_id=user_id(request),
            item_id=item_id,
            now=clock.now(),
        )
        return Response(item)

    @described.item_delete
    def delete(self, request: Request, conversation_id: str, item_id: str) -> Response:
        """Erase an item; the answer is the conversation."""
        session = conversations.item_delete(
            session_id=self.session_id(conversation_id),
            user_id=user_id(request),
            item_id=item_id,
            now=clock.now(),
        )
        return Response(_conversation(session))


def _attempt(request: Request, session_id: str, body: dict[str, Any]) -> Attempt:
    now = clock.now()
    # Room for the position that makes a batch's key one key for each message.
    key = idempotency_key(request, suffix_chars=len(f"/{read.ITEMS_MAX - 1}"))
    # A package that says how often it has tried may try again.
    repeats = requests.repeat_count(request)
    if key is not None or repeats is None:
        return Attempt(key)
    return Attempt(
        digest=requests.digest(session_id, body),
        repeats=repeats,
        since=requests.repeated_since(request, now),
    )


def _conversation(session: Session) -> dict[str, Any]:
    return {
        "id": f"{CONVERSATION_PREFIX}{session.session_id}",
        "object": "conversation",
        "created_at": seconds(session.created_at),
        "metadata": dict(session.metadata),
    }


def _list(items: Any, *, has_more: bool) -> dict[str, Any]:
    listed: list[Item] = list(items)
    return {
        "object": "list",
        "data": listed,
        "first_id": listed[0]["id"] if listed else None,
        "last_id": listed[-1]["id"] if listed else None,
        "has_more": has_more,
    }
