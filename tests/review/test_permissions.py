"""Who may open which page and carry out which action."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from sessions_app.domain.review.data import Act
from sessions_app.review.permissions import NEEDED
from tests.review.conftest import ACTIONS, AUDIT, LIST, acts, text

REVIEWER = {"flag", "note", "resolve", "archive", "restore"}


def pages(session_id):
    one = f"{LIST}{session_id}/"
    return [LIST, one, f"{one}history/", f"{one}unmask/", AUDIT]


def test_a_stranger_is_sent_to_sign_in(session_id):
    for address in pages(session_id):
        response = Client().get(address)
        assert response.status_code == 302
        assert response.url.startswith("/admin/login/")


def test_a_user_who_is_no_staff_is_sent_to_sign_in(bob, session_id, log):
    for address in pages(session_id):
        assert bob.client.get(address).status_code == 302
    assert bob.client.post(ACTIONS, {"action": "flag", "selected": session_id}).status_code == 302
    assert log() == []


def test_staff_without_permission_are_refused(stan, session_id, log):
    for address in pages(session_id):
        response = stan.client.get(address)
        assert response.status_code == 403
        assert b"no permission" in response.content
        assert b"Lisbon" not in response.content
    assert stan.client.post(f"{LIST}{session_id}/", {"reason": "legal"}).status_code == 403
    assert log() == []


def test_a_reviewer_reads_but_neither_unmasks_nor_audits(carol, session_id):
    statuses = [carol.client.get(address).status_code for address in pages(session_id)]
    assert statuses == [200, 200, 200, 403, 403]
    assert carol.client.post(f"{AUDIT}export/", {"form": "csv"}).status_code == 403


def test_a_lead_opens_every_page(lea, session_id):
    assert [lea.client.get(address).status_code for address in pages(session_id)] == [200] * 5


@pytest.mark.parametrize("action", sorted(act.value for act in NEEDED))
def test_a_reviewer_carries_out_what_reviewers_may(carol, session_id, act, action, log):
    response = act(action, session_id, who=carol, text="Because", reason="legal", form="json")
    assert response.status_code == (200 if action in REVIEWER else 403)
    assert (action in acts(log(session_id=session_id))) == (action in REVIEWER)


@pytest.mark.parametrize("action", sorted(act.value for act in NEEDED))
def test_a_lead_carries_out_all(session_id, act, action, log):
    if action == "release":
        act("hold", session_id)
    response = act(action, session_id, text="Because", reason="legal", form="json")
    assert response.status_code == 200
    assert action in acts(log(session_id=session_id))


def test_somebody_with_one_permission_has_that_one_only(person, session_id, act):
    user = person("tom", is_staff=True)
    codes = ["view_conversation", "hold_conversation"]
    user.user.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    assert act("hold", session_id, who=user).status_code == 200
    assert act("delete", session_id, who=user).status_code == 403
    assert act("flag", session_id, who=user, text="x").status_code == 403


def test_the_list_offers_only_what_one_may(carol, lea, session_id):
    offered = text(carol.client.get(LIST))
    assert 'value="archive"' in offered
    assert 'value="delete"' not in offered
    assert 'value="delete"' in text(lea.client.get(LIST))


def test_actions_want_a_csrf_token(lea, session_id, log):
    client = Client(enforce_csrf_checks=True)
    client.force_login(lea.user)
    body = {"action": "delete", "selected": session_id, "confirmed": "yes"}
    assert client.post(ACTIONS, body).status_code == 403
    assert client.post(f"{LIST}{session_id}/", {"reason": "legal"}).status_code == 403
    assert client.post(f"{AUDIT}export/", {"form": "csv"}).status_code == 403
    assert log() == []


def test_nothing_changes_by_a_link(lea, session_id):
    assert lea.client.get(ACTIONS).status_code == 405
    assert lea.client.get(f"{AUDIT}export/").status_code == 405


def test_the_groups_are_made_once_and_then_left_alone(db):
    names = {"Reviewer", "Lead reviewer"}
    assert set(Group.objects.values_list("name", flat=True)) == names
    reviewer = Group.objects.get(name="Reviewer")
    codes = set(reviewer.permissions.values_list("codename", flat=True))
    assert codes == {"view_conversation", "review_conversation"}
    assert Group.objects.get(name="Lead reviewer").permissions.count() == 7
    reviewer.permissions.clear()
    call_command("migrate", verbosity=0)
    assert reviewer.permissions.count() == 0
    assert Group.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_groups_are_there_after_a_flush():
    Group.objects.all().delete()
    call_command("flush", interactive=False, verbosity=0)
    assert Group.objects.get(name="Lead reviewer").permissions.count() == 7


def test_the_read_log_can_be_given_to_nobody_to_change(db):
    codes = Permission.objects.filter(content_type__model="readlog")
    assert [code.codename for code in codes] == ["view_readlog"]


def test_the_admin_lists_conversations_for_those_who_may_see_them(carol, lea, stan, database):
    assert "Conversations" in text(carol.client.get("/admin/"))
    assert "Read log" not in text(carol.client.get("/admin/"))
    assert "Read log" in text(lea.client.get("/admin/"))
    assert "/admin/conversations/" not in text(stan.client.get("/admin/"))
    assert text(lea.client.get("/admin/review/")).count("/admin/conversations/") >= 2


def test_every_act_that_changes_something_needs_a_permission():
    from sessions_app.domain.review.data import CHANGES

    assert set(NEEDED) == CHANGES | {Act.EXPORT}
