"""Errors of servers: what they say, and whether the same can be written otherwise."""

import json

import pytest

from sessions_app.domain.dialect import (
    Attached,
    Extras,
    Form,
    Manner,
    Medium,
    Refusal,
    other_manner,
    refusal_of,
)

AUTO, STRICT = Manner(), Manner(Form.STRICT)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "No."}}, "No."),
        ({"error": "No."}, "No."),
        ([{"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}], "No."),
        ({"object": "error", "message": "No.", "type": "x"}, "No."),
        ({"detail": [{"loc": ["body", "messages"], "msg": "No."}]}, "No."),
        ({"detail": "No."}, "No."),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "No."}}},
         "Provider returned error: No."),
        ({"error": None}, ""), ("rubbish", ""), ([], ""), (None, ""),
    ],
)  # fmt: skip
def test_a_servers_words_are_read_in_whatever_shape(body, message):
    assert refusal_of(400, json.dumps(body)).message == message


def test_a_refusal_names_the_parameter_and_the_code():
    error = {"message": "No.", "param": "tools[0]", "code": "invalid_function", "type": "t"}
    assert refusal_of(400, json.dumps({"error": error})) == Refusal(
        400, "No.", "tools[0]", "invalid_function", "t"
    )


def test_secrets_are_cut_out():
    text = json.dumps({"error": {"message": "key sk-abc123 of http://10.0.0.1 Bearer xyz"}})
    refused = refusal_of(400, text, ["http://10.0.0.1"])
    assert refused.message == "key … of … …"


@pytest.mark.parametrize(
    "message",
    [
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "System message must be at the beginning.",
        "System role not supported",
        "Unexpected role 'user' after role 'tool'",
        "Only user and assistant roles are supported!",
        "Tool call id was call_x but must be a-z, A-Z, 0-9, with a length of 9.",
        "Please ensure that function call turn comes immediately after a user turn",
        "Expected last role User or Tool (or Assistant with prefix True) for serving",
        "This model does not support assistant message prefill.",
    ],
)
def test_a_400_about_roles_asks_for_the_strict_form(message):
    assert other_manner(AUTO, Refusal(400, message)) == STRICT
    assert other_manner(STRICT, Refusal(400, message)) == Manner(Form.PLAIN)
    assert other_manner(Manner(Form.PLAIN), Refusal(400, message)) is None


def test_a_template_that_raises_asks_for_the_strict_form_with_a_500_too():
    said = "Error: Jinja Exception: System message must be at the beginning."
    assert other_manner(AUTO, Refusal(500, said)) == STRICT
    assert other_manner(AUTO, Refusal(500, "The role of this server is over.")) is None


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(400, "Invalid schema for function 'f': 'role' is no type", "tools[0].function"),
        Refusal(400, "Invalid schema for function 'f': unknown type"),
        Refusal(400, "This model's maximum context length is 4096 tokens", "messages"),
        Refusal(400, "temperature must be at most 2", "temperature"),
        Refusal(404, "The model has no such role"),
        Refusal(429, "Rate limit reached for role"),
        Refusal(400, ""),
    ],
)
def test_another_refusal_is_asked_once(refusal):
    assert other_manner(AUTO, refusal) is None


def test_members_that_a_server_does_not_take_are_left_out():
    said = "('messages.1' : property 'reasoning_content' is unsupported)"
    assert other_manner(AUTO, Refusal(400, said)) == Manner(extras=Extras.NONE)


def test_thoughts_and_signatures_that_a_server_misses_are_put_in():
    thoughts = Refusal(400, "Missing `reasoning_content` field in the assistant message")
    signature = Refusal(400, "Function call is missing a thought_signature in functionCall parts")
    assert other_manner(AUTO, thoughts) == Manner(extras=Extras.REASONING)
    assert other_manner(AUTO, signature) == Manner(extras=Extras.SIGNATURE)


@pytest.mark.parametrize(
    ("said", "untaken"),
    [
        ("Only base64 data URLs are supported", Medium.ADDRESSES),
        ("Fetching remote images is not supported", Medium.ADDRESSES),
        ("Unknown part type: file", Medium.FILES),
        ("unknown variant `file`, expected one of `text`, `image_url`", Medium.FILES),
        ("PDF input is not supported by this model", Medium.FILES),
        ("This model does not support audio input", Medium.SOUNDS),
    ],
)
def test_a_server_that_takes_none_of_one_kind_is_still_sent_the_others(said, untaken):
    refusal = Refusal(400, said)
    other = other_manner(AUTO, refusal, has_attachments=True, media=list(Medium))
    assert other == Manner(without=frozenset({untaken}))
    # Nothing of that kind was sent this time: the server means pictures as well.
    written = Manner(attached=Attached.WRITTEN)
    assert other_manner(AUTO, refusal, has_attachments=True) == written


def test_a_refusal_of_pictures_is_one_of_everything():
    refusal = Refusal(404, "No endpoints found that support image input")
    other = other_manner(AUTO, refusal, has_attachments=True, media=list(Medium))
    assert other == Manner(attached=Attached.WRITTEN)
