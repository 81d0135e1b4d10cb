"""One dialogue through the API: written as a client would, read back, compared."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sessions_app.simulation.client import ApiClient
from sessions_app.simulation.dialogues import FIELDS, Dialogue

CREATE = "POST /session/create"
APPEND = "POST /session/{session_id}/message"
READ = "GET /session/{session_id}"
PAGE = "GET /session/{session_id}/messages"

NEWEST = 50
# Small, so that dialogues of ordinary length take several pages.
PAGE_MESSAGES = 10

Body = dict[str, Any]


def write(
    client: ApiClient, dialogue: Dialogue, stored: Callable[[int], None]
) -> tuple[str, list[Body]]:
    """Send a dialogue, a message at a time; its session's id and the bodies as they were sent.

    The session is created with the first message. `stored` is called with
    each message's `seq` once the service has it.
    """
    sent = [{**message, "client_id": uuid.uuid4().hex} for message in dialogue.messages]
    created = client.call(CREATE, expect=(201,), json={"messages": sent[:1]})
    session_id = str(created["session_id"])
    stored(1)
    for seq, message in enumerate(sent[1:], 2):
        # 200 where an attempt whose answer was lost had stored it.
        client.call(APPEND, session_id=session_id, expect=(200, 201), json=message)
        stored(seq)
    return session_id, sent


def read_back(client: ApiClient, session_id: str, sent: Sequence[Body]) -> Iterator[str]:
    """Every difference between what was sent and what the service gives back, in sentences."""
    session = client.call(READ, session_id=session_id, params={"limit": NEWEST})
    counts = {"message_count": len(sent), "has_more": len(sent) > NEWEST}
    yield from _differences("the session", counts, session)
    newest = list(enumerate(sent, 1))[-NEWEST:]
    yield from compare(newest, session.get("messages", []), "its newest messages")

    listed: list[Body] = []
    more = True
    while more:
        after = listed[-1]["seq"] if listed else 0
        params = {"after": after, "limit": PAGE_MESSAGES}
        page = client.call(PAGE, session_id=session_id, params=params)
        yield from _differences("a page", {"latest_seq": len(sent)}, page)
        listed += page["results"]
        # A page without messages that promises more would be asked for without end.
        more = page["has_more"] and bool(page["results"]) and len(listed) <= len(sent)
    yield from compare(list(enumerate(sent, 1)), listed, "its pages")


def compare(
    expected: Sequence[tuple[int, Body]], found: Sequence[Body], where: str
) -> Iterator[str]:
    """Differences between messages as sent, each with its `seq`, and as found, in this order."""
    if len(expected) != len(found):
        yield f"{where}: {len(expected)} messages expected, {len(found)} found"
    for (seq, sent), message in zip(expected, found, strict=False):
        wanted = {name: sent.get(name) for name in (*FIELDS, "client_id")}
        wanted |= {"seq": seq, "deleted": False, "metadata": sent.get("metadata") or {}}
        yield from _differences(f"{where}: message {seq}", wanted, message)


def _differences(where: str, wanted: Body, found: Body) -> Iterator[str]:
    for name, value in wanted.items():
        if found.get(name) != value:
            yield f"{where}: {name} is {found.get(name)!r:.80}, not {value!r:.80}"
