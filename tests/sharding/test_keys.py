"""Every collection has a shard key, or a reason to stay in one piece."""

from typing import Any

from sessions_app import documents
from sessions_app.repository import belongings, sharding


def decided() -> list[Any]:
    of_sessions = belongings.OF_SESSIONS.values()
    return [*sharding.BY_ID, *sharding.TOGETHER, sharding.BY_FILE, *of_sessions]


def test_every_collection_is_decided_on():
    undecided = [document.__name__ for document in documents.ALL if document not in decided()]

    assert undecided == [], "add them to BY_ID or TOGETHER in sessions_app/repository/sharding.py"


def test_no_collection_is_decided_on_twice():
    assert len(decided()) == len(set(decided()))


def test_no_unique_index_stands_in_the_way_of_a_shard_key():
    """A cluster keeps unique only what begins with the shard key, and `_id` within one shard."""
    keys = sharding.keys()
    in_the_way = [
        spec["name"]
        for document in documents.ALL
        for spec in document._meta["index_specs"]
        if spec.get("unique") and document not in sharding.TOGETHER
        if keys[document.COLLECTION] != {spec["fields"][0][0]: 1}
    ]

    assert in_the_way == []


def test_commands_come_in_an_order_that_a_cluster_takes(database: Any):
    first, *others = sharding.commands()
    name = first["enableSharding"]

    assert name == sharding.get_db().name
    indexes: dict[str, Any] = {}
    for command in others:
        if "createIndexes" in command:
            indexes[f"{name}.{command['createIndexes']}"] = command["indexes"][0]["key"]
        elif command["shardCollection"] == f"{name}.{sharding.BY_FILE.COLLECTION}":
            [declared] = sharding.BY_FILE._meta["index_specs"]
            assert command["key"] == dict(declared["fields"][:1])
        else:
            assert indexes[command["shardCollection"]] == command["key"]
