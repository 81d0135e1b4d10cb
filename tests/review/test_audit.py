"""The read log's page and its exports: who read what, when and why; nobody can take a line out."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.urls import get_resolver

from sessions_app.repository.review import read_log as reviews_log
from sessions_app.services.privacy import erasing as privacy
from sessions_app.services.privacy import personal_data
from sessions_app.services.review import read_log as review_log
from tests.review.conftest import AUDIT, LIST, acts, now, text


@pytest.fixture
def read(carol, lea, opened, session_id):
    """Carol and Lea read Alice's conversation."""
    carol.client.get(opened(carol))
    lea.client.get(opened(lea, reason="legal", detail="Request 3"))


def shown_lines(response):
    assert response.status_code == 200
    return [line for line, _ in response.context["lines"]]


def test_it_lists_the_newest_first(lea, read):
    lines = shown_lines(lea.client.get(AUDIT))
    assert acts(lines) == ["log_read", "read", "open", "read", "open"]
    shown = text(lea.client.get(AUDIT))
    for words in (
        "carol",
        "lea",
        "alice",
        "Somebody reported it",
        "Ticket 4711",
        "A legal request",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("staff=carol", ["read", "open"]),
        ("user=alice&act=open", ["open", "open"]),
        ("reason=legal", ["read", "open"]),
        ("reason=quality", []),
        ("staff=nobody", []),
        ("act=unmask", []),
        ("from=2001-01-01&to=2001-12-31", []),
        ("from=nonsense&staff=carol", ["read", "open"]),
    ],
)
def test_filters(lea, read, query, expected):
    assert acts(shown_lines(lea.client.get(f"{AUDIT}?{query}"))) == expected


def test_filters_by_day_and_conversation(lea, read, session_id):
    today = now().date().isoformat()
    lines = shown_lines(lea.client.get(f"{AUDIT}?session={session_id}&from={today}&to={today}"))
    assert acts(lines) == ["log_read", "read", "open", "read", "open"]


def test_it_comes_in_pages(lea, read, monkeypatch):
    monkeypatch.setattr(review_log, "REVIEW_PAGE", 2)
    first = lea.client.get(f"{AUDIT}?user=alice&act=open&staff=")
    assert first.context["older"] == ""
    page = lea.client.get(f"{AUDIT}?user=alice")
    seen = [line.id for line in shown_lines(page)]
    older = lea.client.get(f"{AUDIT}{page.context['older']}")
    seen += [line.id for line in shown_lines(older)]
    assert len(set(seen)) == 4
    assert seen == sorted(seen, reverse=True)
    newer = lea.client.get(f"{AUDIT}{older.context['newer']}")
    assert [line.id for line in shown_lines(newer)] == seen[:2]


def test_looking_at_the_log_is_logged(lea, alice, read, log):
    lea.client.get(f"{AUDIT}?user=alice&reason=legal")
    line = log()[-1]
    assert (line.act.value, line.user_id, line.about) == ("log_read", alice.id, {"reason": "legal"})


def test_an_export_as_json_lines(lea, read, session_id, log):
    response = lea.client.post(f"{AUDIT}export/", {"form": "jsonl", "staff": "carol"})
    records = [json.loads(line) for line in b"".join(response).splitlines()]
    assert [record["act"] for record in records] == ["read", "open"]
    assert records[0]["session_id"] == session_id
    assert records[1]["reason"] == "report"
    assert log()[-1].act.value == "log_export"


def test_an_export_as_csv_is_harmless_in_a_spreadsheet(lea, carol, opened):
    opened(carol, detail="=HYPERLINK(1)")
    response = lea.client.post(f"{AUDIT}export/", {"form": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    assert [row["act"] for row in rows] == ["log_export", "open"]
    assert rows[1]["detail"] == "'=HYPERLINK(1)"


def test_no_page_deletes_or_changes_a_line(lea, read, database):
    before = database.review_log.count_documents({})
    names = [name for name in get_resolver().reverse_dict if isinstance(name, str)]
    assert not any("readlog_delete" in name or "readlog_change" in name for name in names)
    for method in ("delete", "put", "patch", "post"):
        assert getattr(lea.client, method)(AUDIT).status_code == 405
    for path in ("review/readlog/", "review/readlog/1/delete/", "review/conversation/add/"):
        assert lea.client.get(f"/admin/{path}").status_code == 404
    assert database.review_log.count_documents({}) == before


def test_nothing_in_the_repository_deletes_a_line():
    from pathlib import Path

    source = Path(reviews_log.__file__).read_text()
    assert "delete" not in source.replace("deletes", "").replace("deleted", "")
    assert "replace_one" not in source


def test_a_person_is_told_of_every_read(carol, alice, opened, act, session_id, talk):
    carol.client.get(opened(carol))
    carol.client.get(f"{LIST}{session_id}/?window=2")
    act("export", session_id, reason="legal", form="json")
    act("flag", session_id, text="Not told")
    told = list(personal_data.staff_reads(alice.id))
    assert [record["what"] for record in told] == ["export", "window", "read", "open"]
    assert all(record["type"] == "staff_read" for record in told)
    assert {record["session_id"] for record in told} == {session_id}
    assert told[-1].keys() == {"type", "at", "session_id", "what", "reason"}
    assert list(personal_data.staff_reads("somebody else")) == []


def test_the_reads_are_in_the_export_of_ones_data(alice, carol, opened):
    carol.client.get(opened(carol))
    records = list(personal_data.export(user_id=alice.id, now=now(), account=iter(())))
    assert [record["type"] for record in records].count("staff_read") == 2


def test_reads_are_told_of_after_the_conversation_is_gone(alice, carol, opened, act, session_id):
    opened(carol)
    act("delete", session_id)
    assert [one["what"] for one in personal_data.staff_reads(alice.id)] == ["open"]


def test_an_erasure_leaves_who_when_and_why_without_the_person(alice, carol, opened, log, database):
    carol.client.get(opened(carol))
    privacy.erase_user(user_id=alice.id, now=now())
    lines = log()
    assert acts(lines) == ["open", "read"]
    for line in lines:
        assert (line.user_id, line.why.detail, line.about, line.erased) == ("", "", {}, True)
        assert (line.staff.name, line.why.reason) == ("carol", "report")
    assert not any(alice.id in str(one) for one in database.review_log.find())


def test_an_erasure_finds_filters_that_named_the_person(alice, lea, session_id, database):
    lea.client.get(f"{LIST}?q={alice.id}")
    lea.client.get(f"{AUDIT}?user={alice.id}")
    lea.client.get(f"{AUDIT}?user=alice")
    privacy.erase_user(user_id=alice.id, now=now())
    assert not any(alice.id in str(one) for one in database.review_log.find())


def test_staff_who_leave_stay_in_the_log_by_name(carol, opened, log, database):
    carol.client.get(opened(carol))
    privacy.erase_user(user_id=carol.id, now=now())
    lines = log()
    assert {line.staff.name for line in lines} == {"carol"}
    assert len({line.staff.id for line in lines}) == 1
    assert not any(carol.id in str(one) for one in database.review_log.find())


def test_erased_lines_are_shown_as_such(alice, lea, opened):
    opened(lea)
    privacy.erase_user(user_id=alice.id, now=now())
    assert "erased" in text(lea.client.get(AUDIT))


def test_lines_are_in_the_order_of_time(database):
    from sessions_app.domain.sessions.identifiers import uuid7_floor
    from sessions_app.services import identity

    at = now()
    assert uuid7_floor(at - timedelta(seconds=1)) < identity.new_line_id()
    assert identity.new_line_id() < uuid7_floor(at + timedelta(minutes=1))
