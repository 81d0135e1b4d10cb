"""`GET /session/search`: finding one's own messages and titles."""

from urllib.parse import quote

import pytest

from sessions_app.domain.limits import SEARCH_MAX_CHARS
from tests.api.bodies import NO_TOKEN, UNAVAILABLE, invalid, path

NOTHING = {"results": [], "complete": True}


def search(person, q, **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    response = person.client.get(f"/session/search?q={quote(q)}{query}")
    assert response.status_code == 200, response.content
    return response.json()


def found(person, q, **more):
    """What stands in the results: the `seq`, or for a title the title."""
    results = search(person, q, **more)["results"]
    return [hit["title"] if hit["seq"] is None else hit["seq"] for hit in results]


def test_a_message_is_found_as_soon_as_it_is_stored(alice, session, append):
    message = append(session, "Which hotels in Lisbon take dogs?", role="user")
    assert search(alice, "lisbon") == {
        "results": [
            {
                "session_id": session["session_id"],
                "title": session["title"],
                "seq": 1,
                "role": "user",
                "snippet": "Which hotels in Lisbon take dogs?",
                "timestamp": message["timestamp"],
            }
        ],
        "complete": True,
    }


def test_so_is_the_next_one_after_a_search(alice, session, append):
    append(session, "one fish")
    assert found(alice, "fish") == [1]
    append(session, "two fish")
    assert found(alice, "fish") == [2, 1]


def test_a_title_is_found(alice, create):
    session = create(title="The garden table")
    assert search(alice, "garden")["results"] == [
        {
            "session_id": session["session_id"],
            "title": "The garden table",
            "seq": None,
            "role": None,
            "snippet": "The garden table",
            "timestamp": session["updated_at"],
        }
    ]


def test_a_changed_title_is_found_instead_of_the_old_one(alice, create):
    session = create(title="Garden")
    assert found(alice, "garden") == ["Garden"]
    alice.client.patch(path(session), {"title": "Balcony"})
    assert (found(alice, "garden"), found(alice, "balcony")) == ([], ["Balcony"])


def test_several_words_must_all_stand_in_one_message(alice, session, append):
    for content in ("the garden table", "the garden", "a table", "table in the garden"):
        append(session, content)
    assert found(alice, "table garden") == [4, 1]


def test_the_last_word_may_be_a_beginning(alice, session, append):
    append(session, "tables and chairs")
    append(session, "a tab")
    assert found(alice, "tab") == [2, 1]
    assert found(alice, "chairs tab") == [1]
    assert found(alice, "tab chairs") == []


def test_a_quoted_phrase_stands_as_it_is(alice, session, append):
    for content in ("take the dog out", "the big dog", "The\n  Dog", "the dogs", "I know C++ well"):
        append(session, content)
    assert found(alice, '"the dog"') == [3, 1]
    assert found(alice, '"the dog" out') == [1]
    assert found(alice, '"c++"') == [5]


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("ICH WOHNE IN DER GOETHESTRASSE", "goethestraße"),
        ("Crème brûlée", "creme brulee"),
        ("creme brulee", "Crème Brûlée"),
        ("e\u0301cole", "école"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "full"),
        ("私は東京でホテルを予約しました", "ホテル"),
        ("私は東京でホテルを予約しました", "京"),
        ("我想预订北京的酒店", "北京 酒店"),
        ("학교에 갑니다", "학교"),
        ("ฉันรักกรุงเทพ", "กรุงเทพ"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("Привет, Ёлка", "елка"),
        ("مَرْحَبًا بالعالم", "مرحبا"),
        ("Łódź i Kraków", "lodz krakow"),
        ("İstanbul", "istanbul"),
        ("an 🦉 in a tree", "🦉"),
        ("don't", "don't"),
        ("user_id=42", "user_id"),
    ],
)
def test_it_finds_words_of_any_language(alice, session, append, content, query):
    append(session, "something else")
    append(session, content)
    assert found(alice, query) == [2]


def test_whole_words_come_before_beginnings_and_then_the_newest(alice, session, append):
    for content in ("cat", "category", "a cat", "catalogue"):
        append(session, content)
    assert found(alice, "cat") == [3, 1, 4, 2]


