"""Sessions to summarise, and short ways to do things to them."""

from collections.abc import Callable
from itertools import repeat

from sessions_app.api.wire import context as wire
from sessions_app.domain.data import Strategy
from sessions_app.repository.sessions import summaries as stored
from sessions_app.services import context, erasure
from sessions_app.services.context import summaries
from sessions_app.services.context.summaries import ExtensionOutcome
from tests.repository.conftest import OWNER, append_many, new_session, now
from tests.waiting import in_time

BUDGET = 512
POLICY = {"max_tokens": BUDGET, "strategy": Strategy.RECENT}
# 17 tokens with its number, 21 in a window.
SENTENCE = "number {} says that the boats leave from the old harbour at seven, weather permitting"

Extend = Callable[..., summaries.Extended]


def make_talk(length: int, **policy) -> str:
    session = new_session(system_prompt="Be brief.", policy=POLICY | policy)
    go_on(session.session_id, 2, length)
    return session.session_id


def go_on(session_id: str, first: int, length: int) -> None:
    append_many(session_id, [SENTENCE.format(n) for n in range(first, first + length)])


def up_to_date(extend: Extend, session_id: str) -> list[summaries.Extended]:
    done = []
    for last in in_time(map(extend, repeat(session_id)), what="a summary that is up to date"):
        if last.outcome is not ExtensionOutcome.EXTENDED:
            break
        done.append(last)
    return done


def stored_summary(session_id: str):
    return stored.read(session_id=session_id, user_id=OWNER).summary


def window(session_id: str, **query):
    query = {"max_tokens": None, "strategy": None, "query": None} | query
    return wire.context(
        context.context_plan(session_id=session_id, user_id=OWNER, now=now(), **query)
    )


def delete(session_id: str, seq: int) -> None:
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())


def reset(session_id: str, *, undo: bool = False) -> None:
    context.context_reset(session_id=session_id, user_id=OWNER, undo=undo, now=now())


def request_text(request: dict) -> str:
    return request["messages"][1]["content"]


def numbers(request: dict) -> list[int]:
    """The `seq` of the messages that a model was asked to summarise."""
    lines = request_text(request).partition("Messages:\n")[2].splitlines()
    return [int(line[1:].partition("]")[0]) for line in lines]
