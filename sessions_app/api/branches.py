"""`PUT /session/{id}/messages/{seq}/current`: make an earlier branch current again."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import messages as described
from sessions_app.api.wire import messages as wire
from sessions_app.domain.applications import Scope
from sessions_app.http.input import QueryView, seq_in_path, user_id
from sessions_app.services.sessions import branches


class BranchViewSet(ViewSet, QueryView):
    """The branches of one of the caller's sessions."""

    scopes = {"PUT": Scope.SESSIONS_WRITE}

    @described.branch_make_current
    def make_current(self, request: Request, session_id: str, seq: str) -> Response:
        """Make a superseded message current again, with what followed it; nothing is lost."""
        changed = branches.branch_make_current(
            session_id=session_id, user_id=user_id(request), seq=seq_in_path(seq), now=clock.now()
        )
        return Response({"results": wire.messages(changed)})
