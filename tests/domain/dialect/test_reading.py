"""Replies as servers stream them: what a model's stream becomes."""

import json
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.dialect import ReplyReader, usage_of


def reader():
    numbers = count(1)
    return ReplyReader(new_id=lambda: f"call_new{next(numbers)}")


def chunk(delta, finish_reason=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}], **more}


def read(*chunks):
    """The text, the thoughts and the reply of these chunks."""
    reading = reader()
    pieces = [reading.feed(each) for each in chunks]
    rest, reply = reading.finish()
    pieces.append(rest)
    return "".join(p.text for p in pieces), "".join(p.thought for p in pieces), reply


def piece(index=0, call_id=None, name=None, arguments=None, **more):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value}
    return {
        **({} if index == "none" else {"index": index}),
        **({} if call_id is None else {"id": call_id}),
        "function": function,
        **more,
    }


def called(*pieces, finish_reason="tool_calls"):
    """Name, arguments and id of the calls that these pieces make, each in a chunk of its own."""
    *_, reply = read(*[chunk({"tool_calls": [each]}) for each in pieces], chunk({}, finish_reason))
    return [
        (call["function"]["name"], call["function"]["arguments"], call["id"])
        for call in reply.tool_calls
    ]


@pytest.mark.parametrize("index", [0, None, "0", "none", "", 0.0])
def test_parallel_calls_with_one_index_are_told_apart_by_their_ids(index):
    assert called(
        piece(index, "a", "f", '{"x": 1}'), piece(index, "b", "g", '{"y": '),
        piece(index, "b", arguments="2}"),
    ) == [("f", '{"x": 1}', "a"), ("g", '{"y": 2}', "b")]  # fmt: skip


@pytest.mark.parametrize("index", [0, None, "none", "0"])
def test_without_ids_a_new_name_after_complete_arguments_is_a_new_call(index):
    assert called(piece(index, name="f", arguments='{"x": 1}'),
                  piece(index, name="g", arguments="{}")) == [
        ("f", '{"x": 1}', "call_new1"), ("g", "{}", "call_new2"),
    ]  # fmt: skip


def test_the_same_tool_twice_without_ids_is_two_calls():
    assert called(piece(name="f", arguments='{"x": 1}'), piece(name="f", arguments='{"x": 2}')) == [
        ("f", '{"x": 1}', "call_new1"), ("f", '{"x": 2}', "call_new2"),
    ]  # fmt: skip


def test_indexes_tell_calls_apart_whose_pieces_are_mixed():
    assert called(
        piece(0, "a", "f"), piece(1, "b", "g"), piece(0, arguments='{"x"'), piece(1, arguments="{"),
        piece(0, arguments=": 1}"), piece("1", arguments="}"),
    ) == [("f", '{"x": 1}', "a"), ("g", "{}", "b")]  # fmt: skip


def test_a_name_that_is_repeated_in_each_piece_is_one_name():
    assert called(
        piece(call_id="a", name="read_file", arguments='{"p"'),
        piece(call_id="a", name="read_file", arguments=': "a'),
        piece(call_id="a", name="read_file", arguments='"}'),
    ) == [("read_file", '{"p": "a"}', "a")]


def test_a_repeated_name_without_ids_is_one_name():
    assert called(
        piece(name="read_file", arguments='{"p"'), piece(name="read_file", arguments=": 1}"),
        piece(name="read_file"),
    ) == [("read_file", '{"p": 1}', "call_new1")]  # fmt: skip


@pytest.mark.parametrize(
    "pieces", [["read_", "file"], ["read", "_", "file"], ["read", "read_file"]]
)
def test_a_name_in_pieces_is_put_together(pieces):
    parts = [piece(0, "a" if at == 0 else None, part) for at, part in enumerate(pieces)]
    assert called(*parts, piece(0, arguments="{}")) == [("read_file", "{}", "a")]


@pytest.mark.parametrize("call_id", [None, ""])
def test_a_missing_id_is_made(call_id):
    assert called(piece(0, call_id, "f", "{}")) == [("f", "{}", "call_new1")]


def test_two_calls_with_one_id_get_two():
    assert called(piece(0, "a", "f", "{}"), piece(1, "a", "g", "{}")) == [
        ("f", "{}", "a"), ("g", "{}", "call_new1"),
    ]  # fmt: skip


def test_an_id_that_changes_with_each_piece_is_one_call():
    assert called(piece(0, "a", "f", '{"x"'), piece(0, "b", arguments=": 1}")) == [
        ("f", '{"x": 1}', "a")
    ]


def test_an_id_over_the_limit_is_replaced_and_calls_over_the_limit_are_left_out():
    many = [piece(at, f"c{at}" if at else "x" * 129, "f", "{}") for at in range(130)]
    made = called(*many)
    assert len(made) == 128
    assert made[0][2] == "call_new1"


