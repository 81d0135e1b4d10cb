"""The real store on a real mongod, driven at random and compared with lists in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from sessions_app.domain import limits
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import IdempotencyMismatch, SessionArchived, SessionNotFound
from sessions_app.repository.log import tail
from sessions_app.services import erasure, messages, sessions
from sessions_app.services.audits import integrity
from tests.repository.conftest import OWNER, append, new_session, now, read_all


@dataclass
class Model:
    """What a session should hold: its contents in order (None once erased) and its keys."""

    contents: list[str | None] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    archived: bool = False


keys = st.sampled_from([f"key-{n}" for n in range(12)])
contents = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=40)


class Store(RuleBasedStateMachine):
    """Appends, batches, retries, deletions, forks, archives, spills and reads, in any order."""

    models: dict[str, Model]
    session_ids = Bundle("session_ids")

    @initialize(target=session_ids)
    def begin(self) -> str:
        self.models = {}
        return self.create(seeds=[])

    @rule(target=session_ids, seeds=st.lists(contents, max_size=12))
    def create(self, seeds: list[str]) -> str:
        history = [MessageDraft(role=Role.USER, content=content) for content in seeds]
        session_id = new_session(history=history).session_id
        self.models[session_id] = Model(contents=list(seeds))
        return session_id

    @rule(session_id=session_ids, content=contents)
    def append(self, session_id: str, content: str) -> None:
        self._append(session_id, content, None)

    @rule(session_id=session_ids, content=contents, key=keys)
    def append_with_a_key(self, session_id: str, content: str, key: str) -> None:
        self._append(session_id, content, key)

    def _append(self, session_id: str, content: str, key: str | None) -> None:
        model = self.models[session_id]
        known = model.keys.get(key or "")
        try:
            stored = append(session_id, content, key)
        except SessionArchived:
            assert model.archived
            assert known is None
        except IdempotencyMismatch:
            assert known is not None
            assert model.contents[known - 1] not in {content, None}
        else:
            if known is None:
                assert not model.archived
                model.contents.append(content)
                known = len(model.contents)
                if key:
                    model.keys[key] = known
            assert stored.seq == known

    @rule(session_id=session_ids, batch=st.lists(contents, min_size=1, max_size=15))
    def append_a_batch(self, session_id: str, batch: list[str]) -> None:
        model = self.models[session_id]
        drafts = [MessageDraft(role=Role.ASSISTANT, content=content) for content in batch]
        try:
            appended = messages.message_append_batch(
                session_id=session_id, user_id=OWNER, batch=drafts, now=now()
            )
        except SessionArchived:
            assert model.archived
        else:
            first = len(model.contents) + 1
            assert [m.seq for m in appended.messages] == list(range(first, first + len(batch)))
            model.contents.extend(batch)

    @rule(session_id=session_ids, place=st.floats(0, 1))
    def erase_a_message(self, session_id: str, place: float) -> None:
        model = self.models[session_id]
        if not model.contents or model.archived:
            return
        seq = 1 + int(place * (len(model.contents) - 1))
        erasure.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())
        model.contents[seq - 1] = None

    @rule(session_id=session_ids)
    def spill(self, session_id: str) -> None:
        tail.spill(session_id)

    @rule(target=session_ids, session_id=session_ids, place=st.floats(0, 1))
    def fork(self, session_id: str, place: float) -> Any:
        model = self.models[session_id]
        if not model.contents:
            return multiple()
        seq = 1 + int(place * (len(model.contents) - 1))
        fork = sessions.session_fork(
            session_id=session_id, user_id=OWNER, up_to_seq=seq, title=None, now=now()
        )
        self.models[fork.session_id] = Model(
            contents=model.contents[:seq],
            keys={key: at for key, at in model.keys.items() if at <= seq},
        )
        return fork.session_id

    @rule(session_id=session_ids)
    def archive(self, session_id: str) -> None:
        sessions.session_archive(session_id=session_id, user_id=OWNER, now=now())
        self.models[session_id].archived = True

    @rule(session_id=session_ids)
    def restore(self, session_id: str) -> None:
        sessions.session_restore(session_id=session_id, user_id=OWNER, now=now())
        self.models[session_id].archived = False

    @rule(session_id=consumes(session_ids))
    def delete(self, session_id: str) -> None:
        sessions.session_delete(session_id=session_id, user_id=OWNER)
        del self.models[session_id]
        with pytest.raises(SessionNotFound):
            append(session_id, "too late")

    @rule(session_id=session_ids, after=st.integers(0, 60), limit=st.integers(1, 30))
    def read_a_page(self, session_id: str, after: int, limit: int) -> None:
        model = self.models[session_id]
        page = messages.message_page(
            session_id=session_id,
            user_id=OWNER,
            after=after,
            before=None,
            limit=limit,
            now=now(),
        )
        expected = model.contents[after : after + limit]
        assert [m.content for m in page.messages] == [content or "" for content in expected]
        assert page.latest_seq == len(model.contents)
        assert page.has_more == (after + limit < len(model.contents))

    @rule(session_id=session_ids, limit=st.integers(1, 40))
    def read_the_newest(self, session_id: str, limit: int) -> None:
        model = self.models[session_id]
        session, newest = sessions.session_get(
            session_id=session_id, user_id=OWNER, limit=limit, now=now()
        )
        assert [m.content for m in newest] == [c or "" for c in model.contents[-limit:]]
        assert session.message_count == len(model.contents)

    @invariant()
    def every_session_is_as_modelled(self) -> None:
        for session_id, model in getattr(self, "models", {}).items():
            stored = read_all(session_id)
            assert [m.seq for m in stored] == list(range(1, len(model.contents) + 1))
            assert [None if m.deleted else m.content for m in stored] == model.contents

    def teardown(self) -> None:
        assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []
        for session_id in getattr(self, "models", {}):
            sessions.session_delete(session_id=session_id, user_id=OWNER)


@pytest.fixture
def small_tails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bounds so small that a few dozen messages make several buckets."""
    for module in (limits, tail, tail.tail):
        for name, value in (
            ("TAIL_KEEP_MESSAGES", 4),
            ("TAIL_MAX_MESSAGES", 8),
            ("TAIL_MAX_BYTES", 2_000),
            ("BUCKET_MAX_MESSAGES", 4),
        ):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    return None


@pytest.mark.mongod("hundreds of steps, for which mongomock takes seconds")
def test_the_store_behaves_like_lists(database: Any, small_tails: None, request: Any) -> None:
    thorough = request.config.getoption("--slow")
    Store.TestCase.settings = settings(
        max_examples=200 if thorough else settings.default.max_examples // 2,
        stateful_step_count=60 if thorough else 30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Store.TestCase("runTest").runTest()
