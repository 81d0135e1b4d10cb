"""Every query of the repository is sent, explained by MongoDB, and judged.

A function of the repository that queries and is not walked here fails the last test.
"""

import ast
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sessions_app import documents, encoders, repository
from sessions_app.domain.data import Role, SessionPosition, Status, Strategy
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import LegalHold, SessionError
from sessions_app.domain.records import line
from sessions_app.domain.summaries import Summary
from sessions_app.repository import annotations, indexes, pages, summaries, tail, user_traces
from sessions_app.services import (
    audit_rebuilding,
    audits,
    context,
    exports,
    imports,
    integrity,
    messages,
    personal_data,
    privacy,
    segments,
    session_exports,
    sessions,
    throttling,
)
from tests.repository.commands import Sent, recorder
from tests.repository.conftest import OWNER, append, append_many, new_session, now

# These walk whole collections by design, in order of `_id`, and serve operators only.
WALKS = {
    "integrity.session_ids", "integrity._owners", "integrity.count_sessions",
    "summaries.active_sessions", "user_traces.count_traces",
}  # fmt: skip
# A run of messages lies with its session, whatever its own `_id`.
SHARD_KEYS = {"message_buckets": {"session_id"}, "message_annotations": {"session_id"}}
# No query of ours: the driver's or the server's own housekeeping.
WITHOUT_QUERY = {
    "indexes.ensure", "indexes.differences", "indexes._create_collection", "tail._write_bucket",
    "sessions._insert_all", "sessions._copy_messages", "sessions.insert",
    "integrity.count_sessions", "user_traces.collection_sizes", "imports.insert_sessions",
}  # fmt: skip


@pytest.fixture(scope="module")
def walked(mongo_client: Any) -> Iterator[tuple[Any, list[Sent]]]:
    """All the repository does, recorded, on a database with other people's sessions in it."""
    from tests.conftest import use_database

    use_database(mongo_client, "test_explain")
    database = mongo_client["test_explain"]
    indexes.ensure()
    for n in range(300):
        sessions.session_create(
            user_id=f"somebody-{n % 7}",
            draft=sessions.SessionDraft(
                history=[MessageDraft(role=Role.USER, content="hello", client_id="c")]
            ),
            now=now(),
        )
    recorder.sent.clear()
    recorder.on = True
    _walk(database)
    recorder.on = False
    yield database, list(recorder.sent)
    mongo_client.drop_database("test_explain")


def _walk(database: Any) -> None:
    session = new_session()
    session_id = session.session_id
    append(session_id, "first", "key-1")
    append_many(session_id, [f"message {n}" for n in range(400)])
    append(session_id, "first", "key-1")
    append(session_id, "another", "key-2")
    append(session_id, "another", "key-2")
    for seq in (2, 400):
        messages.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
    for after, before in ((0, None), (150, None), (395, None), (None, 200), (None, 400)):
        messages.message_page(
            session_id=session_id, user_id=OWNER, after=after, before=before, limit=50, now=now()
        )
    _walk_windows(session_id)
    _walk_summaries(session_id)
    _walk_sessions(session_id)
    _walk_operators(database, session_id)


