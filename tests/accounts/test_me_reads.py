"""`GET /auth/me/reads`: when staff have read a user's sessions, and why."""

from datetime import UTC, datetime

from sessions_app.domain.review import Act, Staff
from sessions_app.services import review
from tests.api.bodies import NO_TOKEN

NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
SESSION = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"


def staff_does(act: Act, user_id: str) -> None:
    why = review.why(reason="support", detail="asked by mail")
    about = [review.About(SESSION, user_id)]
    review.log_write(staff=Staff("1", "carol"), act=act, now=NOW, about=about, why=why)


def test_it_says_when_and_why_but_not_who(database, alice):
    staff_does(Act.OPEN, str(alice.user.pk))
    # What shows nobody's words is no read.
    staff_does(Act.ARCHIVE, str(alice.user.pk))
    response = alice.client.get("/auth/me/reads")

    assert response.status_code == 200
    [read] = response.json()["results"]
    assert read == {
        "at": "2026-11-01T09:30:00.000Z",
        "session_id": SESSION,
        "what": "open",
        "reason": "support",
    }


def test_nobody_sees_what_was_read_of_others(database, alice, bob):
    staff_does(Act.OPEN, str(alice.user.pk))

    assert bob.client.get("/auth/me/reads").json() == {"results": []}


def test_it_needs_a_token(client):
    response = client.get("/auth/me/reads")

    assert (response.status_code, response.json()) == (401, NO_TOKEN)
