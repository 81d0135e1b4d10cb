"""A turn as a stream that survives its connection (the recipe in docs/turns.md).

    POST …/chat ──▶ events ──▶ done                       the usual case
                     ╎ broke   GET …/chat/stream, Last-Event-ID ──▶ goes on behind the last event
                     ╎         204, or no id yet: the same POST, the same key ──▶ from its beginning
                     ╎ turn_interrupted: the same POST runs the turn again ──▶ Restarted

What has been shown is never shown twice: an event's id counts the characters up to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from chat_sessions_client import answers, errors
from chat_sessions_client.calls import Service, waited
from chat_sessions_client.effects import Emit, Flow, Read
from chat_sessions_client.errors import ChatSessionsError, Unreachable
from chat_sessions_client.requests import Request, address, new_key, read_nothing
from chat_sessions_client.retrying import Patience
from chat_sessions_client.server_events import EventParser, ServerEvent


@dataclass(frozen=True, slots=True)
class Planned:
    """The window is planned: what the model is sent."""

    context: answers.TurnContext


@dataclass(frozen=True, slots=True)
class Thought:
    """The next characters of what the model thinks; no part of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next characters of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolsCalled:
    """The model calls tools, as OpenAI writes it; answer with their results as `messages`."""

    tool_calls: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Restarted:
    """The turn runs anew: what was shown of the reply so far is void."""


@dataclass(frozen=True, slots=True)
class Replied:
    """The reply, as it is stored."""

    message: answers.Message


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing follows."""

    state: Literal["done", "cancelled"]


TurnEvent = Planned | Thought | Delta | ToolsCalled | Restarted | Replied | Ended


@dataclass(frozen=True, slots=True)
class TurnResult:
    """A turn at its end; `reply` is None where it was cancelled before the first word."""

    user_message: answers.Message | None
    reply: answers.Message | None
    context: answers.TurnContext | None
    state: Literal["done", "cancelled"]

    @property
    def text(self) -> str:
        """The reply's text."""
        return self.reply["content"] if self.reply else ""


class Position(NamedTuple):
    """How far into which turn an event is: `TURN:CHARACTERS+THOUGHTS`, or `TURN:end`."""

    turn_id: str
    characters: int | None
    thoughts: int

    @classmethod
    def of(cls, event_id: str) -> "Position":
        """The position that an event's id stands for."""
        turn_id, _, rest = event_id.rpartition(":")
        characters, _, thoughts = rest.partition("+")
        if not (characters.isdecimal() and (thoughts or "0").isdecimal()):
            return cls(turn_id, None, 0)
        return cls(turn_id, int(characters), int(thoughts or "0"))


class Follower:
    """What has been seen of a turn."""

    def __init__(self) -> None:
        self.last_id = ""
        self.context: answers.TurnContext | None = None
        self.reply: answers.Message | None = None
        self.state: Literal["done", "cancelled"] | None = None
        self._turn_id = ""
        self._characters = self._thoughts = 0
        self._calls_tools = False

    def take(self, event: ServerEvent) -> Iterator[TurnEvent]:
        """What is new in an event; raises what an `error` event says."""
        position = Position.of(event.id)
        if event.name == "error":
            # To resume would only show the failure again; the POST runs the turn again.
            self.last_id = ""
            raise errors.of_event(event.data)
        self.last_id = event.id
        if position.turn_id != self._turn_id:
            yield from self._begun(position.turn_id)
        yield from self._news(event, position)

    def result(self) -> TurnResult:
        """The turn, at its end."""
        return TurnResult(
            user_message=self.context["user_message"] if self.context else None,
            reply=self.reply,
            context=self.context,
            state=self.state or "done",
        )

    def _begun(self, turn_id: str) -> Iterator[TurnEvent]:
        if self._characters or self._thoughts:
            yield Restarted()
        self._turn_id, self._characters, self._thoughts = turn_id, 0, 0
        self.context, self.reply, self._calls_tools = None, None, False

    def _news(self, event: ServerEvent, position: Position) -> Iterator[TurnEvent]:
        match event.name:
            case "delta" if text := self._unseen(event.data["text"], position.characters, "reply"):
                yield Delta(text)
            case "reasoning" if text := self._unseen(
                event.data["text"], position.thoughts, "thoughts"
            ):
                yield Thought(text)
            case "context" if self.context is None:
                self.context = event.data
                yield Planned(event.data)
            case "tool_calls" if not self._calls_tools:
                self._calls_tools = True
                yield ToolsCalled(event.data["tool_calls"])
            case "message" if self.reply is None:
                self.reply = event.data
                yield Replied(event.data)
            case "done":
                self.state = event.data["state"]
                yield Ended(event.data["state"])

    def _unseen(self, text: str, position: int | None, of: Literal["reply", "thoughts"]) -> str:
        """The end of a text that has not been shown yet; `position` is where the text ends."""
        seen = self._characters if of == "reply" else self._thoughts
        end = seen + len(text) if position is None else position
        if of == "reply":
            self._characters = max(seen, end)
        else:
            self._thoughts = max(seen, end)
        return text[-(end - seen) :] if end > seen else ""