def test_arguments_as_an_object_are_text():
    assert called(piece(0, "a", "f", {"x": "é"})) == [("f", '{"x": "é"}', "a")]


def test_the_input_of_a_custom_tool_is_any_text():
    begins = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": "{}"}}
    goes_on = {"index": 0, "custom": {"input": " SELECT\n1"}}
    another = {"index": 1, "id": "b", "type": "custom", "custom": {"name": "sql", "input": ""}}
    *_, reply = read(*[chunk({"tool_calls": [each]}) for each in (begins, goes_on, another)])
    assert reply.tool_calls == [
        {"id": "a", "type": "custom", "custom": {"name": "sql", "input": "{} SELECT\n1"}},
        {"id": "b", "type": "custom", "custom": {"name": "sql", "input": ""}},
    ]


def test_an_empty_object_before_the_arguments_is_left_out():
    assert called(piece(0, "a", "f", "{}"), piece(0, "a", arguments='{"x": 1}')) == [
        ("f", '{"x": 1}', "a")
    ]


def test_halves_of_a_character_in_arguments_names_and_ids_are_joined():
    assert called(
        piece(0, "a\ud83d", "f\ud83d", '{"x": "\ud83d'), piece(0, None, None, '\ude00"}')
    ) == [("f\ufffd", '{"x": "\U0001f600"}', "a\ufffd")]


@pytest.mark.parametrize("reason", ["stop", "function_call", None, "", "tool_use", "tool_calls"])
def test_an_answer_with_calls_ends_with_tool_calls(reason):
    *_, reply = read(chunk({"tool_calls": [piece(0, "a", "f", "{}")]}), chunk({}, reason))
    assert reply.finish_reason == "tool_calls"


def test_calls_that_are_cut_off_end_with_length():
    *_, reply = read(chunk({"tool_calls": [piece(0, "a", "f", '{"x')]}), chunk({}, "length"))
    assert reply.finish_reason == "length"
    assert reply.tool_calls[0]["function"]["arguments"] == '{"x'


def test_a_legacy_function_call_is_a_call():
    *_, reply = read(
        chunk({"function_call": {"name": "f", "arguments": '{"x"'}}),
        chunk({"function_call": {"arguments": ": 1}"}}),
        chunk({}, "function_call"),
    )
    assert [c["function"] for c in reply.tool_calls] == [{"name": "f", "arguments": '{"x": 1}'}]
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_thoughts_are_no_text(member):
    text, thought, reply = read(
        chunk({member: "Hm, "}), chunk({member: "yes."}), chunk({"content": "Yes."}, "stop")
    )  # fmt: skip
    assert (text, thought) == ("Yes.", "Hm, yes.")
    assert (reply.reasoning, reply.extra.thought_member) == ("Hm, yes.", member)


def test_a_thought_under_two_names_is_thought_once():
    _, thought, _ = read(chunk({"reasoning_content": "Hm.", "reasoning": "Hm."}))
    assert thought == "Hm."


def test_only_thoughts_and_then_length_is_a_blank_reply_that_says_so():
    text, _, reply = read(chunk({"reasoning_content": "Hm"}), chunk({}, "length"))
    assert (text, reply.is_blank, reply.finish_reason, reply.reasoning) == (
        "",
        True,
        "length",
        "Hm",
    )


def test_further_members_of_calls_and_messages_are_kept():
    details = {"type": "reasoning.text", "index": 0}
    *_, reply = read(
        chunk({"reasoning_details": [details | {"text": "Hm, "}], "annotations": [{"a": 1}]}),
        chunk({"reasoning_details": [details | {"text": "yes.", "signature": "s"}]}),
        chunk({"tool_calls": [piece(0, "a", "f", "{}", extra_content={"google": {"x": "sig"}})]}),
        chunk({"annotations": [{"b": 2}]}),
    )
    assert reply.extra.message == {
        "reasoning_details": [details | {"text": "Hm, yes.", "signature": "s"}],
        "annotations": [{"a": 1}, {"b": 2}],
    }
    assert reply.extra.calls == {"a": {"extra_content": {"google": {"x": "sig"}}}}


def test_what_stands_beside_a_reply_is_bounded():
    *_, reply = read(chunk({"reasoning_content": "x" * 200_000, "blob": "y" * 100_000, "tag": "z"}))
    assert len(reply.reasoning) == 64_000
    assert reply.extra.message == {"tag": "z"}


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "By "}, {"type": "text", "text": "train."}],
        [{"type": "output_text", "text": "By train."}],
        {"type": "text", "text": "By train."},
    ],
)
def test_content_in_blocks_is_text(content):
    text, *_ = read(chunk({"content": content}, "stop"))
    assert text == "By train."


