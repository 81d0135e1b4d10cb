"""`manage.py rebuild_annotations`: what it makes anew, what it passes over, how it exits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from sessions_app import encoders
from sessions_app.domain.data import Session
from sessions_app.services.context import planning as context
from sessions_app.services.topics import annotations
from tests.commands.conftest import Run
from tests.repository.conftest import OWNER, append_many, new_session, now

COMMAND = "rebuild_annotations"


class FakeEncoder:
    """A vector from a text's letters, and how many texts were asked for."""

    def __init__(self, name: str = "letters/1") -> None:
        self.name = name
        self.encoded = 0

    def encode(self, texts: list[str]) -> Any:
        self.encoded += len(texts)
        rows = np.zeros((len(texts), encoders.DIMENSIONS), np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % encoders.DIMENSIONS] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_query(self, text: str) -> Any:
        return self.encode([text])[0]


Use = Callable[[FakeEncoder | None], FakeEncoder | None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    def use_encoder(encoder: FakeEncoder | None) -> FakeEncoder | None:
        monkeypatch.setattr(encoders, "load_encoder", lambda: encoder)
        return encoder

    return use_encoder


@pytest.fixture
def encoder(use: Use) -> Any:
    return use(FakeEncoder())


def talk(length: int) -> Session:
    session = new_session()
    append_many(session.session_id, [f"message {n} about boats" for n in range(length)])
    return session


def blocks(database: Any) -> list[Any]:
    return list(database.message_annotations.find().sort("_id", 1))


def counts(result: Any) -> tuple[int, int, int]:
    return result["sessions"], result["messages"], result["passed_over"]


def test_every_session_is_annotated(run: Run, database: Any, encoder: FakeEncoder) -> None:
    talk(150)
    talk(3)
    assert counts(run(COMMAND, "--json").json()) == (2, 153, 0)
    assert encoder.encoded == 153
    assert sorted(block["count"] for block in blocks(database)) == [3, 22, 64, 64]


def test_running_it_again_makes_the_same_again(
    run: Run, database: Any, encoder: FakeEncoder
) -> None:
    talk(150)
    run(COMMAND)
    before, session = blocks(database), database.sessions.find_one()
    assert run(COMMAND).out.startswith("1 sessions with 150 messages annotated, 0 passed over")
    assert blocks(database) == before
    assert database.sessions.find_one() == session
    assert encoder.encoded == 300


def test_only_missing_passes_over_what_is_complete(run: Run, encoder: FakeEncoder) -> None:
    talk(70)
    run(COMMAND)
    talk(5)
    assert counts(run(COMMAND, "--only-missing", "--json").json()) == (1, 5, 1)
    assert counts(run(COMMAND, "--only-missing", "--json").json()) == (0, 0, 2)


def test_only_missing_goes_on_where_annotating_stopped(run: Run, encoder: FakeEncoder) -> None:
    session = talk(70)
    run(COMMAND)
    append_many(session.session_id, ["one more", "and another"])
    assert counts(run(COMMAND, "--only-missing", "--json").json()) == (1, 2, 0)
    assert encoder.encoded == 72


def test_only_missing_finds_the_vectors_of_another_encoder(
    run: Run, database: Any, encoder: FakeEncoder, use: Use
) -> None:
    talk(70)
    run(COMMAND)
    use(FakeEncoder("letters/2"))
    assert counts(run(COMMAND, "--only-missing", "--json").json()) == (1, 70, 0)
    assert {block["encoder"] for block in blocks(database)} == {"letters/2"}


def test_only_missing_finds_what_was_made_without_an_encoder(
    run: Run, database: Any, use: Use
) -> None:
    session = talk(70)
    use(None)
    annotations.catch_up(session_id=session.session_id, user_id=OWNER, seconds=60)
    use(FakeEncoder())
    assert counts(run(COMMAND, "--only-missing", "--json").json()) == (1, 70, 0)
    assert all(len(block["vectors"]) == 384 * block["count"] for block in blocks(database))


def test_only_missing_finds_a_lost_block(run: Run, database: Any, encoder: FakeEncoder) -> None:
    talk(150)
    run(COMMAND)
    before = blocks(database)
    database.message_annotations.delete_one({"first_seq": 65})
    assert run(COMMAND, "--only-missing").code == 0
    assert blocks(database) == before


def test_an_undone_shift_stays_undone(run: Run, database: Any, encoder: FakeEncoder) -> None:
    session = talk(5)
    run(COMMAND)
    database.sessions.update_one({"_id": session.session_id}, {"$set": {"topic.undone": 3}})
    run(COMMAND)
    assert database.sessions.find_one()["topic"]["undone"] == 3


def test_an_interrupted_rebuild_is_gone_on_with(
    run: Run, database: Any, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(150)
    run(COMMAND)
    before, advance = blocks(database), annotations.annotations.advance
    monkeypatch.setattr(annotations.annotations, "advance", _interrupt)
    assert run(COMMAND).code == 130
    monkeypatch.setattr(annotations.annotations, "advance", advance)
    assert run(COMMAND, "--only-missing").code == 0
    assert blocks(database) == before


def _interrupt(**_: Any) -> bool:
    raise KeyboardInterrupt


def test_limit_bounds_the_sessions_that_take_work(run: Run, encoder: FakeEncoder) -> None:
    for _ in range(3):
        talk(2)
    options = (COMMAND, "--only-missing", "--limit", "2", "--json")
    assert counts(run(*options).json()) == (2, 4, 0)
    assert counts(run(*options).json()) == (1, 2, 2)


def test_only_one_users_sessions(run: Run, database: Any, encoder: FakeEncoder) -> None:
    talk(2)
    assert counts(run(COMMAND, "--user", "somebody", "--json").json()) == (0, 0, 0)
    assert counts(run(COMMAND, "--user", OWNER, "--json").json()) == (1, 2, 0)


def test_without_an_encoder_nothing_is_lost(
    run: Run, database: Any, encoder: FakeEncoder, use: Use
) -> None:
    talk(70)
    run(COMMAND)
    before = blocks(database)
    use(None)
    with pytest.raises(CommandError, match="nothing was rebuilt") as caught:
        call_command(COMMAND)
    assert caught.value.returncode == 1
    assert blocks(database) == before


def test_a_window_after_it_is_ranked_by_meaning_too(run: Run, encoder: FakeEncoder) -> None:
    session = talk(70)
    run(COMMAND)
    window = context.context_plan(
        session_id=session.session_id,
        user_id=OWNER,
        max_tokens=100,
        strategy=None,
        query="boats",
        now=now(),
    )
    assert window.plan.ranking == "lexical+dense"


@pytest.mark.parametrize("wrong", [["--limit", "0"], ["--limit", "few"], ["extra"]])
def test_wrong_usage_is_refused(wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command(COMMAND, *wrong)
