"""Without a cluster; tests/sharding has one."""

from tests.commands.conftest import Run


def test_it_prints_what_a_mongos_would_be_sent(run: Run) -> None:
    outcome = run("shard_collections")
    lines = outcome.out.splitlines()

    assert outcome.code == 0
    assert lines[0].startswith('db.getSiblingDB("admin").runCommand({"enableSharding": ')
    assert any('.message_buckets", "key": {"session_id": "hashed"}})' in line for line in lines)
    assert lines[-1] == "// not a mongos: nothing was run"


def test_its_json_says_that_nothing_was_run(run: Run) -> None:
    result = run("shard_collections", "--json").json()

    assert (result["mongos"], result["run"]) == (False, False)
    assert {entry["refused"] for entry in result["commands"]} == {None}


def test_a_shard_keys_index_is_no_difference(run: Run, database: object) -> None:
    database.sessions.create_index([("_id", "hashed")])  # type: ignore[attr-defined]

    assert run("ensure_indexes", "--check").code == 0
