"""A message as ranking and planning see it: text, cost, topic and what was derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sessions_app.domain.texts.tokens import window_cost


class Ranking(StrEnum):
    """What older messages were ranked with; `none` where nothing was ranked."""

    NONE = "none"
    LEXICAL = "lexical"
    LEXICAL_DENSE = "lexical+dense"


@dataclass(frozen=True, slots=True)
class WindowMessage:
    """A candidate for the window.

    `token_count` is the message's own tokens, without the overhead. `tool_call_ids` are the calls
    it makes, `tool_call_id` the call it answers. `vector` is a unit vector of `relevance`'s
    dense space, `terms` what `relevance_terms.term_ids` gave for `content`; both are derived and
    may be absent: without a vector the message is ranked by its words alone, without terms they
    are computed when first needed. `silent` is an item without text.
    """

    seq: int
    role: str
    token_count: int
    topic: int | None = None
    content: str = ""
    name: str | None = None
    tool_call_ids: tuple[str, ...] = ()
    tool_call_id: str | None = None
    deleted: bool = False
    superseded: bool = False
    silent: bool = False
    vector: NDArray[np.float32] | None = None
    terms: NDArray[np.uint32] | None = None

    @property
    def cost(self) -> int:
        """Tokens it takes from the budget."""
        return window_cost(self.token_count)
