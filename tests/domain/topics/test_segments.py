"""Segments and their labels: readable key terms, from the messages or from the state alone."""

from sessions_app.domain.topics import TopicMessage, TopicState, current_label, observe
from sessions_app.domain.topics.segments import JudgedMessage, segments_of

TALK = [
    JudgedMessage(1, 1, "I need a train to London on Friday."),
    JudgedMessage(2, 1, "The first train to London leaves at six. Which train would you like?"),
    JudgedMessage(3, 2, "How do I feed a sourdough starter?", 0.8),
    JudgedMessage(4, 2, "Feed the starter with flour and water; a hungry starter smells."),
]


def test_consecutive_messages_of_one_topic_are_one_segment():
    first, second = segments_of(TALK)
    assert (first.topic, first.start_seq, first.end_seq, first.message_count) == (1, 1, 2, 2)
    assert (second.topic, second.start_seq, second.end_seq, second.message_count) == (2, 3, 4, 2)


def test_a_segment_carries_the_score_of_the_shift_that_opened_it():
    assert [segment.score for segment in segments_of(TALK)] == [0.0, 0.8]


def test_a_label_names_what_recurs():
    first, second = segments_of(TALK)
    assert "train" in first.label
    assert "starter" in second.label


def test_a_label_has_at_most_four_terms_and_no_function_words():
    for segment in segments_of(TALK):
        terms = segment.label.split(", ")
        assert 1 <= len(terms) <= 4
        assert not {"the", "i", "a", "to", "you"} & set(terms)


def test_a_segment_without_key_terms_is_a_conversation():
    (segment,) = segments_of([JudgedMessage(1, 1, "hi"), JudgedMessage(2, 1, "👍")])
    assert segment.label == "conversation"


def test_no_messages_make_no_segments():
    assert segments_of([]) == ()


def test_the_state_alone_can_name_the_current_topic():
    state = TopicState()
    for message in TALK[:2]:
        state, _ = observe(state, TopicMessage("user", message.content))
    assert "train" in current_label(state)


def test_a_label_is_readable_in_other_scripts():
    (segment,) = segments_of([JudgedMessage(1, 1, "كيف أتعلم البرمجة؟ البرمجة بلغة بايثون")])
    assert "البرمجة" in segment.label
