"""Labels: phrases as the person wrote them, and none where none is good."""

import pytest

from sessions_app.domain.topics import TopicMessage, TopicState, advance, current_label, gather
from sessions_app.domain.topics.head import shipped_head
from sessions_app.domain.topics.labels import STATE_PHRASES, note_phrases, phrases_of
from sessions_app.domain.topics.text import READ_CHARS, bounded


def label(*contents):
    """The label of one topic with these messages, in turns, the person's first."""
    state = TopicState(topic=1, topic_start=1)
    for at, content in enumerate(contents):
        message = TopicMessage("assistant" if at % 2 else "user", content)
        state = advance(state, gather(state, message, shipped_head()), shift=False)
    return current_label(state)


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        ("What was the basis of the Watergate scandal?", "Watergate scandal"),
        ("I want to learn how to bake sourdough bread", "sourdough bread"),
        ("How do I reset the admin password of Nextcloud?", "admin password"),
        ("Ich suche ein Rezept für einen Apfelkuchen.", "Apfelkuchen"),
        ("Is C++ faster than Node.js?", "Node.js"),
        ("我想学做红烧肉，怎么做？", "红烧肉"),
        ("كيف أتعلم البرمجة؟", "البرمجة"),
    ],
)
def test_a_phrase_stands_in_the_label_as_it_was_written(content, phrase):
    assert phrase in label(content)


def test_what_recurs_names_the_topic():
    told = label(
        "I need a train to London on Friday.",
        "The first train to London leaves at six.",
        "And a later train?",
    )
    assert "train" in told


@pytest.mark.parametrize(
    "contents",
    [
        ("hi", "Hello! How can I help you?"),
        ("👍",),
        ("tell me more about that", "What would you like to know?"),
        ("```\nprint(1)\n```",),
        ("",),
    ],
)
def test_a_topic_without_a_good_phrase_has_no_label(contents):
    assert label(*contents) == ""


def test_a_label_is_two_phrases_at_most_and_has_no_function_words():
    told = label(
        "Could you please recommend a good camera and a tripod, a bag and a lens for the Alps?"
    )
    assert 1 <= len(told.split(", ")) <= 2
    assert not {"the", "a", "and", "you", "could"} & set(told.replace(",", "").lower().split())


def test_an_answer_s_words_alone_are_no_label():
    assert "Cascais" not in label("what do you think?", "Cascais is nearer than Ericeira.")


def test_a_long_text_is_not_cut_inside_a_word():
    words = "alongside " * (READ_CHARS // 4)
    assert set(bounded(words).split()) == {"alongside"}


def test_a_second_mention_supports_the_first_spelling():
    noted = note_phrases((), phrases_of("the Watergate scandal"), 2.0)
    noted = note_phrases(noted, phrases_of("that scandal"), 2.0)
    assert noted == (("Watergate scandal", 3.0),)


def test_the_phrases_of_a_state_are_bounded():
    noted = ()
    for number in range(100):
        noted = note_phrases(noted, (f"gadget{number} box{number}",), 1.0)
    assert len(noted) == STATE_PHRASES
