"""The list: what it shows, its filters, its order, its pages, its search."""

from datetime import timedelta

import pytest

from accounts.models import Application
from sessions_app.domain import limits
from sessions_app.domain.applications import EndUser
from sessions_app.domain.data import Rating
from sessions_app.repository.review import conversations as repository
from sessions_app.services import erasure, feedback
from sessions_app.services.topics import segments
from tests.review.conftest import LIST, acts, now, text


@pytest.fixture
def titles(lea):
    """The titles on a page of the list, in its order."""

    def on(query=""):
        response = lea.client.get(f"{LIST}{query}")
        assert response.status_code == 200, response.content
        return [row.title for row in response.context["rows"]]

    return on


@pytest.fixture
def change(database):
    """Set fields of stored sessions, by title."""

    def set_fields(title, **fields):
        assert database.sessions.update_one({"title": title}, {"$set": fields}).matched_count

    return set_fields


def judged(current):
    return {"judged": 4, "current": current, "start_seq": 4, "recent": [[1, 1], [4, current]]}


@pytest.fixture
def five(alice, bob, talk, change, act):
    """Five conversations, a the newest."""
    ids = {name: talk(bob if name in "de" else alice, title=name) for name in "edcba"}
    change("b", message_count=1_500, token_count=20_000)
    change("c", message_count=0, token_count=0)
    change("d", expires_at=now() - timedelta(hours=1), topic=judged(3))
    change("e", expires_at=now() + timedelta(days=2), topic=judged(12))
    act("flag", ids["b"], text="x")
    act("hold", ids["c"])
    act("archive", ids["c"])
    change("c", updated_at=now() - timedelta(days=40))
    return ids


def test_it_shows_the_newest_activity_first(five, titles):
    assert titles() == ["a", "b", "d", "e", "c"]


def test_it_shows_the_facts_of_each_conversation(lea, five):
    shown = text(lea.client.get(LIST))
    for words in ("alice", "bob", "1,500", "20,000", "Flagged", "Legal hold", "Archived",
                  "Expired", "never", five["a"]):  # fmt: skip
        assert words in shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("flagged=yes", "b"),
        ("flagged=no", "adec"),
        ("status=archived", "c"),
        ("status=active", "abde"),
        ("hold=yes", "c"),
        ("hold=no", "abde"),
        ("expiry=expired", "d"),
        ("expiry=soon", "e"),
        ("expiry=later", "ba"),
        ("expiry=never", "c"),
        ("topics=one", "abc"),
        ("topics=several", "de"),
        ("topics=many", "e"),
        ("messages=0", "c"),
        ("messages=1", "ade"),
        ("messages=10", ""),
        ("messages=1000", "b"),
        ("tokens=0", "adec"),
        ("tokens=10000", "b"),
        ("flagged=yes&status=archived", ""),
        ("flagged=yes&messages=1000&tokens=10000&hold=no&status=active&expiry=later", "b"),
        ("q=alice", "abc"),
        ("q=ALI", "abc"),
        ("q=bob&topics=many", "e"),
        ("q=bob&expiry=expired", "d"),
        ("q=nobody", ""),
        ("status=nonsense&flagged=1&o=nonsense", "abdec"),
        ("o=activity", "cedba"),
        ("o=expiry", "deba"),
        ("o=-expiry", "abed"),
        ("expiry=soon&o=activity", "e"),
    ],
)
def test_filters_and_orders(five, titles, query, expected):
    shown = titles(f"?{query}")
    if query.startswith(("o=-exp", "o=exp", "expiry=later")):
        # a and b expire within the same moment or one after the other
        assert sorted(shown) == sorted(expected)
    else:
        assert "".join(shown) == expected


def test_a_session_is_found_by_its_id(five, titles):
    assert titles(f"?q={five['d']}") == ["d"]
    assert titles(f"?q={five['d']}&status=archived") == []


def test_a_user_is_found_by_id(five, bob, titles):
    assert titles(f"?q={bob.id}") == ["d", "e"]


def test_users_without_an_account_are_shown_by_their_id(lea, talk, titles):
    talk("auth0|5f7c8ec7c33c6c004bbafe82", title="from elsewhere")
    assert "auth0|5f7c8ec7c33c6c004bbafe82" in text(lea.client.get(LIST))
    assert titles("?q=auth0%7C5f7c8ec7c33c6c004bbafe82") == ["from elsewhere"]


