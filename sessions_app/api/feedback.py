"""`/session/{id}/messages/{seq}/feedback`: rate a reply, or take that back."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import messages as described
from sessions_app.api.wire import messages as wire
from sessions_app.domain.applications import Scope
from sessions_app.domain.data import Rating
from sessions_app.http.input import QueryView, seq_in_path, user_id, validated
from sessions_app.services import feedback


class FeedbackViewSet(ViewSet, QueryView):
    """What the caller thinks of a reply in one of their sessions."""

    scopes = {"PUT": Scope.SESSIONS_WRITE, "DELETE": Scope.SESSIONS_WRITE}

    @described.feedback_give
    def give(self, request: Request, session_id: str, seq: str) -> Response:
        """Rate a reply, with a comment or without; what was said of it before is replaced."""
        data = validated(wire.FeedbackInput, request.data)
        rated = feedback.feedback_give(
            session_id=session_id,
            user_id=user_id(request),
            seq=seq_in_path(seq),
            rating=Rating(data["rating"]),
            comment=data.get("comment") or "",
            now=clock.now(),
        )
        return Response(wire.message(rated))

    @described.feedback_take_back
    def take_back(self, request: Request, session_id: str, seq: str) -> Response:
        """Remove your rating of a reply."""
        feedback.feedback_take_back(
            session_id=session_id, user_id=user_id(request), seq=seq_in_path(seq), now=clock.now()
        )
        return Response(status=204)
