"""The records of turns: what each was asked for with, what the model saw, how far it is."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pymongo
from pymongo import UpdateOne, WriteConcern

from sessions_app import instruments
from sessions_app.documents import Turn as Record
from sessions_app.documents import checking, collection, versions
from sessions_app.domain.errors import TurnInterrupted
from sessions_app.domain.responses import ResponseTerms
from sessions_app.domain.sessions.identifiers import uuid7_floor
from sessions_app.domain.turns import Seen, Turn, TurnState, reply_id
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored
from sessions_app.repository.turns.leases import PROMPT_SECONDS

logger = logging.getLogger(__name__)

# A turn that may still come to another end than its record says: its worker may be back.
_OPEN: Stored = {"$or": [{"state": TurnState.RUNNING.value}, {"error_code": TurnInterrupted.code}]}
# Turns begin within a moment of the message they answer.
_AROUND = timedelta(seconds=60)
_SOME = 20
# What is said now, for readers at other workers, and what is of no use to anybody else.
_SAID_SO_FAR = ("text", "thoughts", "thought_member")
_UNSAID = dict.fromkeys(_SAID_SO_FAR, 0)
# Of a turn whose worker is gone: what it had asked for stands nowhere.
UNKNOWN_MODEL = "unknown"
_FAILURE = ("error_code", "error_detail", "error_attr", "error_refusal")


class Progress(NamedTuple):
    """What is to be written of a running turn; without `seen`, that is left as it is."""

    session_id: str
    turn_id: str
    seen: Seen | None
    text: str
    thoughts: str = ""
    thought_member: str = ""
    early_thoughts: int | None = None
    refuses: bool = False


def record_id(session_id: str, turn_id: str) -> str:
    """The `_id` of a turn's record."""
    return f"{session_id}/{turn_id}"


@failures.translated
def insert(turn: Turn) -> None:
    """Record a turn that has just taken its session's lease."""
    optional = {
        "client_id": turn.client_id,
        "regenerates": turn.regenerates or None,
        "response": _stored_terms(turn.response),
        "reply_id": reply_id(turn.turn_id) if turn.response else None,
    }
    record = record_id(turn.session_id, turn.turn_id)
    fields: Stored = {
        "session_id": turn.session_id,
        "user_id": turn.user_id,
        "state": turn.state.value,
        "fingerprint": turn.fingerprint,
        "user_seq": turn.user_seq,
        "started_at": turn.started_at,
        "deadline": turn.deadline,
        **versions.STAMP,
        **{name: value for name, value in optional.items() if value is not None},
    }
    Record(pk=record, **fields).validate()
    collection(Record).insert_one({"_id": record, **fields})


@failures.translated
def write_progress(running: Iterable[Progress]) -> None:
    """Write how far these turns are, for readers on other workers; they run, whatever others say.

    Not waiting for a majority: what is lost of this in a fail-over is written again in a moment.
    """
    writes = [
        UpdateOne(
            {
                "_id": record_id(each.session_id, each.turn_id),
                "session_id": each.session_id,
                **_OPEN,
            },
            {
                "$set": {
                    "state": TurnState.RUNNING.value,
                    "text": each.text,
                    **({"refuses": True} if each.refuses else {}),
                    **({"seen": _stored_seen(each.seen)} if each.seen else {}),
                    **_stored_thoughts(each),
                },
                "$unset": dict.fromkeys(("ended_at", *_FAILURE), 1),
            },
        )
        for each in running
    ]
    quick = collection(Record).with_options(write_concern=WriteConcern(w=1, j=False))
    with pymongo.timeout(PROMPT_SECONDS):
        quick.bulk_write(writes, ordered=False)


@failures.translated
def finish(
    *,
    session_id: str,
    turn_id: str,
    state: TurnState,
    seen: Seen | None,
    ended_at: datetime,
    outcome: Mapping[str, Any],
    model: str = UNKNOWN_MODEL,
    by_its_worker: bool = True,
) -> None:
    """Record how a turn ended; `outcome` are further fields of a Turn, None leaves one out.

    `model` is what the turn is counted for, of a bounded set.

    Its own worker has the last word: it may be back after others took it for dead, and only it
    knows what the model saw. Others change a turn that is said to run or to have been interrupted.
    """
    written = {name: value for name, value in outcome.items() if value is not None}
    if seen is not None:
        written["seen"] = _stored_seen(seen)
    unset = {*_SAID_SO_FAR, *_FAILURE} - written.keys()
    before = collection(Record).find_one_and_update(
        {
            "_id": record_id(session_id, turn_id),
            "session_id": session_id,
            **({} if by_its_worker else _OPEN),
        },
        {
            "$set": {"state": state.value, "ended_at": ended_at, **written},
            "$unset": dict.fromkeys(sorted(unset), 1),
        },
        projection={"state": 1},
    )
    if before is not None and before["state"] == TurnState.RUNNING.value:
        instruments.turn_ended(state.value, model)


@failures.translated
def discard(*, session_id: str, turn_id: str) -> None:
    """Remove the record of a turn whose session has been deleted meanwhile."""
    collection(Record).delete_one({"_id": record_id(session_id, turn_id), "session_id": session_id})


@failures.translated
def read(turns: Sequence[tuple[str, str]]) -> Mapping[str, Turn]:
    """The turns of these session and turn ids, by turn id, as far as they are recorded."""
    cursor = collection(Record).find(
        {
            "_id": {"$in": [record_id(*each) for each in turns]},
            "session_id": {"$in": list({session_id for session_id, _ in turns})},
        }
    )
    return {turn.turn_id: turn for turn in _turns(cursor)}


