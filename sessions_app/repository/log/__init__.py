"""The message log: a session's messages in order, appended exactly once and read in runs.

The newest messages, the tail, are embedded in the session's own document; older ones lie in
buckets of at most 64. An append is one update of the session's document, whatever its length.

- `appending`: the guarded update that adds messages, turn leases that start with an append;
- `replays`: what an append finds of the one that it repeats;
- `tail`: moves the oldest messages of a tail that has outgrown its bounds to buckets;
- `pages`: reads headers, pages, runs of messages and whole sessions from tail and buckets;
- `codec`: encodes the domain's data as it is stored, and decodes it; `listed`: for lists, which a
  damaged session must not break;
- `once`: what keeps a batch from being stored twice that comes without a key of the client's;
- `waiting`: the line of requests that wait for the session's turn;
- `items`: finds the message of an item of the OpenAI wire;
- `headers`, `spilled_keys`: what this process remembers, so that an append is one round trip,
  and whose turn it is to write to a session.

These modules ask the driver where all others ask querysets: appends and windows are the time that
clients wait for, pages slice arrays at computed offsets, and a tail is cut by a pipeline.
docs/decisions/0024 has the figures.
"""

from sessions_app.repository.log import waiting
from sessions_app.repository.log.appending import (
    TURN_RETRY_SECONDS,
    AppendRequest,
    Push,
    after_push,
    append,
    push,
)
from sessions_app.repository.log.codec import (
    HEADER,
    LIVE,
    Stored,
    decode_lease,
    decode_message,
    decode_messages,
    decode_metadata,
    decode_session,
    encode_changes,
    encode_feedback,
    encode_items,
    encode_json,
    encode_lease,
    encode_message,
    encode_metadata,
    encode_policy,
    encode_session,
    lease_end,
    run_of,
    size_of,
    stored_size,
    tombstone,
    validate_message,
)
from sessions_app.repository.log.headers import memory
from sessions_app.repository.log.items import find_items
from sessions_app.repository.log.listed import decode_listed
from sessions_app.repository.log.once import Repeat
from sessions_app.repository.log.pages import (
    buckets_of_range,
    every_bucket,
    read_all,
    read_any_header,
    read_header,
    read_newest,
    read_opening,
    read_range,
    read_runs,
    read_tail,
    walk_stored_messages,
    with_liveness,
)
from sessions_app.repository.log.tail import new_bucket

__all__ = [
    "HEADER",
    "LIVE",
    "TURN_RETRY_SECONDS",
    "AppendRequest",
    "Push",
    "Repeat",
    "Stored",
    "after_push",
    "append",
    "buckets_of_range",
    "decode_lease",
    "decode_listed",
    "decode_message",
    "decode_messages",
    "decode_metadata",
    "decode_session",
    "encode_changes",
    "encode_feedback",
    "encode_items",
    "encode_json",
    "encode_lease",
    "encode_message",
    "encode_metadata",
    "encode_policy",
    "encode_session",
    "every_bucket",
    "find_items",
    "lease_end",
    "memory",
    "new_bucket",
    "push",
    "read_all",
    "read_any_header",
    "read_header",
    "read_newest",
    "read_opening",
    "read_range",
    "read_runs",
    "read_tail",
    "run_of",
    "size_of",
    "stored_size",
    "tombstone",
    "validate_message",
    "waiting",
    "walk_stored_messages",
    "with_liveness",
]
