"""Replays one dialogue over the API: writes it, reads it back, compares."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sessions_app.simulation.client import ApiClient, RequestFailed
from sessions_app.simulation.dialogues import FIELDS, Dialogue

CREATE = "POST /session/create"
APPEND = "POST /session/{session_id}/message"
READ = "GET /session/{session_id}"
PAGE = "GET /session/{session_id}/messages"
CONTEXT = "GET /session/{session_id}/context"
TOPICS = "GET /session/{session_id}/topics"

# The error where the system prompt and the newest user message alone exceed the budget.
NO_WINDOW = "context_length_exceeded"
NEWEST = 50
# Small, so that dialogues of ordinary length take several pages.
PAGE_MESSAGES = 10

Body = dict[str, Any]


def write(
    client: ApiClient, dialogue: Dialogue, stored: Callable[[str, int], None]
) -> tuple[str, list[Body]]:
    """Send a dialogue message by message; returns the session's id and the bodies that were sent.

    The first message creates the session. `stored` is called with the session's id and the `seq` of
    each message that is stored, before the next one is sent.
    """
    # With a key, an attempt that is repeated stores its message once.
    sent = [{**message, "client_id": uuid.uuid4().hex} for message in dialogue.messages]
    created = client.call(CREATE, expect=(201,), json={"messages": sent[:1]})
    session_id = str(created["session_id"])
    stored(session_id, 1)
    for seq, message in enumerate(sent[1:], 2):
        # 200 where an earlier attempt, whose answer was lost, stored it.
        client.call(APPEND, session_id=session_id, expect=(200, 201), json=message)
        stored(session_id, seq)
    return session_id, sent


def window(client: ApiClient, session_id: str, seq: int) -> Body:
    """The window of a model call while `seq` is the newest message, in the shape of `Watched`."""
    answer = client.call(CONTEXT, expect=(200, 400), session_id=session_id)
    if "errors" in answer:
        error = answer["errors"][0]
        if error["code"] != NO_WINDOW:
            raise RequestFailed(f"{CONTEXT}: {error['code']}")
        return {"seq": seq, "problem": error["detail"]}
    return {
        "seq": seq,
        "kept": sum(bool(each["kept"]) for each in answer["plan"]),
        "dropped": answer["dropped_count"],
        **{name: answer[name] for name in ("token_count", "max_tokens", "strategy")},
        # Sent in place of some of the dropped messages.
        **({"summary": answer["summary"]} if answer.get("summary") else {}),
    }


def topics(client: ApiClient, session_id: str) -> list[Body]:
    """The topics of the session, in order."""
    return list(client.call(TOPICS, session_id=session_id)["results"])


def read_back(client: ApiClient, session_id: str, sent: Sequence[Body]) -> Iterator[str]:
    """Yield every difference between what was sent and what the service returns, as sentences."""
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
        # An empty page with `has_more` would otherwise be requested for ever.
        more = page["has_more"] and bool(page["results"]) and len(listed) <= len(sent)
    yield from compare(list(enumerate(sent, 1)), listed, "its pages")


def compare(
    expected: Sequence[tuple[int, Body]], actual: Sequence[Body], where: str
) -> Iterator[str]:
    """Yield the differences between messages as sent, each with its `seq`, and as returned."""
    if len(expected) != len(actual):
        yield f"{where}: {len(expected)} messages expected, {len(actual)} found"
    for (seq, sent), message in zip(expected, actual, strict=False):
        wanted = {name: sent.get(name) for name in (*FIELDS, "client_id")}
        # The fields that the service adds, as the wire contract defines them.
        wanted |= {"seq": seq, "deleted": False, "metadata": sent.get("metadata") or {}}
        yield from _differences(f"{where}: message {seq}", wanted, message)


def _differences(where: str, wanted: Body, actual: Body) -> Iterator[str]:
    for name, value in wanted.items():
        if actual.get(name) != value:
            yield f"{where}: {name} is {actual.get(name)!r:.80}, not {value!r:.80}"
