"""`/session`: create, list, read, change, archive, fork and delete sessions."""

from typing import Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import clock
from sessions_app.api import cursors
from sessions_app.api.bulk import BulkViewSet
from sessions_app.api.description import sessions as described
from sessions_app.api.preconditions import expected_versions
from sessions_app.api.wire import filters
from sessions_app.api.wire import sessions as wire
from sessions_app.api.wire.messages import NewestQuery
from sessions_app.domain.applications import Scope
from sessions_app.domain.data import Session
from sessions_app.domain.sessions import lifecycle
from sessions_app.http.input import (
    NoMembers,
    digest_of,
    idempotency_key,
    user_id,
    validated,
)
from sessions_app.http.json_bodies import MERGE_PATCH, MergePatchParser
from sessions_app.services import expiry, identity, sessions
from sessions_app.services.sessions import creations
from sessions_app.services.sessions import named as named_sessions
from sessions_app.services.sessions.creations import Maker


def _answer(session: Session, *, created: bool = False, **more: Any) -> Response:
    headers = {"ETag": wire.etag(session)}
    if created:
        headers["Location"] = f"/session/{session.session_id}"
    return Response(wire.session(session) | more, status=201 if created else 200, headers=headers)


def _created(request: Request, kind: str, make: Maker) -> Response:
    """The session that is made, or that an earlier attempt under the same key has made."""
    key = idempotency_key(request)
    if key is None:
        return _answer(make(identity.new_session_id()), created=True)
    session, is_new = creations.created_under_key(
        kind=kind,
        user_id=user_id(request),
        key=key,
        digest=digest_of(request.data),
        make=make,
        now=clock.now(),
    )
    lifecycle.require_readable(session, now=clock.now())
    return _answer(session, created=is_new)


class SessionViewSet(BulkViewSet):
    """The caller's own sessions; another user's are answered like unknown ones."""

    scopes = {
        "GET": Scope.SESSIONS_READ,
        "POST": Scope.SESSIONS_WRITE,
        "PATCH": Scope.SESSIONS_WRITE,
        "DELETE": Scope.SESSIONS_WRITE,
    }
    queries = {
        **BulkViewSet.queries,
        "list": filters.ListQuery,
        "retrieve": NewestQuery,
    }

    def get_parsers(self) -> list[BaseParser]:
        """A change may come as a merge patch, too."""
        # Without a request while the API is described.
        is_change = getattr(self.request, "method", None) == "PATCH"
        return [*super().get_parsers(), *([MergePatchParser()] if is_change else [])]

    @described.session_create
    def create(self, request: Request) -> Response:
        """Create a session; the one that has this `external_id` already is answered with 200."""
        draft = wire.session_draft(validated(wire.SessionInput, request.data))
        # With an id of its own a session needs no key; what cannot be one is refused all the same.
        idempotency_key(request)
        whose: dict[str, Any] = {"user_id": user_id(request), "now": clock.now()}
        if draft.external_id is not None:
            opened = named_sessions.session_open(**whose, draft=draft, name=draft.external_id)
            lifecycle.require_readable(opened.session, now=whose["now"])
            return _answer(opened.session, created=opened.is_new)
        return _created(
            request,
            "session",
            lambda session_id: sessions.session_create(**whose, draft=draft, session_id=session_id),
        )

    @described.session_list
    def list(self, request: Request) -> Response:
        """List the caller's sessions: by default the newest activity first.

        With a filter, the newest created; with `expiring_within`, those that expire soonest.
        """
        query = self.query
        cursor = cursors.decode(query["cursor"]) if "cursor" in query else None
        page_request: dict[str, Any] = {
            "user_id": user_id(request),
            "limit": query["limit"],
            "position": cursor.position if cursor else None,
            "backwards": cursor.backwards if cursor else False,
            "now": clock.now(),
        }
        if "expiring_within" in query:
            within = query["expiring_within"]
            expiring = expiry.session_list_expiring(within_seconds=within, **page_request)
            return Response(cursors.page(request, expiring, by=cursors.by_expiry))
        wanted = filters.session_filter(query)
        page = sessions.session_list(wanted=wanted, **page_request)
        by = cursors.by_activity if wanted.is_list else cursors.by_creation
        return Response(cursors.page(request, page, by=by))

    @described.session_retrieve
    def retrieve(self, request: Request, session_id: str) -> Response:
        """Read a session and its newest messages."""
        session, newest = sessions.session_get(
            session_id=session_id,
            user_id=user_id(request),
            limit=self.query["limit"],
            now=clock.now(),
        )
        return Response(
            wire.session_with_messages(session, newest), headers={"ETag": wire.etag(session)}
        )

    @described.session_update
    def partial_update(self, request: Request, session_id: str) -> Response:
        """Change a session; with `If-Match`, only the version that was read.

        As `application/merge-patch+json`, `metadata` is merged rather than replaced.
        """
        merges = str(request.content_type).partition(";")[0].strip().lower() == MERGE_PATCH
        changes, metadata_patch = (
            wire.merge_patch(validated(wire.SessionPatch, request.data))
            if merges
            else (validated(wire.SessionChanges, request.data), None)
        )
        session = sessions.session_update(
            session_id=session_id,
            user_id=user_id(request),
            changes=changes,
            versions=expected_versions(request),
            now=clock.now(),
            metadata_patch=metadata_patch,
        )
        return _answer(session)

    @described.session_delete
    def destroy(self, request: Request, session_id: str) -> Response:
        """Delete a session and all its messages."""
        sessions.session_delete(session_id=session_id, user_id=user_id(request))
        return Response(status=204)

    @described.session_fork
    def fork(self, request: Request, session_id: str) -> Response:
        """Create a session that begins with this one's history."""
        data = validated(wire.ForkInput, request.data)
        return _created(
            request,
            f"fork of {session_id}",
            lambda fork_id: sessions.session_fork(
                session_id=session_id,
                user_id=user_id(request),
                up_to_seq=data.get("up_to_seq"),
                title=data.get("title"),
                now=clock.now(),
                fork_id=fork_id,
            ),
        )

    @described.session_archive
    def archive(self, request: Request, session_id: str) -> Response:
        """Make a session read-only."""
        validated(NoMembers, request.data)
        return _answer(
            sessions.session_archive(
                session_id=session_id, user_id=user_id(request), now=clock.now()
            )
        )

    @described.session_restore
    def restore(self, request: Request, session_id: str) -> Response:
        """Make an archived session active again."""
        validated(NoMembers, request.data)
        return _answer(
            sessions.session_restore(
                session_id=session_id, user_id=user_id(request), now=clock.now()
            )
        )
