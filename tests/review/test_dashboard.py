"""The admin's first page: figures for those who may see conversations, whatever there is."""

import re

import pytest

from sessions_app.domain.errors import StorageUnavailable
from sessions_app.review.dashboard import page
from sessions_app.services.figures import dashboard
from tests.review import figures
from tests.review.conftest import now, text

INDEX = "/admin/"


def test_a_fresh_installation_shows_a_friendly_start(lea):
    shown = text(lea.client.get(INDEX))
    assert "Nothing has happened yet" in shown
    assert "panel" not in shown


def test_it_shows_every_chart(lea, session_id):
    figures.fill(now())
    shown = text(lea.client.get(INDEX))
    for key in (
        "sessions", "people", "messages", "tokens", "windows", "turns", "shifts", "expiring",
        "flagged", "storage",
    ):  # fmt: skip
        assert f'id="panel-{key}"' in shown
    assert shown.count('role="img"') == 9  # nothing is flagged
    assert "38.2k" in shown


def test_charts_without_figures_say_so(lea, session_id):
    shown = text(lea.client.get(INDEX))
    assert shown.count("Nothing yet.") >= 5
    assert 'id="panel-sessions"' in shown


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("", 30), ("1", 30), ("x", 30)])
def test_it_can_look_back_further(lea, session_id, asked, days):
    shown = lea.client.get(INDEX, {"days": asked})
    assert len(shown.context["dashboard"]["panels"][0].chart.columns) == days
    assert f"The last {days} days" in text(shown)


def test_it_leads_to_the_lists_it_counts(lea, session_id):
    shown = text(lea.client.get(INDEX))
    links = re.findall(r'href="(/admin/conversations/\?[^"]*)"', shown)
    assert {"flagged=yes", "expiry=soon", "topics=several"} <= {
        link.partition("?")[2] for link in links
    }
    for link in set(links):
        listed = lea.client.get(link)
        assert listed.status_code == 200
        assert listed.context["query"].parameters


def test_a_flag_shows_at_once(lea, session_id, database):
    lea.client.get(INDEX)
    database.sessions.update_one(
        {"_id": session_id}, {"$set": {"flagged": True, "flagged_at": now()}}
    )
    tiles = lea.client.get(INDEX).context["dashboard"]["tiles"]
    assert next(tile for tile in tiles if tile.label == "Flagged").value == "1"


def test_a_reviewer_sees_it(carol, session_id):
    assert "panel-sessions" in text(carol.client.get(INDEX))


def test_staff_without_the_permission_see_the_plain_page(stan, session_id):
    shown = text(stan.client.get(INDEX))
    assert "figures" not in shown
    assert "Overview" in shown


def test_others_are_asked_to_sign_in(alice, session_id):
    assert alice.client.get(INDEX).status_code == 302


def test_it_reads_no_conversation_and_writes_no_line(lea, session_id, log):
    shown = text(lea.client.get(INDEX))
    assert log() == []
    assert session_id not in shown
    assert "Lisbon" not in shown


def test_nothing_of_it_is_inline(lea, session_id):
    figures.fill(now())
    shown = text(lea.client.get(INDEX))
    assert "style=" not in shown
    assert "<style" not in shown
    assert re.findall(r"<script(?![^>]*src=)", shown) == []
    assert re.findall(r"\son[a-z]+=", shown) == []


def test_it_says_when_storage_is_away(lea, session_id, monkeypatch):
    def away(**_):
        raise StorageUnavailable

    monkeypatch.setattr(page, "dashboard_get", away)
    assert "The figures cannot be shown: Storage is unavailable" in text(lea.client.get(INDEX))


def test_old_figures_are_made_anew_where_no_worker_keeps_them(lea, session_id, database):
    text(lea.client.get(INDEX))
    old = now() - 2 * dashboard._STALE
    database.standing_figures.update_many({}, {"$set": {"at": old, "due_at": old}})
    shown = lea.client.get(INDEX).context["dashboard"]
    assert shown["at"] > old
