"""Another encoder: its vectors lie beside the old ones until a session has all of them."""

from typing import Any

import pytest

from sessions_app import encoders
from sessions_app.domain.window import Ranking
from sessions_app.repository import annotations as stored
from sessions_app.services import erasure
from sessions_app.services.audits import annotations_rebuild
from sessions_app.services.context import context_plan
from sessions_app.services.topics import annotations, changing, vectors
from tests.repository.conftest import OWNER, append_many, new_session, now
from tests.services.conftest import FakeEncoder

LONG = 150


class NewEncoder(FakeEncoder):
    """Another encoder, which stops after some texts."""

    name = "letters/2"

    def __init__(self) -> None:
        super().__init__()
        self.most = 10_000

    def encode(self, texts: list[str]) -> Any:
        if len(self.encoded) + len(texts) > self.most:
            raise KeyboardInterrupt
        return super().encode(texts)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    fake = FakeEncoder()
    monkeypatch.setattr(encoders, "load_encoder", lambda: fake)
    monkeypatch.setattr(encoders, "named", {fake.name: fake}.get)
    return fake


@pytest.fixture
def session_id(database: Any, old: FakeEncoder) -> str:
    """A session with all of its vectors by the old encoder."""
    session_id = new_session().session_id
    append_many(session_id, [f"message {n} about boats" for n in range(LONG)])
    catch_up(session_id)
    return session_id


@pytest.fixture
def new(session_id: str, old: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> NewEncoder:
    """The new encoder, which is now the configured one."""
    fake = NewEncoder()
    monkeypatch.setattr(encoders, "load_encoder", lambda: fake)
    monkeypatch.setattr(encoders, "named", {old.name: old, fake.name: fake}.get)
    old.encoded.clear()
    return fake


def catch_up(session_id: str) -> None:
    annotations.catch_up(session_id=session_id, user_id=OWNER, seconds=60)


def rebuild(*, only_missing: bool = True) -> int:
    done = annotations_rebuild(
        user_id=None, limit=None, only_missing=only_missing, progress=lambda _: None
    )
    return len(list(done))


def ranking(session_id: str) -> Ranking:
    window = context_plan(
        session_id=session_id,
        user_id=OWNER,
        max_tokens=400,
        strategy=None,
        query="boats",
        now=now(),
    )
    return window.plan.ranking


def made_by(session_id: str) -> list[str]:
    return [b.encoder for b in stored.read_blocks(session_id=session_id, ranges=[(1, 10_000)])]


def test_a_session_goes_on_with_its_encoder_until_all_vectors_are_made(
    session_id: str, old: FakeEncoder, new: NewEncoder
) -> None:
    append_many(session_id, ["more about boats"])
    assert ranking(session_id) is Ranking.LEXICAL_DENSE
    assert old.encoded == ["more about boats", "boats"]
    assert new.encoded == []


def test_a_stopped_change_leaves_windows_as_they_were_and_goes_on_later(
    session_id: str, old: FakeEncoder, new: NewEncoder
) -> None:
    new.most = 100
    with pytest.raises(KeyboardInterrupt):
        rebuild()
    assert made_by(session_id) == [old.name] * 3
    assert ranking(session_id) is Ranking.LEXICAL_DENSE
    assert old.encoded == ["boats"]
    first = stored.read_block(session_id=session_id, seq=1)
    assert first is not None
    assert first.beside is not None
    assert (first.beside.encoder, first.beside.count) == (new.name, 64)
    new.most = 10_000
    assert rebuild() == 1
    assert made_by(session_id) == [new.name] * 3
    # The first block was not made again; the second had not been stored.
    assert new.encoded.count("message 3 about boats") == 1
    assert new.encoded.count("message 149 about boats") == 1
    assert ranking(session_id) is Ranking.LEXICAL_DENSE
    assert rebuild() == 0


def test_nothing_is_left_beside_after_the_change(
    session_id: str, new: NewEncoder, database: Any
) -> None:
    rebuild()
    for block in database.message_annotations.find():
        assert not [name for name in block if name.startswith("next_")]
        assert len(block["vectors"]) == block["count"] * encoders.DIMENSIONS


def test_windows_use_the_new_vectors_as_soon_as_every_block_has_them(
    session_id: str, old: FakeEncoder, new: NewEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        changing.stored, "change_over", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        rebuild()
    new.encoded.clear()
    assert ranking(session_id) is Ranking.LEXICAL_DENSE
    assert (new.encoded, old.encoded) == (["boats"], [])


def test_messages_of_the_meantime_are_encoded_before_the_change(
    session_id: str, new: NewEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = changing.stored.write_beside

    def write_then_append(*args: Any) -> bool:
        monkeypatch.setattr(changing.stored, "write_beside", write)
        append_many(session_id, [f"later message {n}" for n in range(70)])
        catch_up(session_id)
        return write(*args)

    monkeypatch.setattr(changing.stored, "write_beside", write_then_append)
    rebuild()
    blocks = stored.read_blocks(session_id=session_id, ranges=[(1, 10_000)])
    assert {block.encoder for block in blocks} == {new.name}
    assert len(vectors.restored(blocks)) == LONG + 70


def test_a_message_erased_while_it_is_encoded_leaves_no_vector(
    session_id: str, new: NewEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = changing.stored.write_beside

    def erase_then_write(*args: Any) -> bool:
        monkeypatch.setattr(changing.stored, "write_beside", write)
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=5, now=now())
        return write(*args)

    monkeypatch.setattr(changing.stored, "write_beside", erase_then_write)
    rebuild()
    blocks = stored.read_blocks(session_id=session_id, ranges=[(1, 10_000)])
    assert {block.encoder for block in blocks} == {new.name}
    assert set(vectors.restored(blocks)) == set(range(1, LONG + 1)) - {5}


def test_an_encoder_that_is_gone_is_replaced_by_the_configured_one(
    session_id: str, new: NewEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "named", {new.name: new}.get)
    assert ranking(session_id) is not Ranking.LEXICAL_DENSE
    append_many(session_id, ["more"])
    catch_up(session_id)
    assert made_by(session_id)[-1] == new.name
    rebuild()
    assert ranking(session_id) is Ranking.LEXICAL_DENSE
