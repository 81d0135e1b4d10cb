"""What is sent, whatever was stored: the rules one by one."""

import json

from hypothesis import given, settings

from sessions_app.domain.dialect import Extras, Form, Manner, Names, Said, SentAs, write
from tests.domain.dialect.histories import (
    UUID_ID,
    assistant,
    call,
    calls,
    histories,
    numbered,
    result,
    system,
    user,
)

OPENAI, STRICT, PLAIN = Manner(), Manner(Form.STRICT), Manner(Form.PLAIN)


def written(*said, manner=OPENAI):
    return write(numbered(said), manner)


def spoken(request):
    return [(m["role"], m["content"]) for m in request.messages]


def changes(request):
    return {(change.seq, change.sent_as) for change in request.changes}


def test_a_conversation_that_fits_is_sent_as_it_is_stored():
    request = written(system("A"), user("1"), assistant("2"), calls(None, call()), result("r"))
    assert spoken(request) == [
        ("system", "A"), ("user", "1"), ("assistant", "2"), ("assistant", ""), ("tool", "r"),
    ]  # fmt: skip
    assert request.changes == ()
    assert all(each.as_stored for each in request.sent)


def test_what_stood_between_a_call_and_its_result_comes_after_them():
    request = written(user("1"), calls(None, call()), user("2"), result("r"), user("3"))
    assert spoken(request)[1:] == [
        ("assistant", ""), ("tool", "r"), ("user", "2"), ("user", "3"),
    ]  # fmt: skip
    assert changes(request) == {(3, SentAs.MOVED)}


def test_another_call_between_keeps_its_own_result():
    request = written(
        user("1"), calls(None, call(call_id="a")), calls(None, call(call_id="b")),
        result("ra", of="a"), result("rb", of="b"),
    )  # fmt: skip
    assert [m.get("tool_call_id") for m in request.messages] == [None, None, "a", None, "b"]


def test_results_stand_in_the_order_of_their_calls():
    request = written(
        user("1"), calls(None, call(call_id="a"), call(call_id="b")),
        result("rb", of="b"), result("ra", of="a"),
    )  # fmt: skip
    assert spoken(request)[2:] == [("tool", "ra"), ("tool", "rb")]


def test_two_results_of_one_call_are_joined_in_order():
    request = written(user("1"), calls(None, call()), result("r1"), result("r2"))
    assert spoken(request)[2:] == [("tool", "r1\n\nr2")]
    assert changes(request) == {(3, SentAs.JOINED), (4, SentAs.JOINED)}


def test_a_call_without_a_result_is_sent_with_a_word_for_it():
    request = written(user("1"), calls(None, call()), user("2"))
    assert spoken(request)[2:] == [("tool", "(no result)"), ("user", "2")]
    assert changes(request) == {(2, SentAs.PLACEHOLDER)}


def test_a_result_without_its_call_is_left_out_with_its_reason():
    request = written(user("1"), result("r", of="x"), user("2"))
    assert spoken(request) == [("user", "1"), ("user", "2")]
    [change] = request.changes
    assert change == (2, SentAs.LEFT_OUT, "a result without its call")


def test_an_id_that_is_used_again_stands_for_the_newest_call():
    request = written(
        user("1"), calls(None, call()), result("r1"), user("2"), calls(None, call()), result("r2")
    )
    first, second = [m["tool_calls"][0]["id"] for m in request.messages if "tool_calls" in m]
    assert first == "call_a" != second
    assert [(m["tool_call_id"], m["content"]) for m in request.messages if m["role"] == "tool"] == [
        (first, "r1"), (second, "r2"),
    ]  # fmt: skip


def test_an_imported_call_gets_a_name_that_fits_and_keeps_its_uuid():
    request = written(user("1"), calls(None, call("browser.search", "{}", UUID_ID)),
                      result("r", of=UUID_ID, name="browser.search"))  # fmt: skip
    [sent] = request.messages[1]["tool_calls"]
    assert sent["id"] == UUID_ID == request.messages[2]["tool_call_id"]
    assert sent["function"]["name"].startswith("browser_search-")
    assert request.messages[2]["name"] == sent["function"]["name"]
    assert request.known_name(sent["function"]["name"]) == "browser.search"
    assert (2, SentAs.RENAMED) in changes(request)


def test_a_speakers_name_that_does_not_fit_is_renamed():
    request = written(user("Hi", name="Ann Smith"))
    assert request.messages[0]["name"].startswith("Ann_Smith-")
    assert changes(request) == {(1, SentAs.RENAMED)}


