"""`/users`: an application's users, for its service keys; `/users/{id}`: one of them."""

import base64
import binascii
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.applications import schema as described
from accounts.applications.erasing import end_user_erase
from accounts.privacy import personal_data
from sessions_app import clock
from sessions_app.api import cursors
from sessions_app.api.negotiation import AcceptIgnored
from sessions_app.api.wire.messages import timestamp
from sessions_app.domain.applications import EndUser, Known, Scope, end_user_check
from sessions_app.domain.data import SessionFilter, Status
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records import writing
from sessions_app.http.applications import AsksFor, application_of
from sessions_app.http.input import QueryView
from sessions_app.http.waiting import Waits, waits
from sessions_app.services import end_users, sessions


class ApplicationView(QueryView):
    """A view about an application's users; a service key asks, and names nobody in its header."""

    asks_for = AsksFor.ITSELF

    def end_user(self, request: Request, end_user_id: str) -> EndUser:
        """The user that an address names; raises EndUserInvalid."""
        return EndUser(application_of(request), end_user_check(end_user_id, attr="id"))


@described.users
class UsersView(ApplicationView):
    scopes = {"GET": Scope.SESSIONS_READ}
    queries = {"get": described.UsersQuery}

    def get(self, request: Request) -> Response:
        """List the users who have sessions, in the order of their ids."""
        after = _decoded(self.query["cursor"]) if "cursor" in self.query else ""
        page = end_users.end_users_list(
            application_id=application_of(request), after=after, limit=self.query["limit"]
        )
        link = None if page.last is None else _next_page(request, page.last)
        return Response({"next": link, "results": [_user(each) for each in page.known]})


@described.user_sessions
class UserSessionsView(ApplicationView):
    scopes = {"GET": Scope.SESSIONS_READ}
    queries = {"get": described.UserSessionsQuery}

    def get(self, request: Request, end_user_id: str) -> Response:
        """List a user's sessions, newest activity first."""
        cursor = cursors.decode(self.query["cursor"]) if "cursor" in self.query else None
        page = sessions.session_list(
            user_id=self.end_user(request, end_user_id).owner_id,
            wanted=SessionFilter(status=Status(self.query["status"])),
            limit=self.query["limit"],
            position=cursor.position if cursor else None,
            backwards=cursor.backwards if cursor else False,
            now=clock.now(),
        )
        return Response(cursors.page(request, page))


@waits(Waits.FOR_ACCOUNTS)
@described.user
class UserView(ApplicationView):
    scopes = {"DELETE": Scope.ERASE}
    queries = {"delete": described.ErasureQuery}

    def delete(self, request: Request, end_user_id: str) -> Response:
        """Erase a user with everything of theirs; the answer has the receipt and the proof."""
        erased = end_user_erase(
            end_user=self.end_user(request, end_user_id),
            with_proof=self.query["proof"] == "true",
            clock=clock.now,
        )
        return Response(erased)


@waits(Waits.FOR_ACCOUNTS)
@described.user_export
class UserExportView(ApplicationView):
    scopes = {"GET": Scope.EXPORT}
    content_negotiation_class = AcceptIgnored

    def get(self, request: Request, end_user_id: str) -> StreamingHttpResponse:
        """Stream everything that is stored about a user, as JSON lines."""
        owner_id = self.end_user(request, end_user_id).owner_id
        exported = personal_data.person_export(user_id=owner_id, user=None, now=clock.now())
        return StreamingHttpResponse(
            writing.blocks(exported),
            content_type="application/x-ndjson",
            headers={
                "Content-Disposition": 'attachment; filename="personal-data.jsonl"',
                "Cache-Control": "no-store",
            },
        )


def _user(known: Known) -> dict[str, Any]:
    return {
        "id": known.end_user_id,
        "session_count": known.session_count,
        "updated_at": timestamp(known.updated_at),
    }


def _next_page(request: Request, last: str) -> str:
    return replace_query_param(request.build_absolute_uri(), "cursor", _encoded(last))


def _encoded(end_user_id: str) -> str:
    return base64.urlsafe_b64encode(end_user_id.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    """The id that a page begins behind; raises InvalidInput for what `_next_page` does not make."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        # One text for one position: padding and what base64 ignores are refused, too.
        if _encoded(text) != cursor:
            raise ValueError(cursor)
        return end_user_check(text, attr="cursor")
    except (ValueError, binascii.Error, InvalidInput) as error:
        raise InvalidInput("This cursor is not one of ours.", attr="cursor") from error
