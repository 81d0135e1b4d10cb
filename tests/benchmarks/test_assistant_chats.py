"""What the model of chats is fitted to, and what asks windows about them."""

import json
from pathlib import Path

from benchmarks import languages, told_facts, topic_windows
from benchmarks.chat_rows import pairs, rows_of
from benchmarks.topic_sets import Dialogue
from sessions_app.domain.topics import CHAT_DENSE, CHAT_TEXT, pack_vector, shipped_head

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def dialogue(*contents: str, starts: set[int]) -> Dialogue:
    roles = tuple(("user", "assistant")[at % 2] for at in range(len(contents)))
    row = pack_vector(shipped_head().coherence.after[:, 0])
    return Dialogue("talk", roles, contents, frozenset(starts), (row,) * len(contents))


TALK = dialogue(
    "How do I prune an apple tree?", "In winter, above a bud that points away from the stem.",
    "and the pear tree?", "The same way, a little earlier in the year.",
    "What does a passport cost in Canada?", "A hundred and sixty dollars for ten years.",
    "tell me more", "It takes three weeks by post.",
    starts={5},
)  # fmt: skip


def test_the_person_s_questions_are_fitted_on_with_what_they_open():
    rows = rows_of(TALK, shipped_head())
    assert rows.inputs.shape == (2, len(CHAT_TEXT) + len(CHAT_DENSE))
    assert rows.labels.tolist() == [False, True]


def test_vectors_of_another_encoder_are_fitted_on_without_the_head_s_coherence():
    own, other = rows_of(TALK, shipped_head()), rows_of(TALK, shipped_head(), "another/1")
    follows = len(CHAT_TEXT) + CHAT_DENSE.index("follows")
    assert own.inputs[0, follows] != other.inputs[0, follows]
    assert own.inputs.shape == other.inputs.shape


def test_every_two_conversations_are_glued_once():
    made = pairs([TALK])
    assert [sorted(one.starts) for one in made.values()] in ([[5]], [[5], [5]])
    assert len(made) == 1


def test_questions_about_chats_name_one_message_each():
    samples = json.loads((BENCHMARKS / "asked_again.json").read_text(encoding="utf-8"))
    chats = json.loads((BENCHMARKS / "chats.json").read_text(encoding="utf-8"))
    texts = [text for chat in chats for turn in chat["turns"] for text in turn]
    own = [sum(text.startswith(begin) for text in texts) for _, begin in samples]
    assert max(own) == 1
    # The others are about CAsT.
    assert sum(own) >= 25


def test_a_question_is_asked_where_two_more_topics_have_followed():
    parts = topic_windows.conversations([])
    for made in topic_windows.glued(parts):
        last = sorted(made.starts)[-topic_windows.BETWEEN]
        assert all(max(evidence) < last for _, evidence in topic_windows.asked_again(made))


def test_a_fact_is_told_before_it_changes_and_asked_for_at_the_end():
    (session,) = told_facts.sessions(1, told_facts.chats())
    for _, seqs in session.questions:
        assert seqs == sorted(set(seqs))
        assert seqs[-1] < len(session.said)
        assert {session.said[seq - 1][0] for seq in seqs} == {"user"}


def test_every_language_says_the_same_number_of_things():
    chats = json.loads(languages.PARALLEL.read_text(encoding="utf-8"))
    for chat in chats:
        assert {len(chat[language]) for language in languages.LANGUAGES} == {6}
        positions = {
            tuple(at for _, at in chat["questions"][language]) for language in languages.LANGUAGES
        }
        assert len(positions) == 1
