"""`DELETE /session/{id}/messages/{seq}`: erase one message."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import messages as described
from sessions_app.domain.applications import Scope
from sessions_app.http.input import QueryView, seq_in_path, user_id
from sessions_app.services import erasure


class ErasureViewSet(ViewSet, QueryView):
    """One message of one of the caller's sessions."""

    scopes = {"DELETE": Scope.SESSIONS_WRITE}

    @described.message_delete
    def destroy(self, request: Request, session_id: str, seq: str) -> Response:
        """Erase a message's content; its `seq` stays, marked as deleted."""
        erasure.message_delete(
            session_id=session_id,
            user_id=user_id(request),
            seq=seq_in_path(seq),
            now=clock.now(),
        )
        return Response(status=204)
