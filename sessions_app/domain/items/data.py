"""What the mapping between items and messages takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sessions_app.domain.drafts import MessageDraft

Item = Mapping[str, Any]
"""An item as it is on the wire."""


class Kind(StrEnum):
    """The types of items that are modelled; all others are opaque."""

    MESSAGE = "message"
    REASONING = "reasoning"
    CALL = "function_call"
    OUTPUT = "function_call_output"
    CUSTOM_CALL = "custom_tool_call"
    CUSTOM_OUTPUT = "custom_tool_call_output"


@dataclass(frozen=True, slots=True)
class ItemBatch:
    """Drafts that a list of items became; `positions` are those of each draft's first item.

    `ids` are all that the client brought; no two are the same.
    """

    drafts: Sequence[MessageDraft]
    positions: Sequence[int]
    ids: frozenset[str]