def test_titles_come_first_and_leave_room_for_messages(alice, create, append):
    for number in range(5):
        append(create(title=f"Owl {number}"), "an owl")
    assert found(alice, "owl", limit=4) == ["Owl 4", "Owl 3", 1, 1]
    assert found(alice, "owl 1", limit=4) == ["Owl 1"]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_looks_through_long_sessions_and_through_many(alice, session, fill, create, append):
    fill(session, 300)
    append(session, "the needle")
    for number in range(30):
        append(create(), f"straw {number}")
    assert found(alice, "needle") == [301]
    assert found(alice, "message 299") == [299]
    assert len(found(alice, "straw", limit=100)) == 30
    assert len(found(alice, "message", limit=100)) == 100


def test_a_snippet_is_short_plain_text_around_the_hit(alice, session, append):
    append(session, "before " * 200 + "<b>the needle</b>\n\n" + "after " * 200)
    (hit,) = search(alice, "needle")["results"]
    assert "before <b>the needle</b> after" in hit["snippet"]
    assert hit["snippet"].startswith("…before")
    assert hit["snippet"].endswith("after…")
    assert len(hit["snippet"]) <= 200


def test_an_archived_session_is_looked_through(alice, session, append, archive):
    append(session, "a word")
    archive(session)
    assert found(alice, "word") == [1]


def test_an_expired_one_is_not(alice, session, append, expire):
    append(session, "a word")
    assert found(alice, "word") == [1]
    expire(session)
    assert found(alice, "word") == []


def test_an_erased_message_is_not_found_and_its_words_are_gone(alice, session, append, database):
    append(session, "a secret word")
    append(session, "a word")
    assert found(alice, "word") == [2, 1]
    assert alice.client.delete(path(session, "messages", 1)).status_code == 204
    assert database.search_documents.count_documents({"terms": "secret"}) == 0
    assert (found(alice, "secret"), found(alice, "word")) == ([], [2])
    assert database.search_documents.count_documents({"terms": "secret"}) == 0


def test_a_deleted_session_is_not_found_and_its_words_are_gone(alice, create, append, database):
    session = create(title="A secret")
    append(session, "a word")
    assert found(alice, "word") == [1]
    assert alice.client.delete(path(session)).status_code == 204
    assert search(alice, "secret word") == NOTHING
    assert database.search_documents.count_documents({}) == 0


def test_nobody_finds_what_is_somebody_elses(alice, bob, carol, session, append):
    append(session, "a word")
    assert found(alice, "word") == [1]
    assert (search(bob, "word"), search(carol, "word")) == (NOTHING, NOTHING)


def test_punctuation_alone_finds_nothing(alice, session, append):
    append(session, "what?")
    assert search(alice, "?") == NOTHING
    assert search(alice, '""') == NOTHING


@pytest.mark.parametrize("query", ["a.*", "$where", "=", "^a", "\\", "(", "a" * SEARCH_MAX_CHARS])
def test_a_query_is_text_and_nothing_else(alice, session, append, query):
    append(session, "abc")
    assert search(alice, query)["complete"] is True


def test_a_word_longer_than_a_query_is_found_by_its_beginning(alice, session, append):
    append(session, "x" * 500)
    append(session, "x" * 40 + "y")
    assert found(alice, "x" * 40) == [2, 1]
    assert found(alice, "x" * 100) == [1]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", invalid("q", "This field is required.", "required")),
        ("q=", invalid("q", "This field may not be blank.", "blank")),
        ("q=%20%09", invalid("q", "This field may not be blank.", "blank")),
        ("q=%E2%80%8B", invalid("q", "This field may not be blank.", "blank")),
        (
            f"q={'a' * (SEARCH_MAX_CHARS + 1)}",
            invalid("q", "Ensure this field has no more than 200 characters.", "max_length"),
        ),
        (
            "q=%00",
            invalid(
                "q",
                "Control characters and lone surrogates are not allowed.",
                "control_characters",
            ),
        ),
        (
            "q=a&limit=0",
            invalid("limit", "Ensure this value is greater than or equal to 1.", "min_value"),
        ),
        (
            "q=a&limit=101",
            invalid("limit", "Ensure this value is less than or equal to 100.", "max_value"),
        ),
        ("q=a&limit=x", invalid("limit", "A valid integer is required.", "invalid")),
    ],
)
def test_it_refuses_what_asks_for_nothing(alice, query, body):
    response = alice.client.get(f"/session/search?{query}")
    assert (response.status_code, response.json()) == (400, body)


def test_it_asks_for_a_token(anybody):
    response = anybody.get("/session/search?q=word")
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_it_says_when_storage_is_away(alice, without_mongodb):
    without_mongodb()
    response = alice.client.get("/session/search?q=word")
    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
