"""The asynchronous client: performs effects with httpx.AsyncClient."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

import httpx

from chat_sessions_client import answers, calls, routes, transport, turns
from chat_sessions_client.answers import TokenPair
from chat_sessions_client.calls import Service
from chat_sessions_client.effects import (
    Answer,
    Effect,
    Emit,
    Exclusively,
    Flow,
    Open,
    Read,
    Send,
    Steps,
    Values,
    Wait,
    WireRequest,
    emitted,
)
from chat_sessions_client.errors import ChatSessionsError
from chat_sessions_client.requests import Request
from chat_sessions_client.retrying import Retries

P = ParamSpec("P")
T = TypeVar("T")


def _route(
    build: Callable[P, Request[T]],
) -> "Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]":
    """A method that calls a route."""

    @wraps(build)
    async def method(client: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client._result(client._service.called(build(*args, **kwargs)))

    return method


def _flow(
    begin: Callable[Concatenate[Service, P], Flow[T]],
) -> "Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]":
    """A method that runs a flow to its result."""

    @wraps(begin)
    async def method(client: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client._result(begin(client._service, *args, **kwargs))

    return method


def _values(
    begin: Callable[Concatenate[Service, P], Flow[None]], kind: Values[T]
) -> "Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]":
    """A method that iterates over what a flow emits."""

    @wraps(begin)
    def method(client: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return client._emitted(begin(client._service, *args, **kwargs))

    return method


class AsyncClient:
    """A client of the service at `base_url`, for one account; tasks of one event loop may share it.

    Pass an `api_key`, or `tokens`, or `username` and `password`. `headers` go with every request.
    With a service key as `api_key`, `end_user` says for whom; `for_end_user` gives more of them.
    `http` is an httpx.AsyncClient of your own, for proxies, certificates or tests; it stays open.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        end_user: str | None = None,
        tokens: TokenPair | None = None,
        username: str | None = None,
        password: str | None = None,
        on_tokens: Callable[[TokenPair], None] | None = None,
        headers: Mapping[str, str] | None = None,
        retries: Retries | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = {"api_key": api_key, "headers": headers, "retries": retries}
        self._service = transport.service_of(
            api_key=api_key, end_user=end_user, tokens=tokens, username=username,
            password=password, on_tokens=on_tokens, headers=headers, retries=retries,
        )  # fmt: skip
        self._own = None if http else httpx.AsyncClient(timeout=transport.TIMEOUT)
        self._http = http or cast("httpx.AsyncClient", self._own)
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that this client has opened."""
        if self._own:
            await self._own.aclose()

    def for_end_user(self, end_user: str) -> Self:
        """This client for a user of the application whose service key it has.

        It shares the connections, and closes none of them.
        """
        key: Any = self._key
        return type(self)(self._base_url, **key, end_user=end_user, http=self._http)

    register = _route(routes.register)
    create_api_key = _route(routes.create_api_key)
    create_session = _route(routes.create_session)
    get_session = _route(routes.get_session)
    update_session = _route(routes.update_session)
    delete_session = _route(routes.delete_session)
    fork_session = _route(routes.fork_session)
    archive_session = _route(routes.archive_session)
    restore_session = _route(routes.restore_session)
    append_message = _route(routes.append_message)
    append_messages = _route(routes.append_messages)
    erase_message = _route(routes.erase_message)
    upload_attachment = _route(routes.upload_attachment)
    get_attachment = _route(routes.get_attachment)
    message_page = _route(routes.message_page)
    session_page = _route(routes.session_page)
    search = _route(routes.search)
    count_sessions = _route(routes.count_sessions)
    delete_sessions = _route(routes.delete_sessions)
    archive_sessions = _route(routes.archive_sessions)
    context = _route(routes.context)
    reset_context = _route(routes.reset_context)
    topics = _route(routes.topics)
    user_page = _route(routes.user_page)
    user_session_page = _route(routes.user_session_page)
    erase_user = _route(routes.erase_user)
    cancel_turn = _route(routes.cancel_turn)

    sessions = _values(calls.sessions, Values[answers.Session]())
    users = _values(calls.users, Values[answers.EndUser]())
    user_sessions = _values(calls.user_sessions, Values[answers.Session]())
    messages = _values(calls.messages, Values[answers.Message]())
    export = _values(calls.export, Values[bytes]())
    attachment = _values(calls.attachment, Values[bytes]())

    chat = _flow(turns.chat)
    regenerate = _flow(turns.regenerate)
    stream_chat = _values(turns.stream_chat, Values[turns.TurnEvent]())
    stream_regenerate = _values(turns.stream_regenerate, Values[turns.TurnEvent]())
    stream_turn = _values(turns.stream_turn, Values[turns.TurnEvent]())

    async def call(self, request: Request[T]) -> T:
        """Call a route that this library does not have yet."""
        return await self._result(self._service.called(request))

    async def _result(self, flow: Flow[T]) -> T:
        [result] = [value async for value in self._emitted(emitted(flow))]
        return cast("T", result)

    async def _emitted(self, flow: Flow[None]) -> AsyncGenerator[Any, None]:
        """Perform a flow's effects, and hand out what it emits."""
        connection = _Connection(self)
        steps = Steps(flow)
        try:
            while (effect := steps.effect) is not None:
                if isinstance(effect, Emit):
                    yield effect.value
                    steps.go_on(None)
                    continue
                try:
                    outcome = await connection.perform(effect)
                except ChatSessionsError as error:
                    steps.fail(error)
                else:
                    steps.go_on(outcome)
        finally:
            await connection.close()
            steps.close()


class _Connection:
    """What performs the effects of one flow; a flow has at most one stream open."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes]

    async def perform(self, effect: Effect) -> Answer | bytes | None:
        """The outcome of an effect; raises Unreachable, or what an exclusive flow raises."""
        match effect:
            case Send(request) | Open(request):
                with transport.unreachable():
                    return await self._sent(request, is_stream=isinstance(effect, Open))
            case Read():
                with transport.unreachable():
                    return await anext(self._pieces, None)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Exclusively(flow):
                async with self._client._lock:
                    async for _ in self._client._emitted(flow):
                        pass
        return None

    async def _sent(self, request: WireRequest, *, is_stream: bool) -> Answer:
        await self.close()
        http = self._client._http
        sent = transport.request_of(http, self._client._base_url, request)
        response = await http.send(sent, stream=is_stream)
        if is_stream and response.is_success:
            self._response, self._pieces = response, response.aiter_bytes()
            return transport.answer_of(response)
        body = await response.aread()
        await response.aclose()
        return transport.answer_of(response, body)

    async def close(self) -> None:
        """Close the stream that is open; a turn goes on."""
        if self._response:
            await self._response.aclose()
            self._response = None
