"""`GET /attachments/{id}`, its facts and its small picture."""

import pytest

from tests import files
from tests.api.bodies import NO_TOKEN, path
from tests.conftest import error

pytestmark = pytest.mark.mongod("GridFS")
NO_ATTACHMENT = error("not_found", "No such attachment.")
TEXT = bytes(range(32, 127)) * 6_000


@pytest.fixture
def upload(alice, session):
    """Alice uploads a file; its path."""

    def upload_file(content=TEXT, name="notes.txt"):
        response = alice.client.generic(
            "POST",
            path(session, "attachments") + f"?name={name}",
            content,
            content_type="application/octet-stream",
        )
        assert response.status_code == 201, response.content
        return f"/attachments/{response.json()['attachment_id']}"

    return upload_file


def test_its_owner_gets_the_bytes_with_harmless_headers(alice, upload):
    response = alice.client.get(upload())
    assert response.status_code == 200
    assert response.getvalue() == TEXT
    expected = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(TEXT)),
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "attachment; filename=\"notes.txt\"; filename*=UTF-8''notes.txt",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
    }
    assert {name: response[name] for name in expected} == expected
    assert "sandbox" in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_a_picture_is_shown_unless_it_is_to_be_saved(alice, upload):
    url = upload(files.picture(), "k%C3%A4tzchen.png")
    shown, saved = alice.client.get(url), alice.client.get(f"{url}?download=1")
    assert shown["Content-Type"] == "image/png"
    named = "filename=\"k_tzchen.png\"; filename*=UTF-8''k%C3%A4tzchen.png"
    assert shown["Content-Disposition"] == f"inline; {named}"
    assert saved["Content-Disposition"] == f"attachment; {named}"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=300000-300010", 300_000, 300_010),
        ("bytes=-5", len(TEXT) - 5, len(TEXT) - 1),
        (f"bytes=569990-{len(TEXT) * 2}", 569_990, len(TEXT) - 1),
        ("bytes=569990-", 569_990, len(TEXT) - 1),
    ],
)
def test_a_range_is_answered_with_that_part(alice, upload, asked, first, last):
    response = alice.client.get(upload(), HTTP_RANGE=asked)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(TEXT)}"
    assert response.getvalue() == TEXT[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=570000-", "bytes=-0", "bytes=999999999-"])
def test_a_range_beyond_the_end_is_refused(alice, upload, asked):
    response = alice.client.get(upload(), HTTP_RANGE=asked)
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(TEXT)}")


ENDLESS = pytest.param(f"bytes={'9' * 5_000}-", id="a number that is no number to Python")


@pytest.mark.parametrize(
    "asked", ["lines=1-2", "bytes=1-2,4-5", "bytes=9-2", "bytes=-", "x", ENDLESS]
)
def test_what_is_no_single_range_gets_all_of_it(alice, upload, asked):
    response = alice.client.get(upload(), HTTP_RANGE=asked)
    assert (response.status_code, response.getvalue()) == (200, TEXT)


def test_a_client_that_has_the_bytes_is_not_sent_them_again(alice, upload):
    url = upload()
    etag = alice.client.get(url)["ETag"]
    assert alice.client.get(url, HTTP_IF_NONE_MATCH=etag).status_code == 304
    assert alice.client.get(url, HTTP_IF_NONE_MATCH='"other"').status_code == 200
    half = alice.client.get(url, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE='"other"')
    assert half.status_code == 200


@pytest.mark.parametrize("more", ["", "/facts", "/thumbnail"])
def test_for_a_stranger_and_for_staff_it_does_not_exist(bob, carol, anybody, upload, more):
    url = upload(files.picture(), "a.png") + more
    unknown = "/attachments/att_" + "0" * 32 + more
    for person in (bob, carol):
        answers = [person.client.get(each) for each in (url, unknown, "/attachments/x" + more)]
        assert [each.status_code for each in answers] == [404] * 3
        assert all(each.json() == NO_ATTACHMENT for each in answers)
    response = anybody.get(url)
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_its_facts_can_be_read(alice, upload):
    facts = alice.client.get(upload() + "/facts").json()
    assert (facts["media_type"], facts["size"]) == ("text/plain", len(TEXT))
