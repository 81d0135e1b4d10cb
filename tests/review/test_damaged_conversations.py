"""Staff meet a damaged conversation: the list marks it, its own page says 500 and an id."""

import pytest

from tests.review.conftest import LIST, text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("context_policy", 7),
        ("context_policy.strategy", "telepathy"),
        ("message_count", "many"),
        ("title", 7),
        ("turn", 7),
        ("flagged_at", "then"),
        ("topic", 7),
    ],
)
def test_the_list_shows_it_among_the_others(lea, alice, talk, database, field, value):
    damaged, _ = talk(alice, title="Broken"), talk(alice, title="Whole")
    database.sessions.update_one({"_id": damaged}, {"$set": {field: value, "flagged": True}})
    for query in ("", "?flagged=1", f"?q={damaged}", "?o=5"):
        response = lea.client.get(f"{LIST}{query}")
        assert response.status_code == 200
        assert damaged in text(response)
    if field != "flagged_at":
        assert "Damaged" in text(response)


def test_its_page_says_500_and_the_request(lea, alice, talk, opened, database):
    damaged = talk(alice, title="Broken")
    opened(lea, damaged)
    database.sessions.update_one({"_id": damaged}, {"$set": {"context_policy": 7}})
    response = lea.client.get(f"{LIST}{damaged}/", HTTP_X_REQUEST_ID="trace-9")
    assert response.status_code == 500
    shown = response.content.decode()
    assert "is damaged and cannot be read" in shown
    assert "trace-9" in shown
