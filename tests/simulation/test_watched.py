"""Topic shifts found, compared with those that a file marks."""

from typing import Any

from sessions_app.simulation.dialogues import Dialogue
from sessions_app.simulation.watched import ShiftCount, Watched, count_shifts


def watched(detected: list[int], marked: set[int] | None) -> Watched:
    starts = None if marked is None else frozenset(marked)
    topics: list[dict[str, Any]] = [{"start_seq": start} for start in (1, *detected)]
    return Watched(Dialogue("one", [], starts), "s", [], topics)


def test_a_shift_counts_only_at_the_very_message_that_is_marked():
    assert count_shifts([watched([4, 9], {5, 9})]) == ShiftCount(1, hits=1, extra=1, missed=1)


def test_dialogues_without_marks_do_not_count():
    assert count_shifts([watched([4], None), watched([], {2})]) == ShiftCount(1, 0, 0, 1)
    assert count_shifts([watched([4], None)]) is None


def test_a_dialogue_marked_to_have_no_shift_does_count():
    assert count_shifts([watched([4], set())]) == ShiftCount(1, 0, 1, 0)


def test_a_dialogue_in_which_nothing_was_judged_has_no_shifts():
    nothing = Watched(Dialogue("one", [], frozenset({2})), "s", [], [])

    assert nothing.shifts == {}
    assert count_shifts([nothing]) == ShiftCount(1, 0, 0, 1)


def test_where_topics_start_is_in_the_json_only_if_anybody_has_said():
    assert watched([], {3, 2}).as_json()["topic_starts"] == [2, 3]
    assert "topic_starts" not in watched([], None).as_json()
