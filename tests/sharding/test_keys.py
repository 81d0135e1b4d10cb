"""Every collection has a shard key, or a reason to stay in one piece."""

from typing import Any

from sessions_app import documents
from sessions_app.repository import belongings, sharding


def test_every_collection_is_decided_on():
    decided = {*sharding.BY_ID, *sharding.TOGETHER, *belongings.OF_SESSIONS.values()}
    undecided = [document.__name__ for document in documents.ALL if document not in decided]

    assert undecided == [], "add them to BY_ID or TOGETHER in sessions_app/repository/sharding.py"


def test_no_collection_is_decided_on_twice():
    decided = [*sharding.BY_ID, *sharding.TOGETHER, *belongings.OF_SESSIONS.values()]

    assert len(decided) == len(set(decided))


def test_no_unique_index_stands_in_the_way_of_a_shard_key():
    """A cluster keeps unique only what begins with the shard key, and `_id` within one shard."""
    unique = [
        spec["name"]
        for document in documents.ALL
        for spec in document._meta["index_specs"]
        if spec.get("unique") and document not in sharding.TOGETHER
    ]

    assert unique == []


def test_commands_come_in_an_order_that_a_cluster_takes(database: Any):
    commands = sharding.commands()
    first, *others = commands

    assert first == {"enableSharding": sharding.get_db().name}
    made, then = others[::2], others[1::2]
    assert [f"{first['enableSharding']}.{one['createIndexes']}" for one in made] == [
        one["shardCollection"] for one in then
    ]
    assert [one["indexes"][0]["key"] for one in made] == [one["key"] for one in then]
