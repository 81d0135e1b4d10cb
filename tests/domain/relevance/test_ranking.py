"""Which older messages come first for a query."""

import numpy as np
import pytest

from sessions_app.domain.candidate import Ranking
from sessions_app.domain.relevance.ranking import (
    label_names,
    lexical_scores,
    query_text,
    rank,
    speaker_of,
    without_names,
)
from sessions_app.domain.relevance.terms import stem, term_ids, words
from tests.domain.window.builders import say

CHAT = [
    say(1, "user", content="Ann: I went hiking near the lake."),
    say(2, "assistant", content="Bob: Lovely. Which instrument do you play?"),
    say(3, "user", content="Ann: The violin, since I was six."),
    say(4, "assistant", content="Bob: I painted my kitchen."),
    say(5, "user", content="Ann: What colour?"),
    say(6, "assistant", content="Bob: Green, like the grass outside."),
]


def best(relevance):
    return CHAT[int(relevance.scores.argmax())].seq


def with_vectors(vectors):
    return [
        say(m.seq, m.role, content=m.content, vector=np.array(v, np.float32))
        for m, v in zip(CHAT, vectors, strict=True)
    ]


def test_a_word_in_common_counts():
    relevance = rank(CHAT, "Who plays the violin?")
    assert best(relevance) == 3
    assert relevance.ranking == Ranking.LEXICAL


def test_rarer_words_count_for_more():
    scores = lexical_scores(CHAT, "violin ann")
    assert scores[2] > scores[0] > 0


def test_an_answer_counts_for_the_question_before_it():
    scores = rank(CHAT, "What colour is it?").scores
    assert scores[5] > scores[0]


def test_neighbours_are_those_in_the_conversation_not_in_the_list():
    gap = [m for m in CHAT if m.seq in (2, 5)]
    alone = rank(gap, "instrument").scores
    together = rank(CHAT, "instrument").scores
    assert alone[1] <= 0 < together[2]


def test_the_person_named_counts_for_what_they_said():
    scores = rank(CHAT, "Does Bob like grass or hiking near a lake?").scores
    assert scores[5] > scores[0]


def test_vectors_find_what_words_do_not():
    vectors = [[1, 0], [1, 0], [1, 0], [0, 1], [1, 0], [1, 0]]
    relevance = rank(with_vectors(vectors), "home improvement", np.array([0, 1], np.float32))
    assert best(relevance) == 4
    assert relevance.ranking == Ranking.LEXICAL_DENSE


def test_a_message_without_a_vector_competes_by_its_words():
    messages = with_vectors([[0, 1]] * 6)
    messages[2] = CHAT[2]
    assert best(rank(messages, "violin", np.array([1, 0], np.float32))) == 3


@pytest.mark.parametrize("query", ["", "the of", "zeppelin"])
def test_nothing_in_common_ranks_nothing(query):
    relevance = rank(CHAT, query)
    assert relevance.ranking == Ranking.NONE
    assert not relevance.scores.any()


def test_the_asking_message_does_not_compete_with_itself():
    messages = [*CHAT, say(9, "user", content="violin violin violin")]
    relevance = rank(messages, "violin violin violin", asked_by=6)
    assert best(relevance) == 3


def test_a_pasted_document_is_searched_for_its_rarest_words():
    paste = " ".join(f"word{n}" for n in range(20_000)) + " hiking lake violin"
    scores = lexical_scores(CHAT, paste)
    assert scores[0] > 0
    assert scores[2] > 0


def test_a_pasted_document_without_a_word_in_common_finds_nothing():
    assert not lexical_scores(CHAT, " ".join(f"word{n}" for n in range(200))).any()


def test_a_word_too_many_leaves_the_rarer_ones():
    crowd = [say(n, content=f"common word{n}") for n in range(1, 101)]
    query = "common " + " ".join(f"word{n}" for n in range(1, 65))
    assert lexical_scores(crowd, query)[99] == 0


def test_no_candidates_are_no_trouble():
    assert rank([], "violin").scores.shape == (0,)


def test_stored_terms_are_used_in_place_of_the_content():
    stored = say(7, content="hidden", terms=term_ids("violin"))
    assert lexical_scores([stored], "violin")[0] > 0


def test_a_speaker_is_the_name_or_the_label():
    assert speaker_of(say(1, name="Carol", content="Ann: hi")) == "Carol"
    assert speaker_of(say(1, content="Ann Lee: hi")) == "Ann Lee"
    assert speaker_of(say(1, content="no label: here")) is None


def test_a_label_seen_once_is_nobody():
    assert label_names(["Ann", "Ann", "Note", None]) == {"Ann"}


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("When did Ann paint?", "When did paint?"),
        ("What is Ann's dog called?", "What is dog called?"),
        ("Is there an Annex?", "Is there an Annex?"),
        ("Ann?", "Ann?"),
    ],
)
def test_names_leave_the_query_unless_nothing_else_is_in_it(query, left):
    assert without_names(query, frozenset({"Ann"})) == left


def test_the_query_to_encode_has_no_speakers_in_it():
    assert query_text("Which instrument does Ann play?", CHAT) == "Which instrument does play?"


@pytest.mark.parametrize(
    "family",
    [
        ("painted", "painting", "paints", "paint"),
        ("hike", "hiking", "hikes", "hiked"),
        ("city", "cities"),
        ("stopped", "stopping", "stop"),
        ("classes", "class"),
    ],
)
def test_the_forms_of_a_word_share_a_stem(family):
    assert len({stem(word) for word in family}) == 1


def test_words_are_lower_cased_and_stop_words_left_out():
    assert words("The VIOLIN and Anna's bow") == ["violin", "anna", "bow"]


def test_other_alphabets_are_words_too():
    assert words("скрипка 小提琴") == ["скрипка", "小提", "提琴"]


ABOUT_ONESELF = [
    say(1, "user", content="What does a dentist earn?"),
    say(2, "assistant", content="A dentist with a practice earns more than one who is employed."),
    say(3, "user", content="Dr Lindholm's practice rang, they moved me to Friday."),
    say(4, "assistant", content="Noted."),
    say(5, "user", content="Is the dentist's drill dangerous?"),
    say(6, "assistant", content="A dentist's drill is safe."),
]


def best_about_oneself(query):
    return ABOUT_ONESELF[int(rank(ABOUT_ONESELF, query).scores.argmax())].seq


@pytest.mark.parametrize(
    "query",
    ["When is my appointment at the dentist's practice?", "Wann ist mein Termin in der practice?"],
)
def test_who_asks_about_themselves_is_answered_by_what_they_stated(query):
    assert best_about_oneself(query) == 3


def test_what_the_assistant_said_is_not_asked_of_the_person():
    plain = rank(ABOUT_ONESELF, "Is the drill safe?").scores
    for query in ("Is the drill safe?", "Did you tell me the drill is safe?"):
        assert best_about_oneself(query) == 6
    named = [say(m.seq, m.role, content=f"Ann: {m.content}") for m in ABOUT_ONESELF]
    np.testing.assert_array_equal(
        rank(named, "Is my drill safe?").scores, rank(named, "Is the drill safe?").scores
    )
    assert plain.argmax() == 5