def test_names_take_one_query_a_page(lea, five, django_assert_num_queries):
    lea.client.get(LIST)
    # The session, the user, permissions, names, what the sidebar asks; and, so that an idle session
    # ends, three that write when it was used.
    with django_assert_num_queries(8):
        lea.client.get(LIST)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("year=2001", []), ("year=2001&month=13", ["a"]), ("year=99999", ["a"]), ("month=5", ["a"])],
)
def test_impossible_dates_filter_nothing(alice, talk, titles, query, expected):
    talk(alice, title="a")
    assert titles(f"?{query}") == expected


def test_drilling_down_by_date(lea, alice, talk, change, titles):
    for title, days in (("a", 0), ("b", 1), ("c", 40), ("d", 400)):
        talk(alice, title=title)
        change(title, updated_at=now() - timedelta(days=days))
    today = now()
    year, month = f"?year={today:%Y}", f"&month={today:%m}"
    assert "a" in titles(f"{year}{month}&day={today:%d}")
    assert "d" not in titles(year)
    old = today - timedelta(days=400)
    assert titles(f"?year={old:%Y}&month={old:%m}&day={old:%d}") == ["d"]
    shown = text(lea.client.get(LIST))
    assert f"?year={old:%Y}" in shown
    assert "All dates" in text(lea.client.get(f"{LIST}{year}{month}"))


@pytest.mark.parametrize("query", ["", "o=activity", "o=expiry", "o=-expiry", "status=active",
                                   "q=alice", "expiry=later"])  # fmt: skip
def test_pages_show_each_once(alice, talk, lea, monkeypatch, database, query):
    monkeypatch.setattr(repository, "REVIEW_PAGE", 4)
    ids = [talk(alice, title=str(n)) for n in range(11)]
    # Several at the same moment, across the end of a page.
    same = now() + timedelta(days=9)
    database.sessions.update_many(
        {"_id": {"$in": ids[2:8]}}, {"$set": {"expires_at": same, "updated_at": now()}}
    )
    listed = walk(lea, f"{LIST}?{query}")
    assert sorted(listed) == sorted(ids)


@pytest.mark.parametrize(
    "query", ["messages=1000", "o=expiry&messages=1000", "q=alice&tokens=100000"]
)
def test_a_rare_kind_is_looked_for_in_portions(alice, talk, lea, monkeypatch, change, query):
    monkeypatch.setattr(repository, "REVIEW_LOOKED_THROUGH", 3)
    monkeypatch.setattr(repository, "REVIEW_READ_THROUGH", 3)
    ids = [talk(alice, title=str(n)) for n in range(11)]
    for title in ("0", "5"):
        change(title, message_count=2_000, token_count=200_000)
    first = lea.client.get(f"{LIST}?{query}")
    assert "Keep searching" in text(first)
    assert "Searched back to" in text(first)
    assert sorted(walk(lea, f"{LIST}?{query}")) == sorted([ids[0], ids[5]])


def walk(reader, address):
    """The ids on all pages of a list."""
    ids = []
    for _ in range(20):
        response = reader.client.get(address)
        ids += [row.reviewed.session.session_id for row in response.context["rows"]]
        if not response.context["next_page"]:
            return ids
        address = f"{LIST}{response.context['next_page']}"
    raise AssertionError("the pages do not end")


def test_pages_stay_where_they_are_under_writes(alice, talk, lea, monkeypatch, database):
    monkeypatch.setattr(repository, "REVIEW_PAGE", 3)
    ids = [talk(alice, title=str(n)) for n in range(7)]
    first = lea.client.get(LIST)
    seen = [row.reviewed.session.session_id for row in first.context["rows"]]
    talk(alice, title="new")
    database.sessions.update_one({"_id": seen[0]}, {"$set": {"updated_at": now()}})
    rest = walk(lea, f"{LIST}{first.context['next_page']}")
    assert seen + rest == ids[::-1]


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMV0", "WzEsIngiLDNd", "%00", "e30"])
def test_a_made_up_cursor_is_refused(lea, cursor, database):
    assert lea.client.get(f"{LIST}?cursor={cursor}").status_code == 400


def test_more_than_a_thousand_are_not_counted(alice, talk, lea, monkeypatch):
    monkeypatch.setattr(repository, "REVIEW_COUNTED", 5)
    monkeypatch.setattr("sessions_app.review.conversations.listing.REVIEW_COUNTED", 5)
    for n in range(7):
        talk(alice, title=str(n))
    assert "5+ conversations" in text(lea.client.get(LIST))


