"""How conversations are written for a model's server, and how its answers are read. Pure.

What is stored is what was said; what is sent is what a server accepts; a session can always go on.

    request = write(said, manner)           the planned window as the messages of a request
    request.changes                         what is sent otherwise than it is stored, and why
    written_options(options, names)         `tools` and `tool_choice` under the names that are sent
    known_calls(calls, names)               the model's new calls under the names of the client

    reader = ReplyReader(new_id=…)
    piece = reader.feed(chunk)              text and thought of a chunk, or of a whole answer
    rest, reply = reader.finish()           the whole reply: calls, finish_reason, usage, extras

    refusal_of(status, body, secrets)       a server's error in its own words, without secrets
    other_manner(manner, refusal)           how to write the same for a server that refused it
    unwrapped(answer)                       a title or a summary without thoughts, fences, JSON
    cut_middle(text, most, count)           a text larger than the window, with a mark

- `data`          forms, manners, what goes in and what comes out
- `writing`       `write`: the order of the steps below
- `pairing`       calls with their results directly behind them
- `arguments`     arguments as JSON objects
- `naming`        ids and names that fit, there and back
- `alternation`   the strict forms: roles that alternate, the user first
- `cutting`       texts larger than the window
- `reading`       `ReplyReader`; `blocks`, `calls`, `halves` read the parts of a delta
- `refusals`      errors of servers
- `unwrapping`    titles and summaries
"""

from sessions_app.domain.dialect.arguments import as_object
from sessions_app.domain.dialect.blocks import thoughts
from sessions_app.domain.dialect.cutting import LEAST_TOKENS, common_length, cut_middle
from sessions_app.domain.dialect.data import (
    Attached,
    Change,
    Extras,
    Form,
    Manner,
    Medium,
    Request,
    Said,
    Sent,
    SentAs,
)
from sessions_app.domain.dialect.halves import Halves, whole
from sessions_app.domain.dialect.naming import Names, known_calls, written_options
from sessions_app.domain.dialect.pairing import bare, further
from sessions_app.domain.dialect.reading import Extra, Piece, Reply, ReplyReader, usage_of
from sessions_app.domain.dialect.refusals import Refusal, other_manner, refusal_of
from sessions_app.domain.dialect.unwrapping import unwrapped, without_thoughts
from sessions_app.domain.dialect.writing import AS_OPENAI, write

__all__ = [
    "AS_OPENAI",
    "LEAST_TOKENS",
    "Attached",
    "Change",
    "Extra",
    "Extras",
    "Form",
    "Halves",
    "Manner",
    "Medium",
    "Names",
    "Piece",
    "Refusal",
    "Reply",
    "ReplyReader",
    "Request",
    "Said",
    "Sent",
    "SentAs",
    "as_object",
    "bare",
    "common_length",
    "cut_middle",
    "further",
    "known_calls",
    "other_manner",
    "refusal_of",
    "thoughts",
    "unwrapped",
    "usage_of",
    "whole",
    "without_thoughts",
    "write",
    "written_options",
]
