"""`backup` and `restore` from and to a real cluster of two shards, while the old store is written
to."""

import io
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pymongo import MongoClient

from accounts.models import User
from chatproject.databases import mongo
from sessions_app import documents
from sessions_app.domain.attachments import Upload
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.repository import indexes, sharding
from sessions_app.repository.store import copying
from sessions_app.services import attachments, messages, sessions
from tests.conftest import use_database
from tests.repository.conftest import now
from tests.sharding.cluster import SHARDS
from tests.sharding.router import Router
from tests.waiting import Threads, wait_until

pytestmark = [pytest.mark.xdist_group("a sharded cluster"), pytest.mark.django_db]
OWNER = "owner"
# So many that some lie on either shard.
TALKS = 8
PASSING = {"throttle_windows", "audit_progress", "figures"}
Client = MongoClient[dict[str, Any]]


def run(name: str, *arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    try:
        call_command(name, *arguments, "--json", stdout=out)
    except SystemExit as ended:
        pytest.fail(f"{name} ended with {ended.code}: {out.getvalue()}")
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


def contents(database: Any) -> dict[str, list[Any]]:
    names = {document.COLLECTION for document in documents.ALL} - PASSING
    return {name: list(database[name].find().sort("_id", 1)) for name in sorted(names)}


@pytest.fixture(scope="module")
def on_shards(router: Router) -> Iterator[Client]:
    """A client of the router."""
    address = f"mongodb://127.0.0.1:{router.port}"
    with MongoClient(address, **mongo.client_options(20_000)) as client:
        yield client


def spread(on_shards: Client, name: str) -> Any:
    """An empty database over both shards, which is that of the documents from now on."""
    use_database(on_shards, name)
    indexes.ensure()
    for command in sharding.commands():
        assert sharding.run(command) is None
    return on_shards[name]


def talk(number: int) -> str:
    """A session longer than its tail."""
    draft = SessionDraft(title=f"talk {number}")
    session_id = sessions.session_create(user_id=OWNER, draft=draft, now=now()).session_id
    for first in range(0, 200, 100):
        batch = [MessageDraft(Role.USER, f"{number} {n}") for n in range(first, first + 100)]
        messages.message_append_batch(session_id=session_id, user_id=OWNER, batch=batch, now=now())
    return session_id


def fill() -> list[str]:
    """Long sessions and a file of several pieces."""
    ids = [talk(number) for number in range(TALKS)]
    with io.BytesIO(b"so it is " * 60_000) as content:
        attachments.attachment_upload(
            session_id=ids[0], user_id=OWNER, upload=Upload(content), now=now()
        )
    return ids


@contextmanager
def written_to(ids: list[str]) -> Iterator[list[int]]:
    """Somebody stores each message in one session and then in another, as long as the block."""
    stopped, written = threading.Event(), [0]

    def write() -> None:
        for number in itertools.count(1):
            if stopped.is_set():
                return
            for session_id in ids:
                draft = MessageDraft(Role.USER, f"meanwhile {number}")
                messages.message_append(
                    session_id=session_id, user_id=OWNER, draft=draft, now=now()
                )
            written[0] = number

    with Threads(1) as pool:
        writing = pool.submit(write)
        try:
            yield written
        finally:
            stopped.set()
            writing.result(60)


def meanwhile(database: Any, session_id: str) -> list[str]:
    """What was said in a session while the backup was written, in order."""
    session = database.sessions.find_one({"_id": session_id})
    buckets = database.message_buckets.find({"session_id": session_id}).sort("_id", 1)
    stored = [message for run in (*buckets, session) for message in run["messages"]]
    texts = [message["content"] for message in stored]
    return [text for text in texts if text.startswith("meanwhile")]


def shard_of(router: Router, database: str, session_id: str) -> str:
    """The shard on which a session lies."""
    wanted = {"_id": session_id}
    [name] = [
        name
        for name, each in router.cluster.shards.items()
        if each.client[database].sessions.find_one(wanted)
    ]
    return name


def test_a_replica_set_is_restored_into_shards(
    database: Any, on_shards: Client, router: Router, tmp_path: Path
):
    fill()
    User.objects.create_user("alice", password="a long enough secret")
    before = contents(database)
    run("backup", str(tmp_path / "backup"))
    User.objects.all().delete()

    restored = spread(on_shards, "from_a_set")
    result = run("restore", str(tmp_path / "backup"))

    assert (result["findings"], result["sessions_checked"]) == ([], TALKS)
    assert contents(restored) == before
    for name in ("sessions", "message_buckets"):
        counts = [
            router.cluster.shards[each].client[restored.name][name].count_documents({})
            for each in SHARDS
        ]
        assert all(counts), name
        assert sum(counts) == len(before[name])
    assert User.objects.filter(username="alice").exists()


def test_shards_that_are_written_to_are_restored_as_they_were_at_one_moment(
    database: Any, mongo_client: Client, on_shards: Client, router: Router,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    old = spread(on_shards, "old_shards")
    first, *others = fill()
    # On another shard: both have to be read as they were at the same time.
    second = next(
        each
        for each in others
        if shard_of(router, old.name, each) != shard_of(router, old.name, first)
    )
    read = copying.chunk
    with written_to([first, second]) as written:

        def read_when_something_was_written(name: str, *, after: Any) -> Any:
            # The sessions have been copied, the buckets have not.
            if name == "message_buckets" and after is None:
                before = written[0]
                wait_until(lambda: written[0] > before + 2)
            return read(name, after=after)

        monkeypatch.setattr(copying, "chunk", read_when_something_was_written)
        run("backup", str(tmp_path / "backup"))
    use_database(mongo_client, database.name)
    result = run("restore", str(tmp_path / "backup"))

    assert (result["findings"], result["sessions_checked"]) == ([], TALKS)
    one, other = meanwhile(database, first), meanwhile(database, second)
    assert one == [f"meanwhile {n}" for n in range(1, len(one) + 1)]
    assert other == one[: len(other)]
    assert len(one) - len(other) in {0, 1}
    assert 2 < len(one) <= written[0]
