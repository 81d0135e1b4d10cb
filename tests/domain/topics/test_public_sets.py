"""The shipped weights on a little of the public sets; skipped where these are absent."""

import json
from pathlib import Path

import pytest

from benchmarks.topic_sets import CHATS, SETS, Dialogue, folds, score_dialogue, score_set
from benchmarks.topic_shift import at_random, chat_alone, never, text_tiling, tracker
from sessions_app.domain.topics.head import head_from_arrays, shipped_head

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "topics"
FLOORS = {"dialseg711": 0.75, "tiage": 0.5, "superdialseg": 0.55}


def dialogues(name, count=25):
    path = DATA / f"{(SETS | CHATS)[name][-1]}.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines[:count]]
    return [
        Dialogue(
            name=row["id"],
            roles=tuple(m["role"] for m in row["messages"]),
            contents=tuple(m["content"] for m in row["messages"]),
            starts=frozenset(row["topic_starts"]),
            vectors=tuple(b"" for _ in row["messages"]),
        )
        for row in rows
    ]


def talk(size, starts=()):
    words = tuple(f"message number {i}" for i in range(size))
    return Dialogue("a", ("user",) * size, words, frozenset(starts), (b"",) * size)


@pytest.mark.parametrize("name", SETS)
def test_the_shipped_head_without_vectors_stays_above_its_floor(name):
    group = dialogues(name)
    detect = tracker(shipped_head(), dense=False)
    assert score_set(group, [detect(d) for d in group])["score"] >= FLOORS[name]


def test_the_chat_model_beats_never_and_random_on_an_assistant_s_chats_without_vectors():
    group = dialogues("cast22")
    detect = tracker(chat_alone(shipped_head()), dense=False)
    mine = score_set(group, [detect(d) for d in group])["score"]
    for other in (never, at_random):
        assert mine > score_set(group, [other(d) for d in group])["score"] + 0.2


def test_a_perfect_guess_scores_one():
    assert score_set([talk(10, {4, 8})], [[4, 8]])["score"] == 1.0


def test_no_shift_found_where_there_is_none_scores_no_f1_as_published():
    assert score_dialogue(talk(6), []) == (0.0, 0.0, 0.0)


def test_dialogues_that_share_a_message_stay_in_one_fold():
    long = "this sentence is long enough to be recognised again"
    group = [talk(3) for _ in range(12)]
    group[2] = group[7] = Dialogue("b", ("user",), (long,), frozenset(), (b"",))
    assert sum({2, 7} <= set(part) for part in folds(group, 3)) == 1


def test_text_tiling_finds_the_gap_between_two_vocabularies():
    contents = ("red wine cork", "wine cork bottle", "bike wheel chain", "wheel chain brake")
    gaps = Dialogue("c", ("user",) * 4, contents, frozenset({3}), (b"",) * 4)
    assert text_tiling(gaps) == [3]


def test_weights_made_for_other_features_are_refused():
    with pytest.raises(ValueError, match="other features"):
        head_from_arrays({"version": 1, "features": "something else"})
