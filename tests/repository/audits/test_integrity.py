"""Damage of every kind is planted; the check must find it, and the repair mend what can be."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sessions_app.domain.audit.integrity import REPAIRABLE, Damage
from sessions_app.repository.audits import integrity as reading
from sessions_app.services import erasure
from sessions_app.services.audits import integrity
from sessions_app.services.turns import integrity as turn_integrity
from tests.repository.conftest import OWNER, append, new_session, now, read_all

Plant = Callable[[Any, str], Any]


def buckets(database: Any, session_id: str) -> list[dict[str, Any]]:
    return list(database.message_buckets.find({"session_id": session_id}).sort("_id", 1))


def set_session(database: Any, session_id: str, **fields: Any) -> None:
    database.sessions.update_one({"_id": session_id}, {"$set": fields})


def set_bucket(database: Any, session_id: str, fields: dict[str, Any], number: int = 1) -> None:
    key = {"_id": buckets(database, session_id)[number]["_id"]}
    database.message_buckets.update_one(key, {"$set": fields})


def rename_bucket(database: Any, session_id: str) -> None:
    bucket = buckets(database, session_id)[1]
    database.message_buckets.delete_one({"_id": bucket["_id"]})
    database.message_buckets.insert_one(bucket | {"_id": f"{session_id}/000000000066"})


def overfill_bucket(database: Any, session_id: str) -> None:
    """Merge two buckets into one that is whole but too long."""
    first, second = buckets(database, session_id)[:2]
    database.message_buckets.delete_one({"_id": second["_id"]})
    merged = {"messages": first["messages"] + second["messages"], "last_seq": second["last_seq"]}
    tokens = {"token_count": first["token_count"] + second["token_count"]}
    set_bucket(database, session_id, merged | tokens, number=0)


def repeat_message(database: Any, session_id: str, name: str) -> None:
    value = buckets(database, session_id)[0]["messages"][3].get(name, "key")
    set_bucket(database, session_id, {f"messages.3.{name}": value}, number=0)
    set_bucket(database, session_id, {f"messages.5.{name}": value}, number=1)


def put_items(database: Any, session_id: str, *seqs: int, items: str, **listed: Any) -> None:
    for seq in seqs:
        changes = {f"messages.{seq}.{name}": value for name, value in listed.items()}
        set_bucket(database, session_id, {f"messages.{seq}.items": items, **changes}, number=0)


SEARCH = '{"opaque":{"id":"ws_1","type":"web_search_call"}}'


def overdue_turn(database: Any, session_id: str) -> None:
    """As a killed worker leaves it, with nobody to look after it since."""
    long_ago = now() - timedelta(hours=1)
    database.turns.insert_one(
        {
            "_id": f"{session_id}/turn_1",
            "session_id": session_id,
            "user_id": OWNER,
            "state": "running",
            "user_seq": 300,
            "started_at": long_ago,
            "deadline": long_ago,
            "text": "Once upon",
        }
    )


def overdue_lease(database: Any, session_id: str) -> None:
    """As a worker leaves it that was killed before it had recorded its turn."""
    long_ago = now() - timedelta(hours=1)
    lease = {"id": "turn_1", "owner": "gone/1", "deadline": long_ago}
    set_session(database, session_id, turn=lease)


def facts_without_bytes(database: Any, session_id: str) -> None:
    database.attachment_facts.insert_one(
        {
            "_id": "att_1",
            "user_id": OWNER,
            "sha256": "0" * 64,
            "content_sha256": "0" * 64,
            "media_type": "text/plain",
            "size": 1,
            "created_at": now(),
            "blob": "gone",
        }
    )


def link(database: Any, session_id: str) -> None:
    """That a session has an attachment, of which nothing else is known."""
    database.session_attachments.insert_one(
        {
            "_id": f"{session_id}/att_1",
            "session_id": session_id,
            "attachment_id": "att_1",
            "since": now(),
            "confirmed": True,
        }
    )


def refer_to_nothing(database: Any, session_id: str) -> None:
    part = {"type": "file", "attachment_id": "att_1", "media_type": "text/plain", "size": 1,
            "sha256": "0" * 64, "tokens": 1}  # fmt: skip
    set_bucket(database, session_id, {"messages.3.parts": json.dumps([part])})
    link(database, session_id)


PLANTED: dict[Damage, Plant] = {
    Damage.INVALID_DOCUMENT: lambda db, s: set_session(db, s, status="sleeping"),
    Damage.MISCOUNTED_MESSAGES: lambda db, s: set_session(db, s, message_count=7),
    Damage.MISCOUNTED_TOKENS: lambda db, s: set_session(db, s, token_count=7),
    Damage.MISCOUNTED_BYTES: lambda db, s: set_session(db, s, tail_bytes=7),
    Damage.MISCOUNTED_BUCKET: lambda db, s: set_bucket(db, s, {"token_count": 7}),
    Damage.GAP: lambda db, s: db.message_buckets.delete_one({"_id": buckets(db, s)[1]["_id"]}),
    Damage.OVERLAP: lambda db, s: set_bucket(db, s, {"first_seq": 60, "last_seq": 123}),
    Damage.MISNAMED_BUCKET: rename_bucket,
    Damage.OVERSIZED_BUCKET: overfill_bucket,
    Damage.REPEATED_CLIENT_ID: lambda db, s: repeat_message(db, s, "client_id"),
    Damage.REPEATED_MESSAGE_ID: lambda db, s: repeat_message(db, s, "id"),
    Damage.REPEATED_ITEM_ID: lambda db, s: put_items(db, s, 3, 5, items=SEARCH, item_ids=["ws_1"]),
    Damage.UNREADABLE_ITEMS: lambda db, s: put_items(db, s, 3, items='{"canvas":1}'),
    Damage.MISLISTED_ITEMS: lambda db, s: put_items(db, s, 3, items=SEARCH),
    Damage.UNERASED_TOMBSTONE: lambda db, s: set_bucket(db, s, {"messages.2.deleted": True}),
    Damage.ORPHANED_ANNOTATIONS: lambda db, s: db.message_annotations.insert_one(
        {"_id": "gone/000000000001", "session_id": "gone", "first_seq": 1, "count": 0}
    ),
    Damage.ORPHANED_SEARCH_DOCUMENT: lambda db, s: db.search_documents.insert_one(
        {"_id": "gone/000000000000", "session_id": "gone", "first_seq": 0, "terms": []}
    ),
    Damage.ORPHANED_TURN: lambda db, s: db.turns.insert_one(
        {"_id": "gone/turn_1", "session_id": "gone", "state": "done"}
    ),
    Damage.ORPHANED_DEFERRED_WORK: lambda db, s: db.deferred_work.insert_one(
        {"_id": "gone/topics", "session_id": "gone", "kind": "topics"}
    ),
    Damage.OVERDUE_TURN: overdue_turn,
    Damage.OVERDUE_LEASE: overdue_lease,
    Damage.ORPHANED_REVIEW_NOTE: lambda db, s: db.review_notes.insert_one(
        {"_id": "gone/1", "session_id": "gone", "text": "left"}
    ),
    Damage.ORPHANED_NAME: lambda db, s: db.session_names.insert_one(
        {"_id": "trip-42/somebody", "session_id": "gone"}
    ),
    Damage.ORPHANED_ATTACHMENT_LINK: lambda db, s: link(db, "gone"),
    Damage.ORPHANED_BYTES: lambda db, s: db["attachments.files"].insert_one({"_id": "nobody's"}),
    Damage.MISSING_BYTES: facts_without_bytes,
    Damage.MISSING_ATTACHMENT: refer_to_nothing,
    Damage.ORPHANED_BUCKET: lambda db, s: db.message_buckets.insert_one(
        buckets(db, s)[0] | {"_id": "gone/000000000001", "session_id": "gone"}
    ),
}


def findings(*, repair: bool = False) -> list[integrity.CheckedFinding]:
    return [
        *integrity.integrity_check(repair=repair, progress=lambda _: None),
        *turn_integrity.turns_check(repair=repair, now=now()),
    ]


def test_a_sound_store_has_no_findings(long_session: Any) -> None:
    new_session()
    erasure.message_delete(session_id=long_session.session_id, user_id=OWNER, seq=10, now=now())
    assert findings() == []


def test_every_kind_of_damage_is_planted_here() -> None:
    assert set(PLANTED) == set(Damage)


@pytest.mark.mongod("leases by the server's clock")
@pytest.mark.parametrize("damage", list(Damage))
def test_it_finds_planted_damage(database: Any, long_session: Any, damage: Damage) -> None:
    PLANTED[damage](database, long_session.session_id)
    assert damage in {checked.finding.damage for checked in findings()}


@pytest.mark.mongod("leases by the server's clock")
@pytest.mark.parametrize("damage", sorted(REPAIRABLE))
def test_it_repairs_what_can_be(database: Any, long_session: Any, damage: Damage) -> None:
    PLANTED[damage](database, long_session.session_id)
    assert all(checked.repaired for checked in findings(repair=True))
    assert findings() == []


def test_it_says_what_it_cannot_repair(database: Any, long_session: Any) -> None:
    PLANTED[Damage.GAP](database, long_session.session_id)
    left = [checked.finding.damage for checked in findings(repair=True) if not checked.repaired]
    assert Damage.GAP in left


def test_a_repaired_session_can_be_used(database: Any, long_session: Any) -> None:
    PLANTED[Damage.MISCOUNTED_MESSAGES](database, long_session.session_id)
    findings(repair=True)
    assert append(long_session.session_id, "next").seq == 301
    assert len(read_all(long_session.session_id)) == 301


def test_a_spill_in_progress_is_not_damage(database: Any, long_session: Any) -> None:
    stored_session = database.sessions.find_one({"_id": long_session.session_id})
    copied = {
        "_id": f"{long_session.session_id}/{stored_session['tail_start']:012d}",
        "session_id": long_session.session_id,
        "first_seq": stored_session["tail_start"],
        "last_seq": stored_session["tail_start"] + 9,
        "messages": stored_session["messages"][:10],
        "token_count": 0,
        "revision": 0,
    }
    database.message_buckets.insert_one(copied)
    assert findings() == []


def test_an_append_between_two_readings_is_not_damage(
    long_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = reading.read

    def read_while_it_grows(session_id: str) -> Any:
        append(session_id, "meanwhile")
        return original(session_id)

    monkeypatch.setattr(reading, "read", read_while_it_grows)
    assert findings() == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_can_be_stopped_and_run_again(database: Any, long_session: Any) -> None:
    other = new_session().session_id
    for session_id in (long_session.session_id, other):
        PLANTED[Damage.MISCOUNTED_TOKENS](database, session_id)
    interrupted = integrity.integrity_check(repair=True, progress=lambda _: None)
    next(interrupted)
    interrupted.close()
    assert len(findings(repair=True)) == 1
    assert findings() == []


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("context_policy", 7, "context_policy is a number, not a document"),
        ("context_policy.strategy", "telepathy", "context_policy strategy is unknown: 'telepathy'"),
        ("messages", 7, "messages is a number, not a list"),
        ("messages.0", "x", "messages [0] is a text, not a document"),
        ("messages.0.token_count", "x", "messages [0] token_count is a text, not a number"),
        ("tail_start", "x", "tail_start is a text, not a number"),
        ("message_count", None, "message_count is null, not a number"),
        ("turn", 7, "turn is a number, not a document"),
        ("title", "x" * 201, "title has 201 characters, at most 200 are allowed"),
        ("expires_at", "soon", "expires_at is a text, not a time"),
    ],
)
def test_a_document_that_cannot_be_read_is_reported_and_the_check_goes_on(
    database: Any, field: str, value: Any, detail: str
) -> None:
    damaged, other = new_session().session_id, new_session().session_id
    append(damaged, "x")
    set_session(database, damaged, **{field: value})
    PLANTED[Damage.MISCOUNTED_TOKENS](database, other)
    found = [(each.finding.session_id, each.finding.damage) for each in findings()]
    assert (damaged, Damage.INVALID_DOCUMENT) in found
    assert (other, Damage.MISCOUNTED_TOKENS) in found
    assert detail in [each.finding.detail for each in findings()]


@pytest.mark.parametrize("field", ["messages", "first_seq", "last_seq", "messages.0.role"])
def test_so_is_a_bucket(database: Any, long_session: Any, field: str) -> None:
    set_bucket(database, long_session.session_id, {field: [7]})
    assert Damage.INVALID_DOCUMENT in {each.finding.damage for each in findings()}


def check(**options: Any) -> integrity.IntegrityCheck:
    return integrity.IntegrityCheck(repair=False, **options)


def test_a_stopped_check_goes_on_where_it_was(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "_STEP", 2)
    ids = sorted(new_session().session_id for _ in range(6))
    for session_id in ids:
        PLANTED[Damage.MISCOUNTED_TOKENS](database, session_id)
    first = check().run(lambda _: None)
    stopped = [next(first).finding.session_id for _ in range(3)]
    first.close()
    # The step of the first two was done, the one of the third was not.
    again = check()
    rest = [each.finding.session_id for each in again.run(lambda _: None)]
    assert (stopped, rest) == (ids[:3], ids[2:])
    assert (again.before.checked, again.before.unrepaired, again.reached.checked) == (2, 2, 6)
    # One that has come to its end leaves nothing behind: the next begins anew.
    assert len(list(check().run(lambda _: None))) == 6


def test_a_limit_stops_it_and_the_next_run_goes_on(database: Any) -> None:
    ids = sorted(new_session().session_id for _ in range(5))
    seen: list[int] = []
    for expected in (False, False, True):
        one = check(selection=integrity.Selection(limit=2))
        list(one.run(seen.append))
        assert one.complete is expected
    assert sum(seen) == len(ids)


def test_since_looks_at_active_sessions_only(database: Any) -> None:
    old, new = new_session().session_id, new_session().session_id
    set_session(database, old, updated_at=now() - timedelta(days=2))
    for session_id in (old, new):
        PLANTED[Damage.MISCOUNTED_TOKENS](database, session_id)
    recent = check(selection=integrity.Selection(since=now() - timedelta(days=1)))
    assert [each.finding.session_id for each in recent.run(lambda _: None)] == [new]