def test_blocks_of_thoughts_are_thoughts():
    blocks = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
              {"type": "text", "text": "Yes."}]  # fmt: skip
    text, thought, _ = read(chunk({"content": blocks}))
    assert (text, thought) == ("Yes.", "Hm.")


def test_a_refusal_is_what_the_model_says():
    text, _, reply = read(chunk({"refusal": "I can't "}), chunk({"refusal": "do that."}, "stop"))
    assert (text, reply.finish_reason) == ("I can't do that.", "stop")


def test_a_plain_answer_is_read_as_a_stream_is():
    message = {"role": "assistant", "content": "By train.", "reasoning_content": "Hm.",
               "tool_calls": [{"id": "a", "type": "function",
                               "function": {"name": "f", "arguments": "{}"}}]}  # fmt: skip
    text, thought, reply = read(
        {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}],
         "usage": {"prompt_tokens": 1}}
    )  # fmt: skip
    assert (text, thought, reply.model) == ("By train.", "Hm.", "m")
    assert reply.tool_calls == message["tool_calls"]
    assert reply.usage == {"prompt_tokens": 1}


def test_a_message_at_the_end_of_a_stream_says_nothing_twice():
    text, *_ = read(
        chunk({"content": "Yes."}),
        {"choices": [{"delta": {}, "message": {"content": "Yes."}, "finish_reason": "stop"}]},
    )
    assert text == "Yes."


def test_usage_keeps_its_details_and_its_total():
    usage = {
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 99,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 3}, "cost": 0.25,
    }  # fmt: skip
    *_, reply = read(chunk({"content": "x"}), {"choices": [], "usage": usage})
    assert reply.usage == usage


def test_usage_leaves_out_what_is_no_count():
    assert usage_of({"a": "x", "b": True, "c": -1, "$d": 1, "e": {"f": None}, "g": 1}) == {"g": 1}
    assert usage_of("none") is None


def test_counts_of_groq_stand_in_a_member_of_its_own():
    *_, reply = read({"choices": [], "x_groq": {"usage": {"prompt_tokens": 3}}})
    assert reply.usage == {"prompt_tokens": 3}


@pytest.mark.parametrize("value", ["text", [1], None, 5])
def test_what_is_no_chunk_is_an_error(value):
    with pytest.raises((TypeError, AttributeError)):
        reader().feed(value)


@given(st.text(max_size=30), st.lists(st.integers(0, 60), max_size=6))
def test_a_text_cut_anywhere_between_utf16_units_is_the_same_text(said, cuts):
    units = said.encode("utf-16-be", "surrogatepass")
    places = sorted({0, len(units), *(2 * cut for cut in cuts if 2 * cut < len(units))})
    pieces = [units[a:b].decode("utf-16-be", "surrogatepass") for a, b in pairwise(places)]
    text, *_ = read(*[chunk({"content": each}) for each in pieces])
    whole = said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert text == whole.lstrip()


@given(
    st.lists(st.sampled_from(["f", "read_file"]), min_size=1, max_size=3),
    st.sampled_from(["index", "ids alone"]),
    st.integers(1, 7),
)
def test_calls_in_any_pieces_are_the_same_calls(names, how, size):
    pieces = []
    for at, name in enumerate(names):
        text = json.dumps({"n": at, "s": "x" * 9})
        index = at if how == "index" else 0
        pieces.append(piece(index, f"id{at}", name))
        pieces += [
            piece(index, None if how == "index" else f"id{at}", None, text[cut : cut + size])
            for cut in range(0, len(text), size)
        ]
    made = called(*pieces)
    assert [(name, json.loads(text)["n"], call_id) for name, text, call_id in made] == [
        (name, at, f"id{at}") for at, name in enumerate(names)
    ]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["index", "id", "type", "function", "name", "arguments", "content",
                         "tool_calls", "reasoning_content", "reasoning_details", "refusal"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(
    ["content", "tool_calls", "reasoning", "reasoning_details", "function_call", "extra"]),
    junk), max_size=5))  # fmt: skip
def test_whatever_comes_is_an_error_or_a_reply_that_can_be_stored(deltas):
    try:
        text, thought, reply = read(*[chunk(delta) for delta in deltas])
    except (TypeError, ValueError, AttributeError):
        return
    written = json.dumps([text, thought, reply.tool_calls, reply.extra.message], ensure_ascii=False)
    assert written.encode()
    assert len({call["id"] for call in reply.tool_calls}) == len(reply.tool_calls)
    assert all(call["function"]["name"] for call in reply.tool_calls)
