"""The built-in responder: no model, no network. It shows what the service remembers."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.texts.tokens import TokenCounter, total_window_cost
from sessions_app.providers import Completion, Ending, Messages
from sessions_app.providers.demo_answers import answer, text_of

NAME = "demo"
# A word takes about as long to appear as it does with a model of middling speed.
FIRST_PIECE_SECONDS = 0.25
BETWEEN_PIECES_SECONDS = 0.03


class Demo:
    """A `Provider` that answers from the conversation it is given, and says what it is."""

    name = NAME

    def __init__(
        self,
        *,
        count: TokenCounter,
        first_piece_seconds: float | None = None,
        between_pieces_seconds: float | None = None,
    ) -> None:
        self._count = count
        self._waits = (
            FIRST_PIECE_SECONDS if first_piece_seconds is None else first_piece_seconds,
            BETWEEN_PIECES_SECONDS if between_pieces_seconds is None else between_pieces_seconds,
        )

    def complete(self, messages: Messages, *, max_tokens: int) -> Completion:
        """As `Provider.complete`, at once."""
        reply = DemoReply(messages, self._count, max_tokens=max_tokens, waits=(0, 0))
        text = "".join(reply.pieces(answer(messages)))
        ending = reply.ending
        assert ending is not None  # noqa: S101 - it has said all
        return Completion(text, ending.prompt_tokens, ending.completion_tokens, NAME)

    def stream(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> "DemoReply":
        """As `Provider.stream`; `model` and `options` change nothing."""
        return DemoReply(messages, self._count, max_tokens=max_tokens, waits=self._waits)


class DemoReply:
    """A `Reply`, word by word."""

    def __init__(
        self,
        messages: Messages,
        count: TokenCounter,
        *,
        max_tokens: int | None,
        waits: tuple[float, float],
    ) -> None:
        self._messages = messages
        self._count = count
        self._max_tokens = max_tokens
        self._waits = waits
        self._ending: Ending | None = None

    @property
    def ending(self) -> Ending | None:
        """As `Reply.ending`."""
        return self._ending

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        """As `Reply.__aiter__`."""
        wait, between = self._waits
        for piece in self.pieces(await asyncio.to_thread(answer, self._messages)):
            await asyncio.sleep(wait)
            wait = between
            yield piece

    def pieces(self, text: str) -> Iterator[str]:
        """The words of `text` that there are tokens for, and then the ending."""
        spent, text_so_far, finish_reason = 0, "", "stop"
        for number, piece in enumerate(_pieces(text)):
            cost = self._count(piece)
            if self._max_tokens is not None and spent + cost > self._max_tokens and number:
                finish_reason = "length"
                break
            spent += cost
            text_so_far += piece
            yield piece
        self._ending = Ending(
            finish_reason,
            _prompt_tokens(self._messages, self._count),
            self._count(text_so_far),
            NAME,
        )


def _pieces(text: str) -> Iterator[str]:
    """Words, each with the white space before it; of scripts without any, a few characters."""
    # Without the white space at the end, behind which the pattern would look for a word again and
    # again: as often as there are spaces.
    return (match.group() for match in re.finditer(r"\s*\S{1,12}", text.rstrip()))


def _prompt_tokens(messages: Messages, count: TokenCounter) -> int:
    return total_window_cost(message_tokens(count, text_of(message)) for message in messages)