def test_words_are_found_in_messages_and_titles(alice, talk, lea, titles, log):
    by_message = talk(alice, "The otter swims.", title="first")
    by_title = talk(alice, "Nothing here.", title="otter facts")
    talk(alice, "Nothing there.", title="third")
    assert sorted(titles("?q=otter&by=text")) == ["first", "otter facts"]
    assert titles("?q=otter&by=text&status=archived") == []
    lines = log()
    assert acts(lines) == ["search", "search_hit", "search_hit", "search"]
    assert lines[0].about == {"text": "otter"}
    assert {line.session_id for line in lines[1:3]} == {by_message, by_title}


def test_snippets_are_for_those_who_have_opened_it(carol, alice, talk, opened, lea):
    which = talk(alice, "The otter swims to maria@example.org.", title="first")
    shown = text(carol.client.get(f"{LIST}?q=otter&by=text"))
    assert "otter swims" not in shown
    assert "found in message 1" in shown
    opened(carol, which)
    shown = text(carol.client.get(f"{LIST}?q=otter&by=text"))
    assert "otter swims" in shown
    assert "maria@example.org" not in shown
    assert "otter swims" not in text(lea.client.get(f"{LIST}?q=otter&by=text"))


def test_every_look_at_the_list_is_logged(lea, five, bob, log):
    for query in ("", "?status=active&o=activity", f"?q={bob.id}", f"?q={five['a']}"):
        lea.client.get(f"{LIST}{query}")
    lines = [line for line in log() if line.act.value == "list"][-4:]
    assert [line.about for line in lines] == [{}, {"status": "active", "o": "activity"}, {}, {}]
    assert lines[2].user_id == bob.id
    assert lines[3].session_id == five["a"]


def test_an_empty_service_has_an_empty_list(lea, database):
    assert "There are no conversations yet." in text(lea.client.get(LIST))
    assert "No conversation matches." in text(lea.client.get(f"{LIST}?flagged=yes"))


def test_topics_are_counted_as_they_are_judged(lea, alice, talk):
    which = talk(alice)
    segments.topic_list(session_id=which, user_id=alice.id, now=now())
    (row,) = lea.client.get(LIST).context["rows"]
    assert row.reviewed.topics >= 1


def test_the_page_is_as_long_as_it_says():
    assert repository.REVIEW_PAGE == limits.REVIEW_PAGE == 50


@pytest.fixture
def rated(alice, talk):
    """`up` and `down` have a reply that was rated so, `both` one of each; `none` has none."""
    for title, ratings in (("none", ""), ("up", "u"), ("down", "d"), ("both", "ud")):
        session_id = talk(alice, title=title)
        for seq, rating in zip((2, 4), ratings, strict=False):
            feedback.feedback_give(
                session_id=session_id,
                user_id=alice.id,
                seq=seq,
                rating=Rating.UP if rating == "u" else Rating.DOWN,
                comment="Too short.",
                now=now(),
            )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("feedback=down", ["both", "down"]),
        ("feedback=up", ["both", "up"]),
        ("feedback=down&status=archived", []),
        ("feedback=bogus", ["both", "down", "up", "none"]),
    ],
)
def test_feedback_filters_it_the_latest_rating_first(rated, titles, query, expected):
    assert titles(f"?{query}") == expected


def test_it_shows_how_replies_were_rated(lea, rated):
    shown = text(lea.client.get(f"{LIST}?feedback=down"))
    assert shown.count("1 thumb down") == 2
    assert shown.count("1 thumb up") == 1


def test_a_rating_that_is_taken_back_or_erased_counts_no_more(alice, rated, titles, database):
    ids = {each["title"]: each["_id"] for each in database.sessions.find({})}
    whose = {"user_id": alice.id, "now": now()}
    feedback.feedback_take_back(session_id=ids["down"], seq=2, **whose)
    erasure.message_delete(session_id=ids["both"], seq=4, **whose)
    assert titles("?feedback=down") == []
    assert titles("?feedback=up") == ["both", "up"]


def test_an_applications_user_is_shown_with_the_application_and_found(lea, talk, titles):
    shop, bank = (Application.objects.create(name=name) for name in ("shop", "bank"))
    for application, title in ((shop, "from the shop"), (bank, "from the bank")):
        talk(EndUser(str(application.pk), "customer/42").owner_id, title=title)
    shown = text(lea.client.get(LIST))
    assert "shop: customer/42" in shown
    assert "bank: customer/42" in shown
    assert sorted(titles("?q=customer/42")) == ["from the bank", "from the shop"]
    assert titles(f"?q=app:{shop.pk}/customer/42") == ["from the shop"]
    assert titles("?q=customer") == []
