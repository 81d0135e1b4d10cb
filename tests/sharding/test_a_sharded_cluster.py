"""`shard_collections`, and then the store's hot paths, on a real cluster of two shards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from chatproject.databases import mongo
from sessions_app.domain.data import Role, SessionFilter, Strategy
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.repository import annotations, sharding
from sessions_app.services import context, messages, sessions
from sessions_app.services.topics import segments
from sessions_app.services.transfer import exporting as exports
from sessions_app.services.turns import taking as turns
from tests.conftest import use_database
from tests.repository.conftest import now
from tests.sharding import cluster
from tests.sharding.conftest import DATABASE, shard_collections
from tests.sharding.router import Routed, Router

pytestmark = pytest.mark.xdist_group("a sharded cluster")
OWNER = "owner"
# What a chat does in each turn. Lists, deletions and operators' walks may ask every shard.
HOT = {"sessions", "message_buckets", "message_annotations", "turns"}


@pytest.fixture(scope="module")
def sharded(router: Router, tmp_path_factory: pytest.TempPathFactory) -> Router:
    done = shard_collections(router, tmp_path_factory.mktemp("data") / "data")
    assert (done.returncode, done.stderr) == (0, "")
    return router


@pytest.fixture(scope="module")
def walked(sharded: Router) -> Iterator[list[Routed]]:
    """Twelve talks, each longer than a tail, with all that a turn does."""
    address = f"mongodb://127.0.0.1:{sharded.port}"
    client: MongoClient[dict[str, Any]] = MongoClient(address, **mongo.client_options(20_000))
    use_database(client, DATABASE)
    # A user's first session counts what there is of theirs, once, on all shards.
    sessions.session_create(user_id=OWNER, draft=SessionDraft(), now=now())
    sharded.routed.clear()
    for number in range(12):
        _talk(number)
    yield list(sharded.routed)
    client.close()


def _talk(number: int) -> None:
    started = sessions.session_create(user_id=OWNER, draft=SessionDraft(), now=now())
    who: Any = {"session_id": started.session_id, "user_id": OWNER}
    for first in range(0, 300, 100):
        batch = [
            MessageDraft(Role.USER, f"message {number} {n}", client_id=f"key-{n}")
            for n in range(first, first + 100)
        ]
        messages.message_append_batch(**who, batch=batch, now=now())
    again = MessageDraft(Role.USER, f"message {number} 5", client_id="key-5")
    assert messages.message_append(**who, draft=again, now=now()).replayed
    sessions.session_get(**who, limit=50, now=now())
    messages.message_page(**who, after=20, before=None, limit=50, now=now())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sessions_app.encoders.load_encoder", lambda: None)
        for strategy in (Strategy.RECENT, Strategy.HYBRID):
            context.context_plan(**who, max_tokens=500, strategy=strategy, query=None, now=now())
        segments.topic_list(**who, now=now())
        asked = MessageDraft(Role.USER, "and what do you make of it?", client_id="asked")
        feed = turns.turn_start(**who, request=turns.TurnRequest([asked]), now=now())
        assert turns.turn_wait(feed=feed, seconds=30).message is not None
    context.context_reset(**who, undo=False, now=now())
    sessions.session_update(**who, changes={"title": "a talk"}, versions=None, now=now())
    assert len(list(exports.session_stream(**who, now=now())[1])) == 302
    annotations.forget_session(session_id=started.session_id)


def test_every_collection_is_spread_by_its_key(sharded: Router):
    for name, key in sharding.keys().items():
        chunks = sharded.cluster.chunks(f"{DATABASE}.{name}")
        # Ranges begin on one shard, and are spread as they grow.
        shards = 1 if name == sharding.BY_FILE.COLLECTION else len(cluster.SHARDS)
        assert len({chunk["shard"] for chunk in chunks}) == shards, name
        assert {field for chunk in chunks for field in chunk["min"]} == set(key), name


def test_running_it_again_changes_nothing(sharded: Router, data_dir: Path):
    before = sharded.cluster.chunks(f"{DATABASE}.sessions")
    again = shard_collections(sharded, data_dir)

    assert again.returncode == 0, again.stdout + again.stderr
    assert sharded.cluster.chunks(f"{DATABASE}.sessions") == before


def test_a_dry_run_sends_nothing(sharded: Router, data_dir: Path):
    before = len(sharded.administered)
    done = shard_collections(sharded, data_dir, "--dry-run")

    assert (done.returncode, len(sharded.administered)) == (0, before)


def test_a_turn_asks_one_shard_at_a_time(walked: list[Routed]):
    hot = [one for one in walked if one.collection in HOT]

    assert {one.collection for one in hot} == HOT
    assert len(hot) > 100
    assert [one for one in hot if len(one.shards) != 1] == []


def test_the_talks_lie_on_both_shards(walked: list[Routed], sharded: Router):
    for name in ("sessions", "message_buckets"):
        counts = [
            shard.client[DATABASE][name].count_documents({})
            for shard in sharded.cluster.shards.values()
        ]
        assert all(counts), name


def test_a_session_and_its_buckets_need_no_other_shard_to_be_read(
    walked: list[Routed], sharded: Router
):
    for shard in sharded.cluster.shards.values():
        owners = shard.client[DATABASE].message_buckets.distinct("session_id")
        assert owners
        assert all(
            sharded.cluster.shards[name].client[DATABASE].sessions.find_one({"_id": owner}) is None
            for owner in owners
            for name in cluster.SHARDS
            if name != shard.name
        )


def test_a_list_asks_every_shard(walked: list[Routed], sharded: Router):
    """What the choice of this shard key costs; docs/scaling.md weighs it."""
    sharded.routed.clear()
    sessions.session_list(
        user_id=OWNER,
        wanted=SessionFilter(),
        limit=20,
        position=None,
        backwards=False,
        now=now(),
    )
    assert {asked.shards for asked in sharded.routed} == {frozenset(cluster.SHARDS)}