def test_arguments_that_are_cut_off_are_quoted_in_the_result():
    broken = '{"path":"a.md","contents":"Dear'
    request = written(user("1"), calls(None, call(arguments=broken)), result("r"))
    assert request.messages[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert broken in request.messages[2]["content"]
    assert request.messages[2]["content"].endswith("r")
    assert changes(request) == {(2, SentAs.REPAIRED), (3, SentAs.REPAIRED)}


def test_an_assistants_message_with_neither_text_nor_calls_is_not_sent():
    request = written(user("1"), assistant(""), assistant(" \n"), user("2"))
    assert spoken(request) == [("user", "1"), ("user", "2")]
    assert changes(request) == {(2, SentAs.LEFT_OUT), (3, SentAs.LEFT_OUT)}


def test_the_instructions_at_the_beginning_are_one_system_message():
    request = write([system("A", 1), Said("developer", "B"), system("C"), user("1", 2)])
    assert spoken(request) == [("system", "A\n\nB\n\nC"), ("user", "1")]
    assert changes(request) == {(1, SentAs.JOINED)}


def test_a_developers_instruction_is_a_system_message_wherever_it_stands():
    request = written(user("1"), Said("developer", "B"), user("2"))
    assert [m["role"] for m in request.messages] == ["user", "system", "user"]


def test_in_the_strict_form_neighbours_of_one_role_are_joined():
    request = written(user("1"), user("2"), assistant("3"), assistant("4"), user("5"),
                      manner=STRICT)  # fmt: skip
    assert spoken(request) == [("user", "1\n\n2"), ("assistant", "3\n\n4"), ("user", "5")]


def test_in_the_strict_form_an_instruction_goes_to_the_users_message_behind_it():
    request = written(user("1"), assistant("2"), system("In French."), user("3"), manner=STRICT)
    role, text = spoken(request)[-1]
    assert role == "user"
    assert text == "<instruction>\nIn French.\n</instruction>\n\n3"
    assert (3, SentAs.JOINED) in changes(request)


def test_in_the_strict_form_the_user_is_first():
    request = written(assistant("Welcome!"), user("Hi"), manner=STRICT)
    assert [m["role"] for m in request.messages] == ["user", "assistant", "user"]
    assert (1, SentAs.PLACEHOLDER) in changes(request)


def test_in_the_strict_form_a_reply_stands_between_a_result_and_a_question():
    request = written(user("1"), calls(None, call()), result("r"), user("2"), manner=STRICT)
    assert [m["role"] for m in request.messages] == [
        "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip


def test_joined_speakers_are_told_apart_by_their_names():
    request = written(user("Hi", name="Ann"), user("Ho", name="Bob"), manner=STRICT)
    assert spoken(request) == [("user", "Ann: Hi\n\nBob: Ho")]


def test_in_the_plain_form_calls_are_text_and_instructions_are_the_users():
    request = written(system("A"), user("1"), calls(None, call("f", '{"x": 1}')), result("r"),
                      manner=PLAIN)  # fmt: skip
    assert spoken(request) == [
        ("user", "<instruction>\nA\n</instruction>\n\n1"),
        ("assistant", '[calls f: {"x": 1}]'),
        ("user", "[result of f: r]"),
    ]
    assert not any("tool_calls" in message for message in request.messages)


def test_thoughts_are_sent_again_within_their_tool_loop_and_not_after_it():
    thoughtful = calls(None, call(), extra={"reasoning_content": "Hm."})
    within = written(user("1"), thoughtful, result("r"))
    after = written(user("1"), thoughtful, result("r"), assistant("So."), user("2"))
    assert within.messages[1]["reasoning_content"] == "Hm."
    assert "reasoning_content" not in after.messages[1]
    assert within.sent[1].as_stored


def test_a_signature_goes_back_on_its_call_within_the_loop():
    signed = {"extra_content": {"google": {"thought_signature": "sig"}}}
    made = calls(None, call(), call_extra={"call_a": signed})
    within = written(user("1"), made, result("r"))
    after = written(user("1"), made, result("r"), user("2"))
    assert within.messages[1]["tool_calls"][0]["extra_content"] == signed["extra_content"]
    assert "extra_content" not in after.messages[1]["tool_calls"][0]


def test_what_a_server_wants_of_extras_is_done():
    said = numbered([user("1"), calls(None, call(), extra={"reasoning": "Hm."}), result("r")])
    none = write(said, Manner(extras=Extras.NONE)).messages[1]
    asked = write(said, Manner(extras=Extras.REASONING)).messages[1]
    signed = write(said, Manner(extras=Extras.SIGNATURE)).messages[1]
    assert "reasoning" not in none
    assert asked["reasoning_content"] == ""
    assert signed["tool_calls"][0]["extra_content"]["google"]["thought_signature"]


@given(histories())
@settings(deadline=None, max_examples=5 * settings.default.max_examples // 2)
def test_the_same_history_is_written_the_same_way_and_left_as_it_was(said):
    before = json.dumps([str(each) for each in said])
    for form in Form:
        assert write(said, Manner(form)) == write(said, Manner(form), Names())
    assert json.dumps([str(each) for each in said]) == before


@given(histories())
@settings(deadline=None, max_examples=5 * settings.default.max_examples // 2)
def test_whatever_is_not_sent_as_it_is_stored_has_its_change(said):
    for form in Form:
        request = write(said, Manner(form))
        noted = {change.seq for change in request.changes}
        sent = {seq for each in request.sent for seq in each.seqs}
        left_out = {c.seq for c in request.changes if c.sent_as is SentAs.LEFT_OUT}
        assert sent | left_out == {each.seq for each in said}
        assert not sent & left_out
        for each in request.sent:
            if not each.as_stored and each.seqs and said[each.seqs[0] - 1].role != "developer":
                assert noted & set(each.seqs), each
