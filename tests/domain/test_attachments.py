"""What bytes are, what files may be called, and what they count as: without any storage."""

import io
import zipfile

import pytest

from sessions_app.domain import attachments
from sessions_app.domain.attachments import Kind
from sessions_app.domain.errors import AttachmentTypeMismatch, BadAttachmentName
from sessions_app.domain.parts import counting
from tests import files


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (files.picture(), Kind.PNG),
        (files.picture(form="JPEG"), Kind.JPEG),
        (files.picture(form="GIF"), Kind.GIF),
        (files.picture(form="WEBP"), Kind.WEBP),
        (files.PDF, Kind.PDF),
        (files.sound(), Kind.WAV),
        (b"ID3\x04", Kind.MP3),
        (b"\xff\xfb\x90\x64", Kind.MP3),
        (b"OggS\x00", Kind.OGG),
        (b"fLaC\x00", Kind.FLAC),
        (b"\x00\x00\x00\x20ftypM4A \x00", Kind.MP4_AUDIO),
        (files.docx("a"), Kind.DOCX),
        ("Größe\r\n\tüber alles\f".encode(), Kind.TEXT),
        (b"\x00\x00\x00\x20ftypisom\x00", None),
        (b"MZ\x90\x00", None),
        (b"a\x1bb", None),
        ("Größe".encode("latin-1"), None),
        ("Größe".encode()[:-2], None),
        (files.docx("a")[:-30], None),
        (b"PK\x03\x04", None),
    ],
)
def test_bytes_are_what_they_begin_with(content, kind):
    assert attachments.type_of(io.BytesIO(content)) is kind


def test_a_packed_file_that_is_no_office_file_is_not_kept():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("word/document.xml", "<a/>")
    assert attachments.type_of(made) is None


def test_a_directory_of_any_length_is_not_read():
    assert attachments.type_of(io.BytesIO(files.wide_directory(2_000))) is Kind.DOCX
    assert attachments.type_of(io.BytesIO(files.wide_directory(4_000))) is None


@pytest.mark.parametrize(
    ("kind", "declared", "name"),
    [
        (Kind.JPEG, "image/png", "a.gif"),
        (Kind.PNG, "application/octet-stream", ""),
        (Kind.TEXT, "application/json", "a.json"),
        (Kind.TEXT, "text/html; charset=utf-8", "a.html"),
        (Kind.TEXT, "image/svg+xml", "a.svg"),
        (Kind.TEXT, "", "types.ts"),
        (Kind.DOCX, "application/zip", "a.docx"),
    ],
)
def test_what_is_said_of_bytes_may_be_of_their_family(kind, declared, name):
    attachments.require_honest(kind, declared, name)


@pytest.mark.parametrize(
    ("kind", "declared", "name"),
    [
        (Kind.TEXT, "image/png", ""),
        (Kind.TEXT, "", "a.png"),
        (Kind.PNG, "text/plain", ""),
        (Kind.PNG, "", "a.txt"),
        (Kind.PDF, "", "a.docx"),
        (Kind.DOCX, "", "a.xlsx"),
        (Kind.WAV, "video/mp4", ""),
        (Kind.PDF, "IMAGE/PNG", ""),
        (Kind.PDF, "image", ""),
    ],
)
def test_what_is_said_of_another_family_is_a_lie(kind, declared, name):
    with pytest.raises(AttachmentTypeMismatch):
        attachments.require_honest(kind, declared, name)


@pytest.mark.parametrize("name", ["", "a.png", "Ärger 😀.txt", "नमस्ते.txt", "a..b", ".profile"])
def test_a_name_that_every_system_shows_is_taken(name):
    assert attachments.checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "../a", "a/b", "a\\b", "/", ".", "..", "C:", "d:a.txt",
        "a\u202eb", "a\u200fb", "a\u2069b", "a\ufeffb", "a\U000e0041b", "a\u2028b",
        "a\x00b", "a\nb", "a\x1bb", "a" * 201,
    ],
)  # fmt: skip
def test_a_name_with_a_path_or_hidden_signs_is_refused(name):
    with pytest.raises(BadAttachmentName):
        attachments.checked_name(name)


def test_an_id_is_of_its_user_and_its_content():
    one = attachments.attachment_id("u", "a" * 64)
    assert one == attachments.attachment_id("u", "a" * 64)
    assert one != attachments.attachment_id("v", "a" * 64)
    assert one != attachments.attachment_id("u", "b" * 64)
    assert attachments.own_id(attachments.file_id_of(one)) == one == attachments.own_id(one)
    assert attachments.own_id("file-1") is None
    assert attachments.own_id("file-" + "A" * 32) is None


@pytest.mark.parametrize(
    ("size", "detail", "tokens"),
    [
        # The examples of OpenAI's own page.
        ((1_024, 1_024), "high", 765),
        ((2_048, 4_096), "high", 1_105),
        ((4_096, 8_192), "low", 85),
        ((512, 512), "auto", 255),
        ((1, 1), "auto", 255),
        ((0, 0), "auto", 765),
    ],
)
def test_pictures_count_by_the_published_rule(size, detail, tokens):
    assert counting.picture_tokens(*size, detail) == tokens
