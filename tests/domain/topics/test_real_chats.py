"""Real chats are not glued dialogues: what may never open a topic, and what still must."""

import pytest

from sessions_app.domain.topics import TopicMessage, TopicState, observe

OPENING = [
    ("user", "Can you recommend a hotel in Lisbon with a swimming pool?"),
    ("assistant", "The Hotel Alfama in Lisbon has a swimming pool and free parking."),
]
GERMAN = [
    ("user", "Ich suche ein Rezept für einen Apfelkuchen mit Streuseln."),
    ("assistant", "Gerne! Für den Apfelkuchen brauchen Sie Mehl, Butter, Zucker und fünf Äpfel."),
    ("user", "Kann ich für den Kuchen statt Butter auch Öl nehmen?"),
    ("assistant", "Ja, nehmen Sie etwa 80 Gramm Öl, der Teig wird dann lockerer."),
    ("user", "Und wie lange hält sich der Kuchen im Kühlschrank?"),
    ("assistant", "Im Kühlschrank hält der Kuchen drei bis vier Tage."),
]
CHINESE = [
    ("user", "我想学做红烧肉，怎么做？"),
    ("assistant", "红烧肉需要五花肉、冰糖、酱油和料酒，先焯水再炒糖色。"),
    ("user", "五花肉要炖多久？"),
    ("assistant", "五花肉小火炖一个小时左右。"),
    ("user", "冰糖可以换成白糖吗？"),
    ("assistant", "可以，白糖也能炒糖色，但是颜色没有冰糖亮。"),
]
ARABIC = [
    ("user", "كيف أتعلم البرمجة بلغة بايثون؟"),
    ("assistant", "ابدأ بتعلم أساسيات لغة بايثون ثم اكتب برامج صغيرة."),
    ("user", "كم من الوقت أحتاج لتعلم البرمجة؟"),
    ("assistant", "تحتاج إلى بضعة أشهر من التدريب اليومي على البرمجة."),
]


def shifts(messages):
    """The `seq` of the messages that opened a topic."""
    state, seqs = TopicState(), []
    for seq, (role, content) in enumerate(messages, start=1):
        state, decision = observe(state, TopicMessage(role, content))
        if decision.shift:
            seqs.append(seq)
    return seqs


@pytest.mark.parametrize(
    "content",
    [
        "hi", "Hello there!", "hey, how are you?", "Good morning everyone", "thanks", "Thank you!!",
        "thank you so much for your help", "Great, thanks. That's all I needed today.", "bye",
        "yes", "No.", "ok", "okay cool", "sure", "yep 👍", "lol", "danke",
        "Vielen Dank!", "merci beaucoup", "gracias", "谢谢", "你好", "好的", "شكرا", "ありがとう",
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_greeting_thanks_or_bare_yes_is_never_a_shift(content, role):
    assert shifts([*OPENING, (role, content)]) == []


@pytest.mark.parametrize("content", ["😱😱", "👍", "❤️", "...", "?!", "   ", "—"])
def test_emoji_and_punctuation_say_nothing_that_could_shift(content):
    assert shifts([*OPENING, ("user", content), ("assistant", content)]) == []


@pytest.mark.parametrize("role", ["system", "tool"])
def test_system_and_tool_messages_never_open_a_topic(role):
    note = "By the way, another question: what is the capital of Australia?"
    assert shifts([*OPENING, (role, note)]) == []


def test_a_tool_result_keeps_the_topic_of_its_call():
    call = [("user", "What is the weather in Lisbon?"), ("assistant", "")]
    state, topics = TopicState(), []
    for role, content in [*OPENING, *call, ("tool", '{"celsius": 21}')]:
        state, decision = observe(state, TopicMessage(role, content))
        topics.append(decision.topic)
    assert topics[-1] == topics[-2] == topics[-3]


def test_a_tombstone_changes_nothing_but_the_count():
    before = TopicState()
    for role, content in OPENING:
        before, _ = observe(before, TopicMessage(role, content))
    after, decision = observe(before, TopicMessage("user", ""))
    assert not decision.shift
    assert {**after.to_dict(), "seq": 0} == {**before.to_dict(), "seq": 0}


def test_the_subject_after_a_greeting_is_still_the_first_topic():
    greeting = [("user", "hi"), ("assistant", "Hello! How are you today?")]
    assert shifts([*greeting, ("user", "I want to learn the violin.")]) == []


def test_a_short_answer_to_a_question_is_never_a_shift():
    question = ("assistant", "For which city do you need it?")
    assert shifts([*OPENING, question, ("user", "Cleveland, Ohio")]) == []


@pytest.mark.parametrize("content", ["why?", "and then?", "how so?", "what about that one?"])
def test_a_bare_follow_up_question_is_never_a_shift(content):
    assert shifts([*OPENING, ("user", content)]) == []


def test_a_long_answer_is_never_a_shift():
    answer = "Quicksort partitions an array around a pivot and sorts the parts recursively. " * 9
    assert shifts([*OPENING, ("user", "tell me more"), ("assistant", answer)]) == []


@pytest.mark.parametrize(
    "code",
    [
        "```python\nfor i in range(10):\n    print(i)\n```",
        'Traceback (most recent call last):\n  File "a.py", line 1\n    x = = 3\n',
        "const a = 1;\nlet b = a + 2;\nreturn b;",
    ],
)
def test_code_alone_continues_what_it_is_about(code):
    assert shifts([*OPENING, ("user", code)]) == []


def test_a_list_that_repeats_the_subject_stays_with_it():
    answer = "- Hotel Alfama: pool\n- Hotel Chiado: pool, parking\n- Lisbon Lodge: no pool"
    assert shifts([*OPENING, ("user", "Any other hotel with a pool?"), ("assistant", answer)]) == []


def test_a_very_long_message_is_judged_in_bounded_time_and_text():
    long = "the hotel in Lisbon " * 50_000
    assert shifts([*OPENING, ("user", long)]) == []


@pytest.mark.parametrize("talk", [GERMAN, CHINESE, ARABIC], ids=["german", "chinese", "arabic"])
def test_another_language_does_not_shift_on_every_line(talk):
    assert len(shifts(talk)) <= 1


def test_an_announced_change_is_noticed_in_german():
    news = ("user", "Themenwechsel: Wie melde ich mein Auto in Berlin um?")
    assert shifts([*GERMAN, news])[-1:] == [len(GERMAN) + 1]


def test_a_message_that_shares_no_word_with_its_question_is_not_a_shift_for_that():
    question = ("user", "What does that hotel serve for breakfast?")
    assert shifts([*OPENING, question, ("assistant", "Pastries, eggs, fruit and coffee.")]) == []
