"""The built-in demo: what it answers, and that it streams as a model does."""

import time
from contextlib import aclosing

import pytest

from sessions_app import event_loop, tokenizer
from sessions_app.domain.texts.tokens import total_window_cost
from sessions_app.providers.demo import Demo
from sessions_app.providers.demo_answers import QUOTE_MAX_CHARS, answer
from tests.providers import conftest

RUFUS = "My dog is called Rufus"
FILLER = ["Tell me about the towns of the coast.", "There are five, all with a harbour."]


def said(*texts: str, system: str | None = None) -> list[dict]:
    """A conversation in which user and assistant take turns, the user last."""
    opening = [{"role": "system", "content": system}] if system else []
    roles = ["user", "assistant"] * len(texts)
    return opening + [
        {"role": role, "content": text} for role, text in zip(roles, texts, strict=False)
    ]


def demo(**waits) -> Demo:
    waits = {"first_piece_seconds": 0, "between_pieces_seconds": 0, **waits}
    return Demo(count=tokenizer.count_tokens, **waits)


def test_it_quotes_what_was_said_long_ago():
    talk = said(RUFUS, "A fine name.", *FILLER * 10, "What is my dog's name?", system="Be kind.")
    assert answer(talk) == (
        "22 messages ago, you said: “My dog is called Rufus”. I found that in the 22 earlier "
        "messages I can see. (This is the built-in demo; no model is connected.)"
    )


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("My name is Ann", "What is my name?"),
        ("My sister's birthday is on 3 May", "When is my sister's birthday?"),
        ("Remember that the meeting is on Friday", "when is the meeting"),
        ("The door code is 4711.", "What did I tell you about the door?"),
        ("Mein Hund heißt Rex", "Wie heißt mein Hund?"),
        ("Мою собаку зовут Шарик", "Как зовут мою собаку?"),
        ("我的狗叫旺财", "我的狗叫什么名字？"),
        ("私の犬の名前はポチです", "私の犬の名前は何ですか？"),
        ("اسم كلبي روفوس", "ما اسم كلبي؟"),
    ],
)
def test_it_finds_it_in_any_language(told: str, asked: str):
    assert f"you said: “{told}”" in answer(said("It rains.", "It does.", told, "Good.", asked))


def test_it_tells_who_said_it():
    talk = said("Which hotels take dogs?", "The Miramar takes dogs.", "And the Miramar?")
    assert answer(talk).startswith("Just before, I said: “The Miramar takes dogs.” I found")


def test_a_tools_answer_counts_as_well():
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    talk = [
        {"role": "user", "content": "Go on"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Lisbon: 21 degrees"},
        {"role": "user", "content": "How warm is Lisbon?"},
    ]
    assert answer(talk).startswith("Just before, a tool answered: “Lisbon: 21 degrees”.")


def test_the_system_prompt_is_not_quoted():
    talk = said("What about the harbour?", system="Always talk about the harbour.")
    assert answer(talk).startswith("You have not told me anything yet.")


def test_it_does_not_quote_itself_or_the_same_question():
    talk = said(RUFUS, "Noted.", "What is my dog's name?")
    first = answer(talk)
    again = [
        *talk,
        {"role": "assistant", "content": first},
        {"role": "user", "content": "What is my dog's name?"},
    ]
    assert answer(again).startswith(f"4 messages ago, you said: “{RUFUS}”.")


def test_it_prefers_what_was_told_to_what_was_asked():
    talk = said("What is my name?", "I do not know.", "My name is Ann", "Noted.", "What's my name?")
    assert "“My name is Ann”" in answer(talk)


@pytest.mark.parametrize(
    ("talk", "beginning"),
    [
        ([], "Nobody has asked anything yet."),
        ([{"role": "system", "content": "x"}], "Nobody has asked anything yet."),
        (said("Hello!"), "Hello!"),
        (said("你好！"), "Hello!"),
        (
            said(RUFUS, "Noted.", "Hi there"),
            "Hello again! You began with “My dog is called Rufus”.",
        ),
        (said(RUFUS), "I will remember that; ask me about it later."),
        (said("What is the capital of Peru?"), "You have not told me anything yet."),
        (
            said(RUFUS, "Noted.", "What is the capital of Peru?"),
            "I found nothing about that in the 2 earlier messages I can see.",
        ),
        (said(" \n"), "There is no word in your message that I could look for."),
        (said("???"), "There is no word in your message that I could look for."),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "There is no word"),
    ],
)
def test_without_anything_to_quote_it_says_so_and_what_it_is(talk, beginning):
    found = answer(talk)
    assert found.startswith(beginning)
    assert "built-in demo" in found


def test_text_in_parts_is_read():
    parts = [{"type": "text", "text": RUFUS}, {"type": "image_url", "image_url": {"url": "x"}}]
    talk = [{"role": "user", "content": parts}, *said("What is my dog's name?")]
    assert f"“{RUFUS}”" in answer(talk)


@pytest.mark.parametrize("text", ["The door code is 4711. " + "and so on " * 3_000, "门" * 20_000])
def test_a_long_message_is_quoted_in_part(text: str):
    talk = said(text, "Noted.", "What is the door code? 门门")
    found = answer(talk)
    assert f"“{text[:20]}" in found
    assert "…”" in found
    assert len(found) < QUOTE_MAX_CHARS + 200


def test_it_streams_piece_by_piece_and_counts():
    talk = said(RUFUS, "Noted.", "What is my dog's name?")
    reply = demo().stream(talk)
    assert reply.ending is None
    pieces = conftest.said(reply)
    assert len(pieces) > 10
    assert all(pieces)
    assert "".join(pieces) == answer(talk)
    ending = reply.ending
    assert (ending.finish_reason, ending.model) == ("stop", "demo")
    assert ending.completion_tokens == tokenizer.count_tokens(answer(talk))
    assert ending.prompt_tokens == total_window_cost(
        tokenizer.count_tokens(message["content"]) for message in talk
    )


def test_it_keeps_to_the_number_of_tokens_it_is_given():
    reply = demo().stream(said("Hello"), max_tokens=10)
    assert 1 <= tokenizer.count_tokens("".join(conftest.said(reply))) <= 10
    assert reply.ending.finish_reason == "length"


def test_it_completes_at_once():
    done = demo(first_piece_seconds=60).complete(said("Hello"), max_tokens=500)
    assert (done.text, done.model) == (answer(said("Hello")), "demo")


def test_it_takes_its_time_as_a_model_does():
    reply = demo(first_piece_seconds=0.2, between_pieces_seconds=0.01).stream(said("Hello"))
    began = time.monotonic()
    heard: list[float] = []

    async def hear() -> None:
        heard.extend([time.monotonic() - began async for _ in aiter(reply)])

    event_loop.run(hear())
    assert heard[0] >= 0.2


def test_ended_from_without_it_says_nothing_of_an_end():
    reply = demo(first_piece_seconds=60).stream(said("Hello"))
    pieces: list[str] = []
    reading = event_loop.submit(conftest.read(reply, pieces))
    reading.cancel()
    assert (pieces, reply.ending) == ([], None)


def test_left_on_the_way_it_has_no_ending():
    reply = demo().stream(said("Hello"))

    async def hear_one() -> str:
        async with aclosing(aiter(reply)) as pieces:
            return await anext(pieces)

    assert event_loop.run(hear_one())
    assert reply.ending is None
