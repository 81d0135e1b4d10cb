"""`backup` and `restore`: everything as it was at one moment, whatever is written meanwhile."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from sessions_app import documents
from sessions_app.domain.attachments import Upload
from sessions_app.domain.errors import InvalidInput
from sessions_app.repository.store import copying
from sessions_app.services import attachments, erasure, sessions
from sessions_app.services.store import Archive, backing_up
from tests.conftest import use_database
from tests.repository.conftest import OWNER, append, append_many, new_session, now

pytestmark = [pytest.mark.mongod("change streams and snapshots"), pytest.mark.django_db]
PASSING = {"throttle_windows", "audit_progress", "figures"}
PASSWORD = "a long enough secret"
JOINED = datetime(2026, 1, 31, 12, 0, 0, 456, UTC)


def run(name: str, *arguments: str) -> dict[str, Any]:
    """The result of a command that ends well."""
    out = io.StringIO()
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def contents(database: Any) -> dict[str, list[Any]]:
    names = {document.COLLECTION for document in documents.ALL} - PASSING
    return {name: list(database[name].find().sort("_id", 1)) for name in sorted(names)}


@pytest.fixture
def store(database: Any) -> Any:
    """A long session, short ones, a file of several pieces, and two accounts."""
    long = new_session(title="long")
    append_many(long.session_id, [f"message {n}" for n in range(300)])
    for n in range(5):
        append(new_session(title=f"short {n}").session_id, "Hello")
    with io.BytesIO(b"so it is " * 60_000) as content:
        attachments.attachment_upload(
            session_id=long.session_id, user_id=OWNER, upload=Upload(content), now=now()
        )
    # What JSON or a reader of lines may lose: less than a thousandth of a second, ends of lines.
    User.objects.create_user(
        "alice", password=PASSWORD, date_joined=JOINED, instructions="one\u2028two\x85three"
    )
    User.objects.create_superuser("root", password=PASSWORD)
    return database


@pytest.fixture
def new_installation(
    store: Any, mongo_client: Any, database_name: str
) -> Iterator[Callable[[], Any]]:
    """From here on, the documents are those of an empty installation; its database."""
    name = f"{database_name}_restored"

    def move() -> Any:
        User.objects.all().delete()
        mongo_client.drop_database(name)
        use_database(mongo_client, name)
        return mongo_client[name]

    yield move
    mongo_client.drop_database(name)
    use_database(mongo_client, store.name)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document in each, so that there are many."""
    monkeypatch.setattr(copying, "_CHUNK_BYTES", 1)


def test_what_is_restored_is_what_was_there(store: Any, new_installation: Any, tmp_path: Path):
    before = contents(store)
    made = run("backup", str(tmp_path / "backup"))
    assert made["documents"] == sum(map(len, before.values()))
    restored = new_installation()
    result = run("restore", str(tmp_path / "backup"))
    assert contents(restored) == before
    assert (result["sessions_checked"], result["findings"]) == (6, [])
    assert result["taken_at"] == made["taken_at"]
    alice = User.objects.get(username="alice")
    assert alice.check_password(PASSWORD)
    assert (alice.date_joined, alice.instructions) == (JOINED, "one\u2028two\x85three")
    assert User.objects.get(username="root").is_superuser
    assert run("check_integrity")["findings"] == []


