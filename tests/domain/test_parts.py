"""What a message with pictures and files says, is sent as, costs, and is known again by."""

from typing import Any

import pytest

from sessions_app.domain import parts

TEXT = {"type": "text", "text": "What is this?"}
PICTURE = {"type": "image", "url": "https://example.com/a.png"}
BYTES = {"type": "image", "media_type": "image/png", "size": 68, "sha256": "0" * 64, "name": "a"}
FILE = {"type": "file", "file_id": "file-1"}


def test_the_text_of_a_message_names_what_is_not_sent_as_it_is():
    assert parts.text_of([TEXT, PICTURE, BYTES]) == (
        "What is this?\n[image not kept: image/png, 68 bytes, a]"
    )
    assert parts.text_of([PICTURE]) == "[image: https://example.com/a.png]"
    assert parts.text_of([]) == ""
    assert parts.spoken([TEXT, PICTURE]) == "What is this?\n[image: https://example.com/a.png]"


def test_what_is_all_text_is_sent_as_text():
    assert parts.all_as_sent([TEXT, BYTES]) == []
    assert parts.all_as_sent([TEXT, BYTES, PICTURE]) == [
        TEXT,
        {"type": "text", "text": "[image not kept: image/png, 68 bytes, a]"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]


def test_pictures_and_files_cost_tokens():
    small = PICTURE | {"detail": "low"}
    assert parts.token_count([]) == parts.token_count([TEXT, BYTES]) == 0
    assert parts.token_count([PICTURE, small, FILE]) == 765 + 85 + 1_000
    sent = parts.all_as_sent([TEXT, PICTURE, small, FILE])
    assert parts.sent_tokens(sent) == 765 + 85 + 1_000
    assert parts.sent_text(sent) == "What is this?"


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://x/a?X-Amz-Signature=1&X-Amz-Expires=5", "https://x/a?X-Amz-Signature=2"),
        ("https://x/a?v=1&sig=1&se=2026", "https://x/a?v=1&sig=2&se=2027"),
        ("https://x/a", "https://x/a?Expires=1&Signature=b&Key-Pair-Id=c"),
    ],
)
def test_an_address_is_known_without_what_signs_it(url: str, other: str):
    assert parts.signature([PICTURE | {"url": url}]) == parts.signature([PICTURE | {"url": other}])


@pytest.mark.parametrize(
    "other",
    [
        PICTURE | {"url": "https://example.com/b.png"},
        PICTURE | {"url": "https://example.com/a.png?v=2"},
        PICTURE | {"url": "https://[broken"},
        BYTES,
        BYTES | {"sha256": "1" * 64},
        FILE,
    ],
)
def test_other_pictures_are_others(other: Any):
    assert parts.signature([PICTURE]) != parts.signature([other])
    assert parts.signature([TEXT]) == ""


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, ["x"], [{"type": "text"}], [{"type": "text", "text": 5}],
        [{"type": "image"}], [{"type": "video", "url": "x"}], [PICTURE | {"url": 5}],
        [BYTES | {"size": -1}], [BYTES | {"size": True}], [PICTURE | {"size": 5}],
    ],
)  # fmt: skip
def test_what_is_no_part_is_known(value: Any):
    assert not parts.are_parts(value)
    assert parts.are_parts([TEXT, PICTURE, BYTES, FILE])