@failures.translated
def about(*, session_id: str, moment: datetime) -> list[Turn]:
    """The turns that a session began around `moment` and soon after, oldest first; some.

    A turn's id has its time (RFC 9562, 5.7).
    """
    first = uuid7_floor(moment - _AROUND).replace("-", "")
    cursor = collection(Record).find(
        {
            "_id": {"$gte": f"{session_id}/turn_{first}", "$lt": f"{session_id}0"},
            "session_id": session_id,
        },
        _UNSAID,
    )
    return list(_turns(cursor.sort("_id", 1).limit(_SOME)))


@failures.translated
def newest(*, session_id: str, limit: int) -> list[Turn]:
    """The newest turns of a session, newest first, without what they are saying now."""
    cursor = collection(Record).find(log.every_bucket(session_id), _UNSAID)
    return list(_turns(cursor.sort("_id", -1).limit(limit)))


@failures.translated
def newest_of_key(*, session_id: str, client_id: str) -> Turn | None:
    """The last turn that was asked for with this key."""
    cursor = (
        collection(Record)
        .find({"session_id": session_id, "client_id": client_id})
        .sort("_id", -1)
        .limit(1)
    )
    return next(_turns(cursor), None)


@failures.translated
def of_replies(*, user_id: str, reply_ids: Sequence[str]) -> list[Turn]:
    """The user's responses that have stored these messages, newest first."""
    cursor = collection(Record).find(
        {"user_id": user_id, "reply_id": {"$in": list(reply_ids)}}, _UNSAID
    )
    return sorted(_turns(cursor), key=lambda turn: turn.turn_id, reverse=True)


@failures.translated
def running(*, begun_before: datetime, limit: int) -> list[Turn]:
    """Turns that are said to run and whose first lease ended by then, without what they say now.

    Most of them have renewed it: whether a turn still runs, its session's lease says.
    """
    cursor = collection(Record).find(
        {"state": TurnState.RUNNING.value, "deadline": {"$lt": begun_before}}, _UNSAID
    )
    return list(_turns(list(cursor.limit(limit))))


def _stored_thoughts(progress: Progress) -> Stored:
    if not progress.thoughts:
        return {}
    early = {} if progress.early_thoughts is None else {"early_thoughts": progress.early_thoughts}
    return {"thoughts": progress.thoughts, "thought_member": progress.thought_member, **early}


def _stored_terms(terms: ResponseTerms | None) -> Stored | None:
    if terms is None:
        return None
    # Schemas of tools have names that a field of a document may not have.
    stored = asdict(terms) | {"parameters": json.dumps(terms.parameters, ensure_ascii=False)}
    return {name: value for name, value in stored.items() if value not in (None, False)}


def _terms(stored: Mapping[str, Any] | None) -> ResponseTerms | None:
    if not stored:
        return None
    return ResponseTerms(**{**stored, "parameters": json.loads(stored["parameters"])})


def _stored_seen(seen: Seen) -> Stored:
    stored = asdict(seen)
    stored["seqs"] = [list(run) for run in seen.seqs]
    stored["summary"] = list(seen.summary) if seen.summary else None
    return stored


def _seen(stored: Mapping[str, Any] | None) -> Seen | None:
    if not stored:
        return None
    summary = stored.get("summary")
    return Seen(
        token_count=stored["token_count"],
        max_tokens=stored["max_tokens"],
        strategy=stored["strategy"],
        kept=stored["kept"],
        dropped=stored["dropped"],
        seqs=[(first, last) for first, last in stored["seqs"]],
        summary=(summary[0], summary[1]) if summary else None,
    )


def _turns(cursor: Iterable[Mapping[str, Any]]) -> Iterator[Turn]:
    """Those that can be read: one damaged record keeps no other turn from being looked after."""
    for stored in cursor:
        problem = checking.readable(Record).first_problem(stored)
        if not problem:
            try:
                yield _turn(stored)
            except (KeyError, TypeError, ValueError) as error:
                problem = repr(error)
        if problem:
            logger.warning("damaged: turn %s: %s", stored.get("_id"), problem)


def _turn(stored: Mapping[str, Any]) -> Turn:
    get = stored.get
    return Turn(
        turn_id=stored["_id"].partition("/")[2],
        session_id=stored["session_id"],
        user_id=stored["user_id"],
        state=TurnState(stored["state"]),
        user_seq=stored["user_seq"],
        started_at=stored["started_at"],
        deadline=stored["deadline"],
        client_id=get("client_id"),
        fingerprint=get("fingerprint", ""),
        regenerates=get("regenerates", False),
        assistant_seq=get("assistant_seq"),
        ended_at=get("ended_at"),
        seen=_seen(get("seen")),
        text=get("text", ""),
        thoughts=get("thoughts", ""),
        thought_member=get("thought_member", ""),
        early_thoughts=get("early_thoughts"),
        refuses=get("refuses", False),
        response=_terms(get("response")),
        model=get("model", ""),
        finish_reason=get("finish_reason", ""),
        prompt_tokens=get("prompt_tokens"),
        completion_tokens=get("completion_tokens"),
        error_code=get("error_code"),
        error_detail=get("error_detail"),
        error_attr=get("error_attr"),
        error_refusal=get("error_refusal"),
    )


@failures.translated
def drop_response(*, session_id: str, turn_id: str) -> bool:
    """Forget that this turn was a response; False where it is none, or none any more."""
    changed = collection(Record).update_one(
        {
            "_id": record_id(session_id, turn_id),
            "session_id": session_id,
            "response": {"$exists": True},
        },
        {"$unset": {"response": 1, "reply_id": 1}},
    )
    return bool(changed.modified_count)