def test_changes_end_that_are_written_faster_than_they_are_told(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = new_session(title="busy").session_id
    with closing(copying.Changes(copying.moment())) as changes:
        note, noted = copying.Changes._note, list[object]()

        def write_then_note(self: copying.Changes, event: Any) -> None:
            noted.append(event)
            assert len(noted) < 50
            append(session_id, f"meanwhile {len(noted)}")
            note(self, event)

        monkeypatch.setattr(copying.Changes, "_note", write_then_note)
        append(session_id, "Hello")
        assert changes.listen() == 1
        assert changes.listen() == 1
    assert noted


def test_it_is_of_one_moment_whatever_is_written_meanwhile(
    store: Any, new_installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ids = {each["title"]: each["_id"] for each in store.sessions.find({}, {"title": 1})}
    read, read_again = copying.chunk, copying.read_again
    at_the_moment: dict[str, Any] = {}

    def write_then_read(name: str, *, after: Any) -> Any:
        # The sessions have been copied, the buckets have not.
        if name == "message_buckets" and after is None:
            append_many(ids["long"], [f"later {n}" for n in range(200)])
            erasure.message_delete(session_id=ids["long"], user_id=OWNER, seq=3, now=now())
            sessions.session_delete(session_id=ids["short 1"], user_id=OWNER)
            append(new_session(title="new").session_id, "Hello")
        return read(name, after=after)

    def write_then_read_again(name: str, batch: Any, session: Any = None) -> Any:
        # The snapshot has been opened: what comes now is not in it.
        if not at_the_moment:
            at_the_moment.update(contents(store))
            append_many(ids["long"], [f"too late {n}" for n in range(200)])
            sessions.session_delete(session_id=ids["short 2"], user_id=OWNER)
        return read_again(name, batch, session)

    monkeypatch.setattr(copying, "chunk", write_then_read)
    monkeypatch.setattr(copying, "read_again", write_then_read_again)
    run("backup", str(tmp_path / "backup"))
    restored = new_installation()
    result = run("restore", str(tmp_path / "backup"))
    assert contents(restored) == at_the_moment
    assert {each["title"] for each in at_the_moment["sessions"]} == ids.keys() - {"short 1"} | {
        "new"
    }
    assert result["findings"] == []


def test_more_than_a_snapshot_can_take_is_read_in_rounds(
    store: Any, new_installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(backing_up, "_FEW", 0)
    monkeypatch.setattr(backing_up, "_BATCH", 2)
    read = copying.chunk

    def write_then_read(name: str, *, after: Any) -> Any:
        if name == "message_buckets" and after is None:
            for n in range(5):
                new_session(title=f"more {n}")
        return read(name, after=after)

    monkeypatch.setattr(copying, "chunk", write_then_read)
    run("backup", str(tmp_path / "backup"))
    before = contents(store)
    restored = new_installation()
    run("restore", str(tmp_path / "backup"))
    assert contents(restored) == before


@pytest.mark.usefixtures("small_chunks")
def test_a_stopped_backup_is_gone_on_with(
    store: Any, new_installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read, asked = copying.chunk, []

    def stop_at_the_third(name: str, *, after: Any) -> Any:
        asked.append((name, after))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return read(name, after=after)

    monkeypatch.setattr(copying, "chunk", stop_at_the_third)
    with pytest.raises(SystemExit):
        run("backup", str(tmp_path / "backup"))
    first_ids = sorted(each["_id"] for each in store.sessions.find({}, {"_id": 1}))
    # Behind what has been copied, and in it, the store changes.
    append(first_ids[0], "after the stop")
    new_session(title="after the stop")
    with pytest.raises(CommandError, match="not complete"):
        run("restore", str(tmp_path / "backup"))
    run("backup", str(tmp_path / "backup"))
    assert asked[3] == ("sessions", first_ids[1])
    before = contents(store)
    restored = new_installation()
    run("restore", str(tmp_path / "backup"))
    assert contents(restored) == before


@pytest.mark.usefixtures("small_chunks")
def test_a_stopped_restore_is_gone_on_with(
    store: Any, new_installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = contents(store)
    run("backup", str(tmp_path / "backup"))
    restored = new_installation()
    insert, inserted = copying.insert, []

    def stop_at_the_fourth(name: str, content: bytes) -> None:
        inserted.append(copying.last_id(content))
        if len(inserted) == 4:
            raise KeyboardInterrupt
        insert(name, content)

    monkeypatch.setattr(copying, "insert", stop_at_the_fourth)
    with pytest.raises(SystemExit):
        run("restore", str(tmp_path / "backup"))
    assert restored.sessions.count_documents({}) == 3
    run("restore", str(tmp_path / "backup"))
    assert inserted[4] == inserted[3]
    assert contents(restored) == before


def test_it_refuses_a_store_that_is_in_use(store: Any, tmp_path: Path):
    run("backup", str(tmp_path / "backup"))
    User.objects.all().delete()
    before = contents(store)
    with pytest.raises(CommandError, match="The store is not empty"):
        run("restore", str(tmp_path / "backup"))
    assert contents(store) == before


def test_it_refuses_accounts_that_are_in_use(new_installation: Any, tmp_path: Path):
    run("backup", str(tmp_path / "backup"))
    restored = new_installation()
    User.objects.create_user("carol")
    with pytest.raises(CommandError, match="There are accounts already"):
        run("restore", str(tmp_path / "backup"))
    assert restored.sessions.count_documents({}) == 0


def test_what_a_first_start_has_made_is_not_in_its_way(new_installation: Any, tmp_path: Path):
    run("backup", str(tmp_path / "backup"))
    restored = new_installation()
    User.objects.create_superuser("admin", password=PASSWORD)
    restored.jobs.insert_one({"_id": "expire_sessions", "next_at": now()})
    run("restore", str(tmp_path / "backup"))
    assert {user.username for user in User.objects.all()} == {"alice", "root"}
    assert restored.jobs.count_documents({}) == 0


def test_with_a_key_nothing_of_anybody_can_be_read(
    store: Any, new_installation: Any, tmp_path: Path
):
    append(store.sessions.find_one()["_id"], "planted secret")
    before = contents(store)
    key, other = tmp_path / "key", tmp_path / "other"
    key.write_text("k" * 32 + "\n")
    other.write_text("o" * 32)
    backup = tmp_path / "backup"
    assert run("backup", str(backup), "--key-file", str(key))["encrypted"]
    for path in backup.iterdir():
        assert b"planted" not in path.read_bytes()
        assert OWNER.encode() not in path.read_bytes()
        if path.name != "manifest.json":
            with pytest.raises(gzip.BadGzipFile):
                gzip.decompress(path.read_bytes())
    restored = new_installation()
    with pytest.raises(CommandError, match="name its key file"):
        run("restore", str(backup))
    with pytest.raises(CommandError, match="the key is another"):
        run("restore", str(backup), "--key-file", str(other))
    assert restored.sessions.count_documents({}) == 0
    run("restore", str(backup), "--key-file", str(key))
    assert contents(restored) == before


def test_a_key_is_long_enough(store: Any, tmp_path: Path):
    (tmp_path / "key").write_text("short")
    with pytest.raises(CommandError, match="at least 16 bytes"):
        run("backup", str(tmp_path / "backup"), "--key-file", str(tmp_path / "key"))


def test_damage_is_noticed_before_anything_is_stored(
    store: Any, new_installation: Any, tmp_path: Path
):
    backup = tmp_path / "backup"
    run("backup", str(backup))
    chunk = backup / "sessions.000000"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"x")
    restored = new_installation()
    with pytest.raises(CommandError, match=r"sessions\.000000 is not as it was written"):
        run("restore", str(backup))
    chunk.unlink()
    with pytest.raises(CommandError, match=r"sessions\.000000 cannot be read"):
        run("restore", str(backup))
    assert restored.sessions.count_documents({}) == 0


def test_a_chunk_in_the_place_of_another_is_noticed(tmp_path: Path):
    archive = Archive.create(tmp_path / "backup", started=[1, 1], secret=b"k" * 16)
    archive.add("sessions", b"first", records=1)
    archive.add("sessions", b"second", records=1)
    first, second = archive.of("sessions")
    (tmp_path / "backup" / second.file).write_bytes((tmp_path / "backup" / first.file).read_bytes())
    assert archive.read(first) == b"first"
    with pytest.raises(InvalidInput, match="cannot be opened"):
        archive.read(second)


def test_only_its_owner_may_read_it(store: Any, tmp_path: Path):
    run("backup", str(tmp_path / "backup"))
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "backup").iterdir()} == {0o600}


def test_a_directory_with_something_else_in_it_is_refused(store: Any, tmp_path: Path):
    (tmp_path / "letter").write_text("Dear …")
    with pytest.raises(CommandError, match="not empty"):
        run("backup", str(tmp_path))
    with pytest.raises(CommandError, match="no backup in this directory"):
        run("restore", str(tmp_path))


def test_it_says_what_it_did_in_words(store: Any, tmp_path: Path):
    out = io.StringIO()
    call_command("backup", str(tmp_path / "backup"), stdout=out)
    assert "documents and" in out.getvalue()
    assert "rows of accounts as of" in out.getvalue()
