"""Days, and what the ids of sessions say of them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import uuid_utils

from sessions_app.domain.figures.daily import (
    Day,
    DayTally,
    Figure,
    created_at,
    day_of,
    days_between,
    first_id,
    start_of,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_an_id_stands_between_those_of_its_moment():
    made = str(uuid_utils.uuid7())
    moment = created_at(made)
    assert moment is not None
    assert first_id(moment) <= made < first_id(moment + timedelta(milliseconds=1))
    assert first_id(moment - timedelta(days=1)) < made


def test_other_ids_tell_no_time():
    assert created_at("x") is None
    assert created_at("9d3e1b52-6f0a-4c6e-9d6b-0f1e2d3c4b5a") is None


def test_a_day_is_utc():
    early = datetime.fromisoformat("2026-11-23T00:30:00+01:00")
    assert day_of(early) == date(2026, 11, 22)
    assert start_of(date(2026, 11, 22)) == NOON - timedelta(hours=12)


def test_days_between_has_both_ends():
    first = date(2026, 2, 27)
    assert [day.day for day in days_between(first, date(2026, 3, 2))] == [27, 28, 1, 2]


def test_tallies_are_added_up():
    tally = DayTally(Counter({Figure.TOKENS: 3}), {1: 2, 2: 5})
    tally.merge(DayTally(Counter({Figure.TOKENS: 4, Figure.TURNS: 1}), {1: 4, 2: 1, 3: 1}))
    assert tally.counts == {Figure.TOKENS: 7, Figure.TURNS: 1}
    assert tally.people == {1: 4, 2: 5, 3: 1}


def test_a_day_without_counts_does_not_claim_to_have_had_no_messages():
    assert Day(date(2026, 11, 22)).messages is None
    assert Day(date(2026, 11, 22), {Figure.TURNS: 1}).messages == 0
