"""Every query of the repository is sent, explained by MongoDB, and judged.

A function of the repository that queries and is not walked here fails the last test.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from bson.codec_options import CodecOptions, DatetimeConversion

from sessions_app import documents, encoders
from sessions_app.domain.applications import EndUser, beyond_namespace, namespace
from sessions_app.domain.data import Role, SessionFilter, SessionPosition, Strategy
from sessions_app.domain.deferred import Kind
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.errors import LegalHold, SessionError
from sessions_app.domain.figures import daily
from sessions_app.domain.figures.daily import DayTally, Figure
from sessions_app.domain.jobs import JobName, Outcome
from sessions_app.domain.records.writing import line
from sessions_app.domain.search.data import SearchFilter
from sessions_app.domain.sessions.expiry import ExpiryMode
from sessions_app.domain.window.summaries import Summary
from sessions_app.repository import (
    annotations,
    belongings,
    deferred,
    end_users,
    health,
    indexes,
    jobs,
    revocations,
    usages,
)
from sessions_app.repository import review as review_store
from sessions_app.repository import sessions as sessions_store
from sessions_app.repository.erasure import traces as user_traces
from sessions_app.repository.figures import daily as daily_figures
from sessions_app.repository.log import pages, tail
from sessions_app.repository.sessions import summaries
from sessions_app.services import context, erasure, messages, quotas, sessions, throttling
from sessions_app.services.audits import integrity
from sessions_app.services.audits import rebuilding as audit_rebuilding
from sessions_app.services.audits import windows as audits
from sessions_app.services.expiry import auditing as expiry_audits
from sessions_app.services.expiry import retiming
from sessions_app.services.expiry import sweeping as expiry
from sessions_app.services.figures import dashboard
from sessions_app.services.figures import totals as figures
from sessions_app.services.privacy import erasing as privacy
from sessions_app.services.privacy import personal_data
from sessions_app.services.review import staff_actions
from sessions_app.services.search import indexing as search_indexing
from sessions_app.services.search import querying as search
from sessions_app.services.search.rebuilding import search_rebuild
from sessions_app.services.sessions import named as named_sessions
from sessions_app.services.store import StoreMigration, document_count
from sessions_app.services.topics import segments
from sessions_app.services.transfer import exporting as session_exports
from sessions_app.services.transfer import importing as imports
from sessions_app.services.turns import integrity as turn_integrity
from sessions_app.services.walks import Walk
from tests.repository.attachment_walk import walk_attachments
from tests.repository.branch_walk import walk_branches
from tests.repository.commands import REPOSITORY, Sent, module, recorder
from tests.repository.conftest import OWNER, append, append_many, new_session, now
from tests.repository.filter_walk import walk_filters, walk_queue
from tests.repository.import_walk import walk_imports
from tests.repository.item_walk import walk_items
from tests.repository.turn_walk import walk_turns
from tests.repository.walked_review import walk_review

pytestmark = [
    pytest.mark.mongod("plans of queries"),
    pytest.mark.xdist_group("all that the repository does"),
]

APPLICATION = "0192f0c1-7a3b-7c4d-8e5f-0123456789ab"

# These walk whole collections by design, in order of `_id`, and serve operators only.
WALKS = {
    "audits.integrity.session_ids",
    "audits.integrity.active_session_ids",
    "audits.integrity._owners",
    "audits.integrity.count_sessions",
    "deferred.count",
    "summaries.active_sessions",
    "erasure.traces.count_traces",
    # These ask all shards for what is due, in order of an index, and serve operators only.
    "expiry.sweeps._page",
    "expiry.sweeps.count_expired",
    "expiry.sweeps.count_archived",
    "figures.totals._in_all",
    "figures.totals._expiring",
    "figures.totals._archived",
    "figures.totals._last_sweep",
    "figures.totals._running",
    "expiry.audit.times_page",
    "expiry.audit.last_complete",
    "expiry.audit._receipts_page",
    "expiry.audit.count_belongings",
    "expiry.retiming.following_default",
    "turns.records.running",
    # Any process does the work of any session.
    "deferred.due",
    "turns.leases.overdue",
    "search.index.moved_of_all",
    "search.reading.candidates_of_all",
    "figures.daily.sizes",
    "figures.daily._count",
    "figures.daily.count_flagged",
    # Of a collection that is kept together.
    "jobs.history",
    "store.migrating.page",
    "store.migrating.count",
    # Documents of a page, each by what its collection is spread by.
    "store.migrating.advance",
    "store.migrating.outdated",
    # Of what is due, or all of it, in order of an index, for the job and for operators.
    "attachments.removing.due",
    "attachments.removing.remove_unfinished",
    "attachments.references.unconfirmed",
    "attachments.facts.next_to_prepare",
    "attachments.auditing._page_of_facts",
    "attachments.auditing._page_of_links",
    "attachments.auditing._page_of_blobs",
    "attachments.auditing._page_of_pieces",
    # The messages of one session, where a reference to an attachment may have been the last.
    "attachments.references.is_referred_to",
}
# An operator's audit reads a whole log, once.
READS_ALL = {"usages._page", "usages.bucket_bytes", "review.chain.unchained"}
# Staff look at everybody's sessions, and at who did: by an index, on every shard.
STAFF = {
    "review.conversations.find_page",
    "review.conversations._edge",
    "review.conversations._by_ids",
    "review.conversations.activity_bounds",
    "review.read_log.page",
    "review.read_log.granted",
    "review.read_log.forget_staff",
    # The chain is one for all, and stays together; its audit reads all of it.
    "review.chain._tie",
    "review.chain.links",
    "review.chain.length",
    # What all workers have to know.
    "revocations.changed_since",
}
# These judge some of a filter on documents, a bounded number of them.
FILTERS = {
    "review.conversations._by_ids",
    "review.read_log.page",
    "review.read_log.newest_grant",
    "review.read_log.granted",
}
# These look at every block of a user with one term, for those that have the others as well.
SEARCHES = {"search.reading.candidates"}
# What belongs to a session lies with it, whatever its own `_id`.
SHARD_KEYS = {
    **{one.COLLECTION: {"session_id"} for one in belongings.OF_SESSIONS.values()},
    "search_documents": {"session_id", "user_id"},
    "review_log": {"session_id", "user_id"},
    # A deletion asks every shard for the names of its session: none of them says which they are.
    "session_names": {"_id", "session_id"},
    "session_attachments": {"_id", "session_id", "attachment_id"},
    "attachments.chunks": {"files_id"},
}
# By an index, at every shard: for clients that keep the history and name no session.
BY_USER = {"turns.records.of_replies"}
# How a function comes by documents: a queryset, or the driver's collection.
ASKS = re.compile(r"\.objects\b|\bcollection\(")
# An index, a document by its `_id`, or what the collection's metadata tell.
CHEAP = {"IXSCAN", "IDHACK", "COUNT_SCAN", "RECORD_STORE_FAST_COUNT", "EOF"}
# No query of ours: the driver's or the server's own housekeeping.
WITHOUT_QUERY = {
    "turns.records.insert",
    "indexes.ensure",
    "indexes.differences",
    "indexes._create_collection",
    "log.tail._write_bucket",
    "sessions.making._insert_all",
    "sessions.making._copy_messages",
    "sessions.making.insert",
    "audits.integrity.count_sessions",
    "erasure.traces.collection_sizes",
    "search.index.begin",
    "expiry.sweeps.begin",
    "figures.totals._in_all",
    "figures.totals._collection",
    "review.read_log.insert",
    "jobs._enter",
    "records.importing.insert_sessions",
    "attachments.blobs.write",
    # A backup's own: a moment's mark, a snapshot's first read, a look whether a store is empty.
    "store.copying._marker",
    "store.copying.snapshot",
    "store.copying.is_unused",
    "store.copying.clear",
}


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
            draft=SessionDraft(
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
    for hashed in ("a hash", "another"):
        revoked = revocations.Revoked(1, False, now(), now())
        revocations.store(user_hash=hashed, revoked=revoked)
        revocations.bar(user_hash=hashed, changed_at=now(), expires_at=now())
    revocations.changed_since(now())
    list(review_store.chain.links())
    review_store.chain.unchained()
    review_store.chain.length()
    review_store.chain.newest_position()
    session = new_session()
    session_id = session.session_id
    append(session_id, "first", "key-1")
    append_many(session_id, [f"message {n}" for n in range(400)])
    append(session_id, "first", "key-1")
    append(session_id, "another", "key-2")
    append(session_id, "another", "key-2")
    for seq in (2, 400):
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
    for after, before in ((0, None), (150, None), (395, None), (None, 200), (None, 400)):
        messages.message_page(
            session_id=session_id, user_id=OWNER, after=after, before=before, limit=50, now=now()
        )
    _walk_windows(session_id)
    _walk_summaries(session_id)
    _walk_searches(session_id)
    walk_turns(database)
    walk_items()
    walk_branches()
    walk_filters()
    walk_queue()
    _walk_sessions(session_id)
    _walk_names()
    _walk_deferred(session_id)
    walk_imports(session_id)
    walk_review(session_id)
    walk_attachments(database, session_id)
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
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=3, now=now())
    segments.topic_list(session_id=session_id, user_id=OWNER, now=now())
    annotations.forget_session(session_id=session_id)


def _walk_summaries(session_id: str) -> None:
    before = summaries.read(session_id=session_id, user_id=OWNER)
    summary = Summary("…", 1, 50, 1, "model", now())
    summaries.write(session_id=session_id, user_id=OWNER, summary=summary, replacing=before)
    for seq in (20, 399):
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
    summaries.owner(session_id)
    summaries.active_sessions(after=session_id, now=now())


def _walk_figures() -> None:
    day = daily.day_of(now())
    daily_figures.add(day, DayTally(Counter({Figure.TURNS: 1}), {1: 1}))
    for over in (False, True):
        daily_figures.count_users(day, over=over)
    dashboard.dashboard_get(days=30, now=now())
    dashboard.refresh(now=now() + timedelta(days=1))


def _walk_searches(session_id: str) -> None:
    everybodys: Any = SearchFilter()
    with pytest.MonkeyPatch.context() as patch:
        # Small pages, so that the places between them are walked as well.
        patch.setattr(search_indexing, "_PAGE", 40)
        patch.setattr(search, "_FIRST_BLOCKS", 2)
        for text in ("message 12", "hel", '"another"', "本", "dog"):
            search.search_own(user_id=OWNER, text=text, limit=5, now=now())
            search.search_all(text=text, limit=5, wanted=everybodys, staff_id="9", now=now())
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=10, now=now())
        search_indexing.catch_up(user_id=None, seconds=60, now=now() + timedelta(hours=1))
        search_indexing.catch_up(user_id=None, seconds=60, now=now() + timedelta(hours=1))
    _walk_figures()
    list(search_rebuild(user_id=OWNER, only_missing=False, progress=lambda _: None, now=now()))


def _walk_sessions(session_id: str) -> None:
    for limit in (10, 300):
        sessions.session_get(session_id=session_id, user_id=OWNER, limit=limit, now=now())
    list(session_exports.session_stream(session_id=session_id, user_id=OWNER, now=now())[1])
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
            wanted=SessionFilter(),
            limit=20,
            position=position,
            backwards=backwards,
            now=now(),
        )
        expiry.session_list_expiring(
            user_id=OWNER,
            within_seconds=3_000_000,
            limit=20,
            position=position,
            backwards=backwards,
            now=now(),
        )
    sessions.session_archive(session_id=session_id, user_id=OWNER, now=now())
    with suppress(SessionError):
        append(session_id, "refused", "key-3")
    sessions.session_restore(session_id=session_id, user_id=OWNER, now=now())
    staff_actions.session_hold_any(session_id=fork.session_id, legal_hold=True)
    staff_actions.session_hold_any(session_id=fork.session_id, legal_hold=False)
    staff_actions.session_delete_any(session_id=fork.session_id)
    tail.spill(session_id)
    pages.read_header(session_id=session_id, user_id=OWNER)
    pages.with_liveness([{"_id": session_id, "turn": {"id": "turn_1"}}])


def _walk_names() -> None:
    whose: Any = {"name": "trip-42", "user_id": OWNER, "now": now()}
    draft = SessionDraft(external_id="trip-42")
    for keeps in (named_sessions.while_it_stands, lambda *_: False):
        named_sessions.session_open(**whose, draft=draft, keeps=keeps)
    named_sessions.session_find(**whose)


def _walk_deferred(session_id: str) -> None:
    kind = Kind.TOPICS
    for _ in range(3):
        deferred.ask(session_id=session_id, user_id=OWNER, kind=kind, wait_seconds=0)
        deferred.due([kind], now=now() + timedelta(seconds=5), limit=5)
        piece = deferred.claim(session_id, kind, claimant="walk")
        assert piece is not None
        deferred.renew(piece)
        deferred.give_back(piece, wait_seconds=0)
    piece = deferred.claim(session_id, kind, claimant="walk")
    assert piece is not None
    deferred.finish(piece)
    deferred.drop(piece)
    deferred.count()


def _walk_operators(database: Any, session_id: str) -> None:
    assert health.majority_takes_writes(60_000)
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
    recent = integrity.Selection(since=now() - timedelta(days=1), limit=10)
    list(integrity.IntegrityCheck(repair=False, selection=recent).run(lambda _: None))
    list(turn_integrity.turns_check(repair=True, now=now()))
    _walk_audits()
    _walk_jobs()
    _walk_sweeps(database)
    _walk_personal_data()
    _walk_migration(database)
    database.sessions.update_one({"_id": session_id}, {"$set": {"legal_hold": True}})
    with pytest.raises(LegalHold):
        privacy.erase_user(user_id=OWNER, now=now())
    database.sessions.update_one({"_id": session_id}, {"$unset": {"legal_hold": 1}})
    privacy.erase_user(user_id=OWNER, now=now())
    privacy.erasure_complete(user_id=OWNER, counts={"accounts": 1}, now=now())


def _walk_migration(database: Any) -> None:
    for name in indexes.declared():
        of_0_1 = database[name].find_one({}, {"_id": 1})
        if of_0_1:
            database[name].update_one(of_0_1, {"$unset": {"schema_version": 1}})
    assert document_count() > 1
    migration = StoreMigration(dry_run=False, per_second=None)
    migration.run(lambda _: None)
    assert migration.migrated["message_buckets"] == 1
    assert migration.left == 0


def _walk_jobs() -> None:
    for name in JobName:
        jobs.schedule(name.value, first_seconds=0, every_seconds=60)
    assert jobs.due([name.value for name in JobName])
    ending: Any = {"counts": {}, "error": None, "position": "", "wait_seconds": 0}
    claimed = jobs.claim("expire_sessions", owner="here")
    assert claimed
    assert jobs.renew(claimed, position="")
    assert jobs.finish(claimed, outcome=Outcome.DONE, **ending)
    assert jobs.claim("expire_sessions", owner="killed", whenever=True)
    documents.collection(documents.Job).update_one(
        {"_id": "expire_sessions"}, {"$set": {"lease_until": now() - timedelta(hours=1)}}
    )
    assert jobs.claim("expire_sessions", owner="here", whenever=True)
    assert jobs.states()
    assert len(jobs.history(limit=5)) == 2


def _walk_audits() -> None:
    asked = [MessageDraft(role=Role.USER, content=f"message {n}") for n in range(100)]
    owner, draft = "audited", SessionDraft(history=asked)
    session_id = sessions.session_create(user_id=owner, draft=draft, now=now()).session_id
    options: Any = {"max_tokens": None, "strategy": None, "limit": None, "progress": lambda _: None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "load_encoder", lambda: SameForAll)
        audits.session_count(user_id=owner)
        walk = Walk("a walk", resume=True)
        walk.passed(session_id)
        walk.save()
        walk.end()
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


def _walk_sweeps(database: Any) -> None:
    for mode in ExpiryMode:
        draft = SessionDraft(ttl_seconds=1)
        sessions.session_create(user_id="idle", draft=draft, now=now() - timedelta(days=1))
        old = sessions.session_create(user_id="idle", draft=draft, now=now())
        sessions.session_archive(
            session_id=old.session_id, user_id="idle", now=now() - timedelta(days=400)
        )
        plan = expiry.expiry_plan(mode=mode, now=now())
        assert expiry.expiry_count(plan) == 2
        swept = expiry.expiry_sweep(plan, limit=None, progress=lambda _: None, now=now)
        assert sum(swept.counts.values()) == 2
    expiry_audits.audit_count()
    draft = SessionDraft(ttl_seconds=1)
    sessions.session_create(user_id="idle", draft=draft, now=now())
    database.message_annotations.insert_one({"_id": "lost/1", "session_id": "lost"})
    options = {"now": now() + timedelta(hours=1), "grace": timedelta(0)}
    assert list(
        expiry_audits.expiry_audit_run(
            expiry_audits.AuditProgress(), progress=lambda _: None, **options
        )
    )
    database.message_annotations.delete_one({"_id": "lost/1"})
    never = sessions.session_create(
        user_id="idle", draft=SessionDraft(), now=now() - timedelta(days=1)
    )
    database.sessions.update_one({"_id": never.session_id}, {"$unset": {"expires_at": 1}})
    retiming.sessions_retime(now=now(), dry_run=False, progress=lambda _: None)
    for _ in range(2):
        figures.figures_get(now=now())
        database.figures.update_many({}, {"$set": {"due_at": now() - timedelta(seconds=1)}})


def _walk_quotas() -> None:
    quotas.usage(OWNER)
    quotas.searches_of_today(OWNER, now=now())
    quotas.doubt([OWNER])
    sessions.session_create(
        user_id=EndUser(APPLICATION, "42").owner_id, draft=SessionDraft(), now=now()
    )
    usages.count_between(namespace(APPLICATION), beyond_namespace(APPLICATION))
    end_users.page(application_id=APPLICATION, after="", limit=2)
    usages.count(OWNER, reads_buckets=True)
    usages.claim_count(key="nobody", before=now(), now=now())
    sessions_store.exists("nothing")


def _walk_personal_data() -> None:
    _walk_quotas()
    assert personal_data.is_known(user_id=OWNER)
    list(personal_data.export(user_id=OWNER, now=now(), account=None))
    taken = session_exports.Selection(user_id=OWNER)
    exported = [json.loads(line(each)) for each in session_exports.sessions_export(selection=taken)]
    copied = [each | {"session_id": f"i{each['session_id'][1:]}"} for each in exported[:-1]]
    buckets = documents.collection(documents.MessageBucket)
    left = buckets.find_one({"session_id": exported[0]["session_id"]})
    moved = {"session_id": copied[0]["session_id"]}
    moved["_id"] = left["_id"].replace(exported[0]["session_id"], copied[0]["session_id"])
    buckets.insert_one(left | moved | {"revision": 0})
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

    @staticmethod
    def encode_query(text: str) -> Any:
        return SameForAll.encode([text])[0]


@pytest.fixture(scope="module")
def explained(walked: Any) -> list[tuple[Sent, Any]]:
    """Each query with MongoDB's plan for it, and what it looked at."""
    return [(sent, _explain(walked[0], sent)) for sent in _own(walked)]


