"""What the service answers, as typed dictionaries; a newer service may add members."""

from typing import Any, Literal, NotRequired, Required, TypedDict

Role = Literal["system", "user", "assistant", "tool"]
Status = Literal["active", "archived"]
Strategy = Literal["recent", "topic", "relevant", "hybrid"]
ExportFormat = Literal["json", "jsonl", "markdown"]


class ContextPolicy(TypedDict, total=False):
    """A session's rules for its window."""

    strategy: Strategy
    max_tokens: int
    max_messages: int
    on_topic_shift: Literal["keep", "adjust", "reset"]


class Generation(TypedDict):
    """How a model wrote a message."""

    turn_id: str
    reply_to: int
    model: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    usage: NotRequired[dict[str, Any]]


class Message(TypedDict):
    """A stored message; a tombstone where `deleted`."""

    id: str
    seq: int
    role: Role
    content: str
    timestamp: str
    token_count: int
    topic: int | None
    topic_shift: bool
    client_id: str | None
    name: str | None
    tool_calls: list[dict[str, Any]] | None
    tool_call_id: str | None
    metadata: dict[str, str]
    deleted: bool
    generation: Generation | None
    superseded_by: int | None
    reasoning: NotRequired[str]
    extra: NotRequired[dict[str, Any]]
    items: NotRequired[dict[str, Any]]
    parts: NotRequired[list[dict[str, Any]]]


class Part(TypedDict, total=False):
    """A part of a message: text, or a picture, a file or a sound by its id or its address."""

    type: Required[Literal["text", "image", "file", "audio"]]
    text: str
    attachment_id: str
    url: str
    name: str
    alt: str
    detail: Literal["auto", "low", "high"]


class Attachment(TypedDict):
    """A picture, a file or a sound that is kept; `note` says why no text could be read in it."""

    attachment_id: str
    file_id: str
    media_type: str
    size: int
    name: str
    sha256: str
    width: int | None
    height: int | None
    tokens: int
    thumbnail: bool
    note: str


class MessageDraft(TypedDict, total=False):
    """A message to append; `role` defaults to `user`."""

    role: Role
    content: str
    parts: list[Part]
    client_id: str
    name: str
    tool_calls: list[dict[str, Any]]
    tool_call_id: str
    metadata: dict[str, str]


class Session(TypedDict):
    """A session without its messages."""

    session_id: str
    user_id: str
    title: str
    status: Status
    created_at: str
    updated_at: str
    expires_at: str | None
    message_count: int
    token_count: int
    metadata: dict[str, str]
    context_policy: ContextPolicy
    context_start: int
    topic: dict[str, Any] | None
    turn_in_progress: bool
    external_id: str | None
    tags: list[str]
    pinned: bool
    temporary: bool
    damaged: NotRequired[bool]
    etag: NotRequired[str]


class SessionWithMessages(Session):
    """A session with its newest messages, oldest first."""

    messages: list[Message]
    has_more: bool


class SessionPage(TypedDict):
    """A page of sessions; `next` is the address of the next one."""

    next: str | None
    previous: str | None
    results: list[Session]


class ValueCount(TypedDict):
    """How many sessions have a value."""

    value: str
    count: int


class SessionCount(TypedDict):
    """How many sessions there are; more than `count` where `complete` is false."""

    count: int
    complete: bool
    values: NotRequired[list[ValueCount]]


class Outcome(TypedDict):
    """What became of one session."""

    session_id: str
    result: Literal["deleted", "archived", "held", "temporary", "not_found"]


class BulkResult(TypedDict):
    """What became of many sessions; with `has_more`, the same call goes on with others."""

    matched: int
    held: int
    dry_run: bool
    has_more: bool
    results: list[Outcome]


class MessagePage(TypedDict):
    """A page of messages, oldest first."""

    results: list[Message]
    has_more: bool
    latest_seq: int


class PlannedMessage(TypedDict):
    """What the plan of a window decided about a message, and why."""

    seq: int
    role: Role
    token_count: int
    topic: int | None
    kept: bool
    reason: str
    sent_as: NotRequired[str]
    sent_as_reason: NotRequired[str]


class Context(TypedDict):
    """A context window: what a model call would be sent, and the plan behind it."""

    messages: list[dict[str, Any]]
    complete: bool
    token_count: int
    max_tokens: int
    strategy: Strategy
    ranking: str
    plan: list[PlannedMessage]
    dropped_count: int
    summary: NotRequired[dict[str, int]]
    recalled: NotRequired[dict[str, Any]]


class Topic(TypedDict):
    """The consecutive messages of one topic."""

    topic: int
    start_seq: int
    end_seq: int
    message_count: int
    label: str
    score: float


class TopicList(TypedDict):
    """A session's topics, up to the message `judged`."""

    results: list[Topic]
    judged: int
    complete: bool


class SearchHit(TypedDict):
    """A message that matches; or a title, with `seq` and `role` None."""

    session_id: str
    title: str
    seq: int | None
    role: Role | None
    snippet: str
    timestamp: str


class SearchResults(TypedDict):
    """The hits, best first; `complete` is false where the search ran out of time."""

    results: list[SearchHit]
    complete: bool


class TurnContext(TypedDict):
    """What the model of a turn was sent."""

    token_count: int
    max_tokens: int
    strategy: Strategy
    kept: int
    dropped: int
    seqs: list[list[int]]
    summary: list[int] | None
    user_message: Message | None


class CancelledTurn(TypedDict):
    """How a turn ended that was cancelled."""

    state: Literal["cancelled", "done"]
    assistant_message: Message | None


class TokenPair(TypedDict):
    """A sign-in: the access token opens routes, the refresh token buys the next pair once."""

    access: str
    refresh: str


class User(TypedDict):
    """An account."""

    id: str
    username: str
    email: str
    email_confirmed: bool
    is_staff: bool


class Registered(TokenPair):
    """A new account, signed in."""

    user: User


class NewApiKey(TypedDict):
    """An API key; `key` is shown this once."""

    id: str
    name: str
    prefix: str
    require_session: bool
    key: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class EndUser(TypedDict):
    """A user of an application, by the application's own id."""

    id: str
    session_count: int
    updated_at: str


class EndUserPage(TypedDict):
    """A page of an application's users; `next` is the address of the next one."""

    next: str | None
    results: list[EndUser]


class Receipt(TypedDict):
    """What stays of an erased user."""

    erased_at: str
    completed_at: str | None
    counts: dict[str, int]


class Proof(TypedDict):
    """What a search of the whole store has found of an erased user; `clean` where nothing."""

    left: dict[str, int]
    orphans: dict[str, int]
    mentions: int
    clean: bool


class ErasedUser(TypedDict):
    """What has been erased of a user of an application."""

    id: str
    erased: dict[str, int]
    receipt: Receipt | None
    proof: Proof | None
