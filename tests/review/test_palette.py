"""The command palette: which links the words of a member of staff are answered with."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from tests.review.conftest import LIST, Person

pytestmark = pytest.mark.django_db
PALETTE = "/admin/palette/"


def links(person: Person, words: str) -> list[tuple[str, str, str]]:
    answer = person.client.get(PALETTE, {"q": words})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return [(one["kind"], one["label"], one["address"]) for one in answer.json()["results"]]


def test_without_words_it_lists_the_pages_that_one_may_open(carol: Person, stan: Person):
    assert links(carol, "") == [("Page", "Overview", "/admin/"), ("Page", "Conversations", LIST)]
    assert links(stan, "") == [("Page", "Overview", "/admin/")]


def test_a_users_name_leads_to_their_conversations_and_account(
    carol: Person, person: Any, alice: Person
):
    conversations = ("User", "Conversations of alice", f"{LIST}?q={alice.id}")
    assert conversations in links(carol, "ali")
    assert not any(address.endswith("/change/") for _, _, address in links(carol, "ali"))
    clerk = person("clerk", is_staff=True)
    clerk.user.user_permissions.add(Permission.objects.get(codename="view_user"))
    account = ("User", "alice", f"/admin/accounts/user/{alice.id}/change/")
    assert account in links(clerk, "ali")
    assert conversations not in links(clerk, "ali")


def test_a_sessions_id_leads_to_the_conversation_and_reads_nothing(
    carol: Person, session_id: str, log: Any
):
    assert ("Conversation", session_id, f"{LIST}{session_id}/") in links(carol, session_id)
    unknown = session_id[:-1] + ("0" if session_id[-1] != "0" else "1")
    assert all(kind != "Conversation" for kind, _, _ in links(carol, unknown))
    assert log() == []


def test_words_lead_to_a_search_that_is_made_when_it_is_chosen(carol: Person, log: Any):
    entries = links(carol, "hotels in Lisbon")
    assert ("Search", "Titles and messages with “hotels in Lisbon”",
            f"{LIST}?q=hotels+in+Lisbon&by=text") in entries  # fmt: skip
    assert log() == []


def test_who_may_see_nothing_is_led_nowhere(stan: Person, alice: Person, session_id: str):
    assert links(stan, "alice") == links(stan, session_id) == []


def test_it_is_for_staff_only(alice: Person):
    assert alice.client.get(PALETTE).status_code == 302
    assert alice.client.post(PALETTE).status_code in {302, 405}
