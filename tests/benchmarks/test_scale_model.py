"""The model of scale is arithmetic, so it is tested by arithmetic."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scale_plan import (
    APPEND,
    LIST,
    READ,
    WINDOW,
    Cost,
    Costs,
    Load,
    Prices,
    Stored,
    cases,
    plan,
)

COSTS = Costs(
    requests={
        APPEND: Cost(2.0, 1.0, 1_000),
        WINDOW: Cost(40.0, 4.0, 10_000),
        READ: Cost(2.0, 1.0, 20_000),
        LIST: Cost(1.0, 1.0, 1_000),
    },
    stored=Stored(message_bytes=500, index_bytes=10, derived_bytes=500, warm_session_bytes=30_000),
)
LOAD, PRICES = Load(), Prices()


def test_a_turn_is_the_sum_of_its_requests():
    cost = COSTS.of_a_turn(LOAD)

    assert cost.worker_ms == pytest.approx(2 * 2 + 40 + 0.25 * 2 + 0.1 * 1)
    assert cost.mongod_ms == pytest.approx(2 * 1 + 4 + 0.25 * 1 + 0.1 * 1)


def test_disk_is_every_message_with_its_index_and_what_is_derived():
    assert COSTS.disk_bytes(1_000) == 1_010_000


def test_a_shard_is_what_its_scarcest_resource_makes_it():
    planned = plan(COSTS, LOAD, PRICES)
    needed = [planned[f"shards_for_{one}"] for one in ("processor", "disk", "memory")]

    assert planned["shards"] == max(needed)
    assert planned["database_nodes"] == 3 * planned["shards"]


def test_worker_nodes_hold_the_peak_with_one_of_them_down():
    planned = plan(COSTS, LOAD, PRICES)
    left = (planned["worker_nodes"] - 1) * PRICES.worker.cores * PRICES.worker.busy

    assert left >= planned["worker_cores_peak"]


def test_no_archive_means_more_disk_and_more_money():
    with_archive, without = plan(COSTS, LOAD, PRICES), plan(COSTS, LOAD, PRICES, archive=False)

    assert without["hot_disk_gb"] > with_archive["hot_disk_gb"]
    assert without["archive_gb"] == 0
    assert dollars(without) > dollars(with_archive)


@pytest.mark.parametrize("change", [{"users": 20_000_000}, {"peak_factor": 8.0}])
def test_more_load_is_never_cheaper(change: dict[str, float]):
    more = plan(COSTS, replace(LOAD, **change), PRICES)

    assert dollars(more) > dollars(plan(COSTS, LOAD, PRICES))


def test_a_small_load_still_is_one_shard_and_two_workers():
    planned = plan(COSTS, replace(LOAD, users=100), PRICES)

    assert (planned["shards"], planned["worker_nodes"]) == (1, 2)


def test_each_case_changes_the_plan():
    planned = cases(COSTS, LOAD)

    assert planned.pop("as assumed") not in planned.values()


def dollars(planned: dict[str, Any]) -> float:
    return sum(planned["dollars_a_month"].values())


def test_the_document_states_the_load_that_is_planned_for():
    text = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    stated = [
        f"| users | {LOAD.users:,}, of whom {LOAD.active_share_a_day:.0%} come on a day |",
        f"| turns | {LOAD.turns_a_day:.0f} a day each, {LOAD.turns_a_session:.0f} a session: "
        f"{LOAD.turns_a_second:.0f} a second in the mean, "
        f"{LOAD.turns_a_second * LOAD.peak_factor:.0f} at the peak "
        f"({LOAD.peak_factor:.0f} times the mean) |",
        f"{LOAD.session_reads_a_turn} readings of a session, {LOAD.lists_a_turn} lists |",
        f"{LOAD.messages_a_day / 1e6:.0f} million a day",
        f"| warm | sessions of the last {LOAD.warm_days:.0f} days",
        f"| archive | after {LOAD.archive_after_days:.0f} idle days |",
    ]
    assert [one for one in stated if one not in text] == []
