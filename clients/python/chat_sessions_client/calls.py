"""What is more than a request: repeats, pages, downloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from chat_sessions_client import answers, errors, routes
from chat_sessions_client.accounts import Account
from chat_sessions_client.effects import Answer, Emit, Flow, Open, Read, Send, Wait
from chat_sessions_client.errors import ChatSessionsError, NotFound, Unreachable
from chat_sessions_client.requests import Request, address, read_nothing
from chat_sessions_client.retrying import Patience, Retries

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    """The service as one account reaches it."""

    account: Account
    retries: Retries

    def called(self, request: Request[T]) -> Flow[T]:
        """What a route answers, however often it has to be asked."""
        patience = Patience(self.retries, repeatable=request.repeatable)
        attempts = 0
        while True:
            attempts += 1
            failure: ChatSessionsError
            try:
                answer = yield from self.account.sent(request, Send)
                if answer.is_success:
                    return request.read(answer)
                failure = errors.of_answer(answer.status, answer.headers, answer.body)
                # What an earlier attempt has deleted is not there any more.
                if isinstance(failure, NotFound) and request.method == "DELETE" and attempts > 1:
                    return request.read(answer)
            except Unreachable as error:
                failure = error
            yield from waited(patience, failure)

    def opened(self, request: Request[Any]) -> Flow[Answer]:
        """The answer of a stream, whose pieces are still to be read."""
        answer = yield from self.account.sent(request, Open)
        if not answer.is_success:
            raise errors.of_answer(answer.status, answer.headers, answer.body)
        return answer


def waited(patience: Patience, failure: ChatSessionsError) -> Flow[None]:
    """Wait before the next attempt, or raise where there is to be none."""
    pause = patience.pause(failure)
    if pause is None:
        raise failure
    yield Wait(pause)


def sessions(
    service: Service,
    *,
    status: answers.Status = "active",
    expiring_within: int | None = None,
    tag: str | None = None,
    metadata: Mapping[str, str] | None = None,
    pinned: bool | None = None,
    page_size: int = 100,
) -> Flow[None]:
    """Go through all your sessions, newest activity first, or soonest expiry first.

    Those of a tag, of metadata or pinned ones come the newest created first.
    """
    cursor: str | None = None
    while True:
        page = yield from service.called(
            routes.session_page(
                status=status,
                expiring_within=expiring_within,
                tag=tag,
                metadata=metadata,
                pinned=pinned,
                limit=page_size,
                cursor=cursor,
            )
        )
        for session in page["results"]:
            yield Emit(session)
        if page["next"] is None:
            return
        [cursor] = parse_qs(urlsplit(page["next"]).query)["cursor"]


def users(service: Service, *, page_size: int = 100) -> Flow[None]:
    """Go through all users of an application that have sessions, in the order of their ids."""
    cursor: str | None = None
    while True:
        page = yield from service.called(routes.user_page(limit=page_size, cursor=cursor))
        for user in page["results"]:
            yield Emit(user)
        if page["next"] is None:
            return
        [cursor] = parse_qs(urlsplit(page["next"]).query)["cursor"]


def user_sessions(
    service: Service, end_user: str, *, status: answers.Status = "active", page_size: int = 100
) -> Flow[None]:
    """Go through all sessions of a user of an application, newest activity first."""
    cursor: str | None = None
    while True:
        page = yield from service.called(
            routes.user_session_page(end_user, status=status, limit=page_size, cursor=cursor)
        )
        for session in page["results"]:
            yield Emit(session)
        if page["next"] is None:
            return
        [cursor] = parse_qs(urlsplit(page["next"]).query)["cursor"]


def messages(
    service: Service,
    session_id: str,
    *,
    after: int = 0,
    newest_first: bool = False,
    page_size: int = 100,
) -> Flow[None]:
    """Go through a session's messages: those after a `seq`, or all from the newest back."""
    before: int | None = None
    while True:
        span: Mapping[str, int | None] = {"before": before} if newest_first else {"after": after}
        if newest_first and before is None:
            newest = yield from service.called(routes.get_session(session_id, limit=page_size))
            results, has_more = newest["messages"], newest["has_more"]
        else:
            page = yield from service.called(
                routes.message_page(session_id, **span, limit=page_size)
            )
            results, has_more = page["results"], page["has_more"]
        for message in reversed(results) if newest_first else results:
            yield Emit(message)
        if not results or not has_more:
            return
        after, before = results[-1]["seq"], results[0]["seq"]


def attachment(service: Service, attachment_id: str, *, thumbnail: bool = False) -> Flow[None]:
    """Stream the bytes of an attachment in pieces, or those of its small picture."""
    more = ("thumbnail",) if thumbnail else ()
    path = address("attachments", attachment_id, *more)
    return _streamed(service, Request("GET", path, read_nothing, headers={"Accept": "*/*"}))


def export(service: Service, session_id: str, *, form: answers.ExportFormat = "json") -> Flow[None]:
    """Stream a whole session in pieces of bytes."""
    path = address("session", session_id, "export")
    request = Request("GET", path, read_nothing, query={"format": form}, headers={"Accept": "*/*"})
    return _streamed(service, request)


def _streamed(service: Service, request: Request[None]) -> Flow[None]:
    patience = Patience(service.retries, repeatable=True)
    while True:
        # What broke off cannot go on: only its beginning is tried again.
        has_begun = False
        try:
            yield from service.opened(request)
            while (piece := (yield Read())) is not None:
                has_begun = True
                yield Emit(piece)
        except ChatSessionsError as failure:
            if has_begun:
                raise
            yield from waited(patience, failure)
        else:
            return
