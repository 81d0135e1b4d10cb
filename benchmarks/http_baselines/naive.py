"""How a session is often written first: load the document, append to its list, save it.

Messages that two requests append at once overwrite one another, and the document ends at 16 MB.
"""

import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    StringField,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.http_baselines import NAIVE, PAGE


class NaiveMessage(EmbeddedDocument):
    """A message."""

    id = StringField(required=True)
    role = StringField(required=True, choices=["system", "user", "assistant", "tool"])
    content = StringField(required=True)
    timestamp = DateTimeField(required=True)


class NaiveSession(Document):
    """A session with all its messages."""

    session_id = StringField(primary_key=True)
    user_id = StringField(required=True)
    messages = EmbeddedDocumentListField(NaiveMessage)
    updated_at = DateTimeField()

    meta: ClassVar[dict[str, Any]] = {"collection": NAIVE, "auto_create_index": False}


class MessageSerializer(serializers.Serializer[Any]):
    """A message, in and out."""

    id = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(choices=["system", "user", "assistant", "tool"])
    content = serializers.CharField(max_length=32_000)
    timestamp = serializers.DateTimeField(read_only=True)


class SessionSerializer(serializers.Serializer[Any]):
    """A session with its newest messages."""

    session_id = serializers.CharField()
    updated_at = serializers.DateTimeField()
    messages = serializers.SerializerMethodField()

    def get_messages(self, session: NaiveSession) -> Any:
        """The newest of them."""
        return MessageSerializer(session.messages[-PAGE:], many=True).data


class Append(APIView):
    """Append a message."""

    throttle_classes = []

    def post(self, request: Request, session_id: str) -> Response:
        """Load, append, save."""
        serializer = MessageSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        session = NaiveSession.objects.get(session_id=session_id, user_id=request.user.pk)
        now = datetime.now(UTC)
        message = NaiveMessage(id=uuid.uuid4().hex, timestamp=now, **serializer.validated_data)
        session.messages.append(message)
        session.updated_at = now
        session.save()
        return Response(MessageSerializer(message).data, status=201)


class Read(APIView):
    """Read a session."""

    throttle_classes = []

    def get(self, request: Request, session_id: str) -> Response:
        """Load all, show the newest."""
        session = NaiveSession.objects.get(session_id=session_id, user_id=request.user.pk)
        return Response(SessionSerializer(session).data)
