"""Finding the old runs worth reading from their sketches."""

import numpy as np
import pytest

from sessions_app.domain.relevance.sketch import (
    choose_runs,
    quantise,
    restore,
    score_runs,
    sketch_run,
)
from tests.domain.window.builders import say

DIMENSIONS = 8


def unit(*rows):
    array = np.array(rows, np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def axis(at):
    return np.eye(DIMENSIONS, dtype=np.float32)[at]


def run(first, word, at, size=12):
    return [say(first + n, content=f"{word} {n}", vector=axis(at)) for n in range(size)]


def three_runs():
    return [
        sketch_run(run(1, "violin", 0)),
        sketch_run(run(13, "kitchen", 1)),
        sketch_run(run(25, "garden", 2)),
    ]


def test_quantised_vectors_come_back_nearly_the_same():
    vectors = unit(*np.random.default_rng(1).normal(size=(100, 384)))
    packed = quantise(vectors)
    assert len(packed) == 100 * 384
    assert (restore(packed, 384) * vectors).sum(axis=1).min() > 0.999


def test_quantising_twice_changes_nothing():
    packed = quantise(unit([3, -1, 0.5, 0.1]))
    assert quantise(restore(packed, 4)) == packed


def test_no_vectors_take_no_bytes():
    assert quantise(np.empty((0, 384), np.float32)) == b""


def test_a_sketch_knows_which_messages_it_stands_for():
    sketch = sketch_run(run(7, "kitchen", 1))
    assert (sketch.first_seq, sketch.last_seq) == (7, 18)
    assert len(sketch.centroids) == 2 * DIMENSIONS


def test_deleted_messages_leave_no_trace():
    gone = [say(1, content="secret", vector=axis(0), deleted=True)]
    sketch = sketch_run(gone)
    assert (sketch.terms, sketch.centroids) == (b"", b"")


@pytest.mark.parametrize(("word", "first"), [("violin", 1), ("kitchens", 13), ("garden", 25)])
def test_words_find_the_run(word, first):
    chosen = choose_runs(three_runs(), word, limit=1)
    assert [sketch.first_seq for sketch in chosen] == [first]


def test_vectors_find_the_run():
    chosen = choose_runs(three_runs(), "nothing shared", axis(1), limit=1)
    assert [sketch.first_seq for sketch in chosen] == [13]


def test_chosen_runs_stay_in_conversation_order():
    chosen = choose_runs(three_runs(), "garden violin", limit=2)
    assert [sketch.first_seq for sketch in chosen] == [1, 25]


def test_a_tie_goes_to_the_newer_run():
    chosen = choose_runs(three_runs(), "zeppelin", limit=1)
    assert [sketch.first_seq for sketch in chosen] == [25]


def test_no_runs_have_no_scores():
    assert score_runs([], "violin", axis(0)).shape == (0,)
    assert choose_runs([], "violin", limit=3) == []