def _walk_windows(session_id: str) -> None:
    append_many(session_id, [f"message {n}" for n in range(1_400)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "load_encoder", lambda: None)
        for strategy in Strategy:
            context.context_plan(
                session_id=session_id,
                user_id=OWNER,
                max_tokens=500,
                strategy=strategy,
                query="message",
                now=now(),
            )
        segments.topic_list(session_id=session_id, user_id=OWNER, now=now())
    messages.message_page(
        session_id=session_id, user_id=OWNER, after=100, before=None, limit=50, now=now()
    )
    context.context_reset(session_id=session_id, user_id=OWNER, undo=False, now=now())
    messages.message_delete(session_id=session_id, user_id=OWNER, seq=3, now=now())
    segments.topic_list(session_id=session_id, user_id=OWNER, now=now())
    annotations.forget_session(session_id=session_id)


def _walk_summaries(session_id: str) -> None:
    before = summaries.read(session_id=session_id, user_id=OWNER)
    summary = Summary("…", 1, 50, 1, "model", now())
    summaries.write(session_id=session_id, user_id=OWNER, summary=summary, replacing=before)
    for seq in (20, 399):
        messages.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
    summaries.owner(session_id)
    summaries.active_sessions(after=session_id, now=now())


def _walk_sessions(session_id: str) -> None:
    for limit in (10, 300):
        sessions.session_get(session_id=session_id, user_id=OWNER, limit=limit, now=now())
    list(exports.session_stream(session_id=session_id, user_id=OWNER, now=now())[1])
    fork = sessions.session_fork(
        session_id=session_id, user_id=OWNER, up_to_seq=300, title=None, now=now()
    )
    sessions.session_update(
        session_id=session_id, user_id=OWNER, changes={"title": "x"}, versions=None, now=now()
    )
    place = SessionPosition(now() + timedelta(seconds=1), fork.session_id)
    for position, backwards in ((None, False), (place, False), (place, True)):
        sessions.session_list(
            user_id=OWNER,
            status=Status.ACTIVE,
            limit=20,
            position=position,
            backwards=backwards,
            now=now(),
        )
    sessions.session_archive(session_id=session_id, user_id=OWNER, now=now())
    with suppress(SessionError):
        append(session_id, "refused", "key-3")
    sessions.session_restore(session_id=session_id, user_id=OWNER, now=now())
    sessions.session_delete(session_id=fork.session_id, user_id=OWNER)
    tail.spill(session_id)
    pages.header(session_id=session_id, user_id=OWNER)


def _walk_operators(database: Any, session_id: str) -> None:
    throttling.throttle_take(key="k", limit=60, period_seconds=60, now=now())
    leftover = database.message_buckets.find_one({"session_id": session_id})
    tail._write_bucket(leftover | {"revision": leftover["revision"] + 1})
    tail._drop_if_orphaned("nobody's", 1)
    database.message_buckets.insert_one(
        leftover | {"_id": "gone/000000000001", "session_id": "gone"}
    )
    database.message_annotations.insert_one({"_id": "gone/1", "session_id": "gone"})
    database.sessions.update_one({"_id": session_id}, {"$set": {"token_count": 1}})
    database.message_buckets.update_one(
        {"_id": leftover["_id"]},
        {"$set": {"token_count": 1, "messages.0.deleted": True, "messages.0.content": "left"}},
    )
    database.sessions.update_one({"_id": session_id}, {"$set": {"messages.0.deleted": True}})
    list(integrity.integrity_check(repair=True, progress=lambda _: None))
    _walk_audits()
    _walk_personal_data()
    database.sessions.update_one({"_id": session_id}, {"$set": {"legal_hold": True}})
    with pytest.raises(LegalHold):
        privacy.erase_user(user_id=OWNER, now=now())
    database.sessions.update_one({"_id": session_id}, {"$unset": {"legal_hold": 1}})
    privacy.erase_user(user_id=OWNER, now=now())
    privacy.erasure_complete(user_id=OWNER, counts={"accounts": 1}, now=now())


def _walk_audits() -> None:
    asked = [MessageDraft(role=Role.USER, content=f"message {n}") for n in range(100)]
    owner, draft = "audited", sessions.SessionDraft(history=asked)
    session_id = sessions.session_create(user_id=owner, draft=draft, now=now()).session_id
    options: Any = {"max_tokens": None, "strategy": None, "limit": None, "progress": lambda _: None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "load_encoder", lambda: SameForAll)
        audits.session_count(user_id=owner)
        for user_id, since in ((owner, None), (None, now() + timedelta(days=1))):
            list(audits.context_audit(user_id=user_id, since=since, **options))
        for only_missing in (True, False):
            list(
                audit_rebuilding.annotations_rebuild(
                    user_id=owner, limit=None, only_missing=only_missing, progress=lambda _: None
                )
            )
        messages.message_append(session_id=session_id, user_id=owner, draft=asked[0], now=now())
        segments.topic_list(session_id=session_id, user_id=owner, now=now())


def _walk_personal_data() -> None:
    assert personal_data.is_known(user_id=OWNER)
    list(personal_data.export(user_id=OWNER, now=now(), account=None))
    taken = session_exports.Selection(user_id=OWNER)
    exported = [json.loads(line(each)) for each in session_exports.sessions_export(selection=taken)]
    copied = [each | {"session_id": f"i{each['session_id'][1:]}"} for each in exported[:-1]]
    left = documents.MessageBucket._get_collection().find_one(
        {"session_id": exported[0]["session_id"]}
    )
    moved = {"session_id": copied[0]["session_id"]}
    moved["_id"] = left["_id"].replace(exported[0]["session_id"], copied[0]["session_id"])
    documents.MessageBucket._get_collection().insert_one(left | moved | {"revision": 0})
    for _ in range(2):
        imports.sessions_import(
            numbered=enumerate(copied), user_id="i", dry_run=False, progress=lambda _: None
        )
    for collection in ("sessions", "message_buckets"):
        user_traces.count_traces(collection=collection, user_id=OWNER, progress=lambda _: None)


class SameForAll:
    """An encoder that takes no time."""

    name = "same/1"

    @staticmethod
    def encode(texts: list[str]) -> Any:
        return np.full((len(texts), encoders.DIMENSIONS), encoders.DIMENSIONS**-0.5, np.float32)


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for value in plan.values():
            yield from _stages(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from _stages(value)


def _own(walked: Any) -> list[Sent]:
    return [sent for sent in walked[1] if sent.sender != "elsewhere"]


def test_no_query_scans_a_collection(walked: Any) -> None:
    database = walked[0]
    for sent in _own(walked):
        plan = database.command({"explain": sent.explainable(), "verbosity": "queryPlanner"})
        stages = set(_stages(plan))
        assert "COLLSCAN" not in stages, sent
        assert stages & {"IXSCAN", "IDHACK", "EOF"} or "UPDATE" in stages, (sent, stages)


def test_no_query_looks_at_many_more_documents_than_it_needs(walked: Any) -> None:
    database = walked[0]
    for sent in _own(walked):
        found = database.command({"explain": sent.explainable(), "verbosity": "executionStats"})
        stats = found["executionStats"]
        allowed = max(2, 2 * stats.get("nReturned", 0))
        if sent.sender not in WALKS:
            assert stats["totalDocsExamined"] <= allowed, (sent, stats)


def test_every_query_names_its_shard_or_its_user(walked: Any) -> None:
    for sent in _own(walked):
        for wanted in sent.filters:
            keys = SHARD_KEYS.get(sent.collection, {"_id", "user_id"})
            assert sent.sender in WALKS or keys & wanted.keys(), sent


def test_every_function_that_queries_was_walked(walked: Any) -> None:
    queries = {
        f"{path.stem}.{function.name}"
        for path in Path(repository.__path__[0]).glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and "_get_collection()" in ast.unparse(function)
    }
    walked_functions = {sent.sender for sent in _own(walked)}
    nested = {
        "sessions.delete",
        "sessions.fork",
        "erasures._erase_in_bucket",
        "user_erasures.erase_sessions",
    }
    assert queries - walked_functions - WITHOUT_QUERY - nested == set()