def _explain(database: Any, sent: Sent) -> Any:
    # The bounds of an index over times reach beyond the years that Python knows.
    options = CodecOptions(tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    command = {"explain": sent.explainable(), "verbosity": "executionStats"}
    return database.command(command, codec_options=options)


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
    # GridFS looks, before each file, whether there is any, for its indexes.
    looks = [("attachments.blobs.write", "find")]
    return [
        sent
        for sent in walked[1]
        if sent.sender != "elsewhere" and (sent.sender, sent.name) not in looks
    ]


def test_no_query_scans_a_collection(explained: Any) -> None:
    for sent, plan in explained:
        if sent.sender in READS_ALL:
            continue
        stages = set(_stages(plan))
        assert "COLLSCAN" not in stages, sent
        assert stages & CHEAP or "UPDATE" in stages, (sent, stages)


def test_no_query_looks_at_many_more_documents_than_it_needs(explained: Any) -> None:
    for sent, plan in explained:
        # Of an aggregation, whose query is its first stage.
        found = plan["stages"][0]["$cursor"] if "stages" in plan else plan
        stats = found["executionStats"]
        allowed = max(2, 2 * stats.get("nReturned", 0))
        # The list of a user, or by expiry, judges filters on documents, too; the others never.
        filters = sent.sender in FILTERS or (
            sent.sender in {"review.conversations.find_page", "review.conversations._edge"}
            and sent.command["hint"] in {"user_status_activity", "expiry"}
        )
        if sent.sender not in WALKS | SEARCHES | READS_ALL and not filters:
            assert stats["totalDocsExamined"] <= allowed, (sent, stats)


def test_every_query_names_its_shard_or_its_user(walked: Any) -> None:
    for sent in _own(walked):
        for wanted in sent.filters:
            keys = SHARD_KEYS.get(sent.collection, {"_id", "user_id"})
            keys = keys | {"user_id"} if BY_USER & set(sent.path) else keys
            assert sent.sender in WALKS | STAFF | READS_ALL or keys & _demanded(wanted), sent


def _demanded(condition: dict[str, Any]) -> set[str]:
    """The fields that a condition bounds whatever else it says."""
    parts = condition.get("$and", [])
    return condition.keys() | {field for part in parts for field in _demanded(part)}


def test_every_document_that_is_inserted_says_its_version(walked: Any) -> None:
    of_gridfs = {document.COLLECTION for document in documents.OF_GRIDFS}
    own = [each for each in recorder.inserted if each.path and each.collection not in of_gridfs]
    assert {"sessions", "message_buckets", "turns", "review_log", "job_runs"} <= {
        each.collection for each in own
    }
    for inserted in own:
        versions = {document.get("schema_version") for document in inserted.documents}
        assert versions == {documents.versions.CURRENT}, inserted
    for sent in _own(walked):
        changes = sent.command.get("updates") or [sent.command | {"u": sent.command.get("update")}]
        for change in changes:
            assert not change.get("upsert") or _says_its_version(change["u"]), sent


def _says_its_version(change: Any) -> bool:
    if isinstance(change, list):  # a pipeline
        return any("schema_version" in stage.get("$set", {}) for stage in change)
    # A replacement, or what an upsert inserts.
    return "schema_version" in {**change, **change.get("$setOnInsert", {})}


def test_every_function_that_queries_was_walked(walked: Any) -> None:
    queries = {
        f"{module(path)}.{function.name}"
        for path in REPOSITORY.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and ASKS.search(ast.unparse(function))
    }
    walked_functions = {function for sent in _own(walked) for function in sent.path}
    # Querysets that their callers run.
    conditions = {"review.conversations._keys", "review.read_log._sought", "throttles._windows",
                  "deferred._pieces", "usages._counters"}  # fmt: skip
    assert queries - walked_functions - WITHOUT_QUERY - conditions == set()