def _followed(
    service: Service,
    session_id: str,
    begin: Request[None] | None,
    follower: Follower,
    *,
    emits: bool,
) -> Flow[None]:
    """A turn to its end, over as many connections as it takes.

    Without `begin`, it is the one in progress. Patience is for failures in a row: each event
    starts it anew.
    """
    patience = Patience(service.retries, repeatable=True)
    resume_path = address("session", session_id, "chat", "stream")
    while True:
        resume = Request(
            "GET",
            resume_path,
            read_nothing,
            headers={
                "Accept": "text/event-stream",
                **({"Last-Event-ID": follower.last_id} if follower.last_id else {}),
            },
        )
        try:
            answer = yield from service.opened(resume if follower.last_id else begin or resume)
            if answer.status == 204:
                if begin is None:
                    return
                # Over: the POST tells the result.
                follower.last_id = ""
                yield from service.opened(begin)
            parser = EventParser()
            while (piece := (yield Read())) is not None:
                for event in parser.feed(piece):
                    for news in follower.take(event):
                        if emits:
                            yield Emit(news)
                    patience.progressed()
                if follower.state:
                    return
            raise Unreachable("the stream broke off")
        except ChatSessionsError as failure:
            yield from waited(patience, failure)


def _chat_request(
    session_id: str, *path: str, body: Mapping[str, object | None], client_id: str | None
) -> Request[None]:
    return Request(
        "POST",
        address("session", session_id, "chat", *path),
        read_nothing,
        body={**body, "client_id": client_id or new_key(), "stream": True},
        headers={"Accept": "text/event-stream"},
    )


def _body(
    content: str,
    messages: Sequence[answers.MessageDraft] | None,
    parts: Sequence[answers.Part] | None,
    model: str | None,
    max_tokens: int | None,
    options: Mapping[str, object] | None,
) -> dict[str, object | None]:
    return {
        **(options or {}),
        "content": content or None,
        "messages": None if messages is None else list(messages),
        "parts": None if parts is None else list(parts),
        "model": model,
        "max_tokens": max_tokens,
    }


def stream_chat(
    service: Service,
    session_id: str,
    content: str = "",
    *,
    messages: Sequence[answers.MessageDraft] | None = None,
    parts: Sequence[answers.Part] | None = None,
    client_id: str | None = None,
    model: str | None = None,
    max_tokens: int | None = None,
    options: Mapping[str, object] | None = None,
) -> Flow[None]:
    """Run a turn; its events as they come, whatever happens to the connection.

    `parts` name the pictures and files that `upload_attachment` has kept.

    `client_id` names the question: the same one again shows the same turn, and never asks or pays
    twice. It is made for you; bring your own to go on after a restart of your program. `messages`
    are results of tools; `options` are the model's parameters, such as `tools` and `temperature`.
    """
    body = _body(content, messages, parts, model, max_tokens, options)
    begin = _chat_request(session_id, body=body, client_id=client_id)
    yield from _followed(service, session_id, begin, Follower(), emits=True)


def stream_regenerate(
    service: Service,
    session_id: str,
    *,
    client_id: str | None = None,
    model: str | None = None,
    max_tokens: int | None = None,
) -> Flow[None]:
    """Have the model answer the last user message again; the earlier reply stays readable."""
    body = {"model": model, "max_tokens": max_tokens}
    begin = _chat_request(session_id, "regenerate", body=body, client_id=client_id)
    yield from _followed(service, session_id, begin, Follower(), emits=True)


def stream_turn(service: Service, session_id: str) -> Flow[None]:
    """Show the turn in progress from its beginning, whoever asked; nothing where there is none."""
    yield from _followed(service, session_id, None, Follower(), emits=True)


def chat(
    service: Service,
    session_id: str,
    content: str = "",
    *,
    messages: Sequence[answers.MessageDraft] | None = None,
    parts: Sequence[answers.Part] | None = None,
    client_id: str | None = None,
    model: str | None = None,
    max_tokens: int | None = None,
    options: Mapping[str, object] | None = None,
) -> Flow[TurnResult]:
    """Run a turn and wait for its end. It is streamed, so a slow model is no silent connection."""
    body = _body(content, messages, parts, model, max_tokens, options)
    follower = Follower()
    begin = _chat_request(session_id, body=body, client_id=client_id)
    yield from _followed(service, session_id, begin, follower, emits=False)
    return follower.result()


def regenerate(
    service: Service,
    session_id: str,
    *,
    client_id: str | None = None,
    model: str | None = None,
    max_tokens: int | None = None,
) -> Flow[TurnResult]:
    """Have the model answer the last user message again, and wait for its end."""
    body = {"model": model, "max_tokens": max_tokens}
    follower = Follower()
    begin = _chat_request(session_id, "regenerate", body=body, client_id=client_id)
    yield from _followed(service, session_id, begin, follower, emits=False)
    return follower.result()
