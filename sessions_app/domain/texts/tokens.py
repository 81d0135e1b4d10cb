"""What a message costs in a context window, and the interface of a tokenizer.

The domain does not know which tokenizer counts: it takes any `TokenCounter`. A message's own
tokens are counted once, when it is stored; in a window it costs `PER_MESSAGE_OVERHEAD` more.
"""

from collections.abc import Iterable
from typing import Final, Protocol

PER_MESSAGE_OVERHEAD: Final = 4
"""Tokens that the chat format spends around each message (role, separators), beside its content.

The value is the higher of the two that the OpenAI cookbook gives ("How to count tokens with
tiktoken"); a window counted with it never turns out longer than planned.
"""


class TokenCounter(Protocol):
    """Counts the tokens of a text, as `sessions_app.tokenizer.count_tokens` does."""

    def __call__(self, text: str, /) -> int:
        """Tokens of a text: 0 for the empty one, the same for the same text, never negative."""


def window_cost(token_count: int) -> int:
    """Tokens that a message of `token_count` own tokens takes from a window's budget."""
    return token_count + PER_MESSAGE_OVERHEAD


def total_window_cost(token_counts: Iterable[int]) -> int:
    """Tokens that these messages take from a window's budget together."""
    return sum(window_cost(count) for count in token_counts)
