"""What a response is asked for with, and what is known of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app.domain.data import Message
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import SessionError
from sessions_app.domain.responses import ResponseName, ResponseTerms
from sessions_app.domain.turns import Seen, TurnState
from sessions_app.services.turns import ModelCall


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A request for a response: `drafts` are its new messages, the last of which is answered.

    `session_id` is the conversation that it names, `previous` the response that it continues; with
    neither, it makes a session, unless the items that it sends along, with `item_ids`, are the
    history of one. `digest`, `key` and `since` are as in `turns.CompletionRequest`.
    `repeats` is how often OpenAI's package has sent it before, None for any other client. With
    `is_history`, the session may have any of the drafts already, as with completions; `places` are
    those in the request that errors name. `ticket` is as in `turns.TurnRequest`.
    """

    drafts: Sequence[MessageDraft]
    call: ModelCall
    terms: ResponseTerms
    digest: str = ""
    session_id: str | None = None
    previous: ResponseName | None = None
    key: str | None = None
    since: datetime | None = None
    repeats: int | None = None
    item_ids: Sequence[str] = ()
    is_history: bool = False
    places: Sequence[int] = ()
    ticket: str | None = None

    @property
    def turn_key(self) -> str:
        """What the turn is found again by."""
        return self.key or f"req_{self.digest}"


@dataclass(frozen=True, slots=True)
class ResponseState:
    """A response as far as it is.

    `message` is the stored reply, None where there is none; `seen` is what the model was sent.
    `is_queued`: it has only just begun.
    """

    name: ResponseName
    terms: ResponseTerms
    begun_at: datetime
    state: TurnState
    message: Message | None = None
    error: SessionError | None = None
    seen: Seen | None = None
    ended_at: datetime | None = None
    is_queued: bool = False
