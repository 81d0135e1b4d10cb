"""What an import counts."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class ImportReport:
    """The counts of an import. `left` counts, by name, what was not imported.

    `sessions`, `messages`, `tool_calls` and `attached`, the attachments that messages refer to, are
    of sessions that were not there; `attachments` counts those that stood in the file themselves.

    `already_there` counts sessions that exist and were left alone, `grown` those of them with more
    messages in the file, `of_erased_users` those whose owners were erased, `recounted` those whose
    totals in the file were wrong. `session_ids` are the first few, whether they were there or not.
    """

    sessions: int = 0
    messages: int = 0
    already_there: int = 0
    grown: int = 0
    of_erased_users: int = 0
    recounted: int = 0
    attachments: int = 0
    attached: int = 0
    tool_calls: int = 0
    left: Counter[str] = field(default_factory=Counter)
    session_ids: list[str] = field(default_factory=list)
